import type { SeriesKey } from '../../domain/series.js';
import { type Problem, WyckoffError } from '../../errors.js';
import type { BarFile, BarFileOptions } from './bar-file.js';
import { importCommand } from './import-command.js';
import { likelyZone } from './likely-zone.js';
import { type FileOptions, openFile } from './open-file.js';
import { type Remedy, remedyOfError, remedyOfProblems, SYMBOL_PLACE, SYMBOL_UNKNOWN } from './remedies.js';
import type { TickPart } from './ticks/tick-file.js';

export interface InspectOptions extends FileOptions {
  /** Where `map` was read from, for the command. */
  readonly mapPath?: string;
}

export interface InspectedSeries extends Partial<SeriesKey> {
  /** `bars`, `trades`, `quotes`, ... */
  readonly kind: string;
  readonly symbol: SeriesKey['symbol'];
  readonly rows: number;
  readonly volumeScale?: number;
  readonly first: Date;
  readonly last: Date;
}

/** Why rows are rejected: each rule that is broken, with the first row that breaks it. */
export interface RejectionReason {
  readonly code: string;
  /** Among the first 1,000 problems of the file. */
  readonly problems: number;
  readonly first: Problem;
}

/** What was found in a file, without a database. */
export interface Inspection {
  readonly path: string;
  /** `bars`, or what ticks the file has; null where it cannot be used. */
  readonly kind: string | null;
  readonly layout: string | null;
  /** For each value of a row, the column that has it. */
  readonly mapping: Readonly<Record<string, string>>;
  readonly leftOut: readonly string[];
  readonly rows: number;
  readonly duplicates: number;
  /** Rows that are rejected with no more options than were given, and why. */
  readonly rejected: number;
  readonly reasons: readonly RejectionReason[];
  /** With the options of {@link command}: what comes in, and what is still rejected. */
  readonly series: readonly InspectedSeries[];
  readonly rounded: { readonly prices: number; readonly volumes: number };
  readonly stillRejected: number;
  readonly notices: readonly string[];
  /** Why the command has its options, as sentences. */
  readonly advice: readonly string[];
  /** To be run as it is, with a symbol in the place of `<SYMBOL>` where nothing tells it; null where no options help. */
  readonly command: string | null;
  readonly error: WyckoffError | null;
}

/** So many options there are to be found. */
const MOST_REMEDIES = 6;

/**
 * Reads a file as an import would, finds the options with which it comes in, and says both. Nothing is written anywhere.
 * @throws the signal's reason; whatever is no fault of the file
 */
export async function inspectFile(path: string, options: InspectOptions = {}): Promise<Inspection> {
  const { mapPath, ...given } = options;
  let settings: FileOptions = given;
  let advice: string[] = [];
  let first: View | undefined;
  for (let remedies = 0; ; remedies += 1) {
    let view: View | undefined;
    let remedy: Remedy | undefined;
    try {
      view = await look(path, settings);
      first ??= view;
      remedy = remedyOfProblems(view.problems, settings) ?? zoneRemedy(view, settings);
    } catch (error) {
      given.signal?.throwIfAborted();
      if (!(error instanceof WyckoffError)) throw error;
      remedy = remedyOfError(error, path, settings);
      if (!remedy) return refused(path, advice, error);
    }
    if (remedy && remedies < MOST_REMEDIES) {
      settings = { ...settings, ...remedy.options };
      const { replaces, advice: next } = remedy;
      advice = [...advice.filter((before) => before !== replaces), next];
      continue;
    }
    const unknown = given.symbol === undefined && settings.symbol === SYMBOL_UNKNOWN;
    const told = unknown ? { ...settings, symbol: SYMBOL_PLACE } : settings;
    return report(path, first ?? view!, view!, advice, (skip) => importCommand(path, told, skip, mapPath));
  }
}

type View = Pick<BarFile, 'layout' | 'rows' | 'rejected' | 'problems' | 'leftOut' | 'notices'> &
  Partial<Pick<BarFile, 'mapping' | 'duplicates' | 'rounded'>> & {
    readonly kind: string;
    readonly found: readonly InspectedSeries[];
    readonly zone: string | undefined;
  };

async function look(path: string, options: FileOptions): Promise<View> {
  const file = await openFile(path, options);
  try {
    if (file.kind !== 'bars') return { ...file, found: file.parts.flatMap(seriesOfPart), zone: undefined };
    const zoneless = file.notices.some((notice) => notice.startsWith('times without a zone'));
    return {
      ...file,
      found: file.series.map(({ blocks, bars: rows, ...series }) => ({ kind: 'bars', rows, ...series })),
      zone: zoneless && options.timezone === undefined ? await likelyZone(file.series) : undefined,
    };
  } finally {
    await file.close();
  }
}

/** How many rows each symbol has is not known where there are several. */
function seriesOfPart({ kind, symbols, rows, first, last }: TickPart): InspectedSeries[] {
  const [start, end] = [first, last].map((micros) => new Date(Number(micros / 1_000n))) as [Date, Date];
  return symbols.map((symbol) => ({ kind, symbol, rows, first: start, last: end }));
}

function zoneRemedy({ zone }: View, { timezone }: BarFileOptions): Remedy | undefined {
  if (zone === undefined || timezone !== undefined) return undefined;
  const advice = `--timezone: most days begin at 09:30, as in ${zone}, and the times have no zone; leave it out where they are UTC`;
  return { options: { timezone: zone }, advice };
}

function report(
  path: string,
  first: View,
  last: View,
  advice: readonly string[],
  command: (skip: boolean) => string,
): Inspection {
  const skip = last.rejected > 0;
  const useful = last.found.length > 0;
  return {
    path,
    kind: last.kind,
    layout: last.layout,
    mapping: last.mapping ?? {},
    leftOut: last.leftOut,
    rows: last.rows,
    duplicates: last.duplicates ?? 0,
    rejected: first.rejected,
    reasons: reasonsOf(first.problems),
    series: last.found,
    rounded: last.rounded ?? { prices: 0, volumes: 0 },
    stillRejected: last.rejected,
    notices: last.notices,
    advice: skip && useful ? [...advice, '--on-error skip: some rows are wrong; the others are imported'] : advice,
    command: useful ? command(skip) : null,
    error: null,
  };
}

function refused(path: string, advice: readonly string[], error: WyckoffError): Inspection {
  const nothing = {
    mapping: {},
    leftOut: [],
    rows: 0,
    duplicates: 0,
    rejected: 0,
    reasons: [],
    series: [],
    notices: [],
  };
  const rest = { rounded: { prices: 0, volumes: 0 }, stillRejected: 0, command: null };
  return { path, kind: null, layout: null, ...nothing, ...rest, advice, error };
}

function reasonsOf(problems: readonly Problem[]): RejectionReason[] {
  const reasons = new Map<string, RejectionReason>();
  for (const problem of problems) {
    const { problems: count, first } = reasons.get(problem.code) ?? { problems: 0, first: problem };
    reasons.set(problem.code, { code: problem.code, problems: count + 1, first });
  }
  return [...reasons.values()].sort((a, b) => b.problems - a.problems);
}
