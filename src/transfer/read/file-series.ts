import { compareSeries, type SeriesKey } from '../../domain/series.js';
import { type MarketSymbol, readSymbol } from '../../domain/symbol.js';
import type { Timeframe } from '../../domain/timeframe.js';
import { type DuckDB, literal } from '../duckdb.js';
import type { BarSource } from './bar-source.js';
import { contradictions } from './contradictions.js';
import { fileError } from './file-problem.js';
import type { NamedSeries } from './named-series.js';
import { checkSpacing, measureSpacing, type Spacing, timeframeOf, untoldHint } from './spacing.js';
import { timeframeOfWord } from './timeframe-words.js';
import { checkTimes } from './unread-times.js';

/** A file with more names than any market has symbols has another column where its symbols should be. */
const MOST_SERIES = 20_000;
const SHOWN_SYMBOLS = 5;

/** A series as rows of the file name it. Other rows may name the same one in another way. */
interface Naming {
  /** As written; null where the file has no such column, or the row nothing in it. */
  readonly written: { readonly symbol: string | null; readonly timeframe: string | null };
  readonly series: number;
}

/** The series of a file, by symbol and timeframe; a row's `series` is a position among them. */
export interface SeriesOfFile {
  readonly keys: readonly SeriesKey[];
  readonly namings: readonly Naming[];
  /** Whether the timeframe was told by nothing but the spacing. */
  readonly guessed: boolean;
  /** Where the file, its name and the options say different things. */
  readonly notices: readonly string[];
  /** The series that a row names, in the words of the file. */
  find(symbol: string | undefined, timeframe: string | undefined): number | undefined;
}

/**
 * Settles which series the file has: symbols and timeframes by option, by the file's columns, by its name, and the timeframe at last by
 * how far apart the bars stand. Makes the view `placed`: `loaded` and `series`, NULL where the row names none.
 * @throws InvalidInputError SYMBOL_MISSING, SYMBOL_AMBIGUOUS, SYMBOL_MISMATCH, SERIES_TOO_MANY, TIMEFRAME_MISSING, TIMEFRAME_MISMATCH, and see
 *   `checkTimes`
 */
export async function settleSeries(db: DuckDB, source: BarSource, named: NamedSeries): Promise<SeriesOfFile> {
  const drafts = await draftSeries(db, source, named);
  await place(db, source, drafts.namings);
  const spacings = await measureSpacing(db, '(SELECT series, written AS moment FROM placed)');
  const told = drafts.series.map(({ timeframe }, index) => timeframe ?? timeframeOf(spacings.get(index)));
  if (told.includes(undefined)) await checkTimes(db, source);
  const timeframes = settleTimeframes(drafts.series, told, spacings);
  const keys = drafts.series.map(({ symbol }, index): SeriesKey => ({ symbol, timeframe: timeframes[index]! }));
  keys.forEach((key, index) => {
    checkSpacing(spacings.get(index), key.timeframe, keys.length > 1 ? key.symbol : undefined);
  });
  const positions = new Map(
    drafts.namings.map(({ written, series }) => [nameOf(written.symbol, written.timeframe), series]),
  );
  return {
    keys,
    namings: drafts.namings,
    notices: drafts.notices,
    guessed: drafts.series.some(({ timeframe }) => timeframe === undefined),
    find: (symbol, timeframe) =>
      positions.get(
        nameOf(
          source.columns.has('symbol') ? (symbol ?? null) : null,
          source.columns.has('timeframe') ? (timeframe ?? null) : null,
        ),
      ),
  };
}

function nameOf(symbol: string | null, timeframe: string | null): string {
  return JSON.stringify([symbol, timeframe]);
}

interface Draft {
  readonly symbol: MarketSymbol;
  readonly timeframe: Timeframe | undefined;
}

async function draftSeries(db: DuckDB, source: BarSource, named: NamedSeries) {
  const { columns } = source;
  const column = (name: 'symbol' | 'timeframe') => (columns.has(name) ? name : `CAST(NULL AS VARCHAR) AS ${name}`);
  const written =
    columns.has('symbol') || columns.has('timeframe')
      ? await db.rows<Naming['written'] & Record<string, string | null>>(
          `SELECT DISTINCT ${column('symbol')}, ${column('timeframe')} FROM loaded LIMIT ${MOST_SERIES + 1}`,
        )
      : [{ symbol: null, timeframe: null }];
  if (written.length > MOST_SERIES) {
    const rule = `the file names more than ${MOST_SERIES} series`;
    throw fileError({ code: 'SERIES_TOO_MANY', path: 'symbol', value: null, rule, hint: 'is that the right column?' });
  }
  const drafts = written.flatMap((words) => {
    const draft = draftOf(words, source, named);
    return draft ? [{ words, draft }] : [];
  });
  const symbols = [...new Set(drafts.map(({ draft }) => draft.symbol))];
  const timeframes = drafts.flatMap(({ draft }) => draft.timeframe ?? []);
  const notices = contradictions(source, named, symbols, columns.has('timeframe') ? timeframes : []);
  if (named.symbolOption !== undefined && columns.has('symbol')) {
    if (symbols.length > 1) throw ambiguous(symbols, named.symbolOption);
    for (const { draft } of drafts) draft.symbol = named.symbolOption;
  }
  const order = (a: Draft, b: Draft) => compareSeries(a as SeriesKey, b as SeriesKey);
  const same = (a: Draft, b: Draft) => a.symbol === b.symbol && a.timeframe === b.timeframe;
  const series = drafts
    .map(({ draft }): Draft => draft)
    .sort(order)
    .filter((draft, index, sorted) => index === 0 || !same(draft, sorted[index - 1]!));
  const positions = new Map(series.map((draft, index) => [nameOf(draft.symbol, draft.timeframe ?? null), index]));
  const namings = drafts.map(
    ({ words, draft }): Naming => ({
      written: { symbol: words.symbol, timeframe: words.timeframe },
      series: positions.get(nameOf(draft.symbol, draft.timeframe ?? null))!,
    }),
  );
  return { series, namings, notices };
}

/** Undefined where the row's words name no series: its rows are rejected. */
function draftOf(words: Naming['written'], { columns, told }: BarSource, named: NamedSeries) {
  let symbol = named.symbol;
  if (columns.has('symbol')) symbol = readSymbol(named.rules.apply(words.symbol ?? ''), 'symbol', () => {});
  else if (symbol === undefined) throw named.symbolMissing();
  let timeframe = named.timeframe;
  if (columns.has('timeframe')) {
    timeframe = timeframeOfWord(words.timeframe ?? '', told.timeframes);
    if (timeframe === undefined) return undefined;
    if (named.timeframeOption !== undefined && named.timeframeOption !== timeframe) {
      const rule = `the file itself says that its bars are of ${timeframe}`;
      const hint = 'leave --timeframe out';
      throw fileError({ code: 'TIMEFRAME_MISMATCH', path: 'timeframe', value: named.timeframeOption, rule, hint });
    }
  }
  return symbol && { symbol, timeframe };
}

function ambiguous(symbols: readonly string[], option: string) {
  const shown = symbols.slice(0, SHOWN_SYMBOLS).join(', ');
  const rule = `the file has ${symbols.length} symbols: ${shown}${symbols.length > SHOWN_SYMBOLS ? ', ...' : ''}`;
  const hint = 'leave --symbol out: each of them becomes a series';
  return fileError({ code: 'SYMBOL_AMBIGUOUS', path: 'symbol', value: option, rule, hint });
}

async function place(db: DuckDB, { columns }: BarSource, namings: readonly Naming[]): Promise<void> {
  const keys = (['symbol', 'timeframe'] as const).filter((column) => columns.has(column));
  if (keys.length === 0) {
    await db.run('CREATE VIEW placed AS SELECT *, 0 AS series FROM loaded');
    return;
  }
  await db.run('CREATE TABLE naming (symbol VARCHAR, timeframe VARCHAR, series INTEGER)');
  const rows = namings.map(
    ({ written, series }) => `(${[written.symbol, written.timeframe].map(sqlOf).join(', ')}, ${series})`,
  );
  for (let start = 0; start < rows.length; start += 1_000) {
    await db.run(`INSERT INTO naming VALUES ${rows.slice(start, start + 1_000).join(', ')}`);
  }
  const same = keys.map((key) => `loaded.${key} IS NOT DISTINCT FROM naming.${key}`).join(' AND ');
  await db.run(`CREATE VIEW placed AS SELECT loaded.*, naming.series FROM loaded LEFT JOIN naming ON ${same}`);
}

function sqlOf(text: string | null): string {
  return text === null ? 'NULL' : literal(text);
}

/** A series too short to tell its timeframe takes that of the others, where those agree. */
function settleTimeframes(
  series: readonly Draft[],
  told: readonly (Timeframe | undefined)[],
  spacings: ReadonlyMap<number, Spacing>,
): Timeframe[] {
  const known = new Set(told.filter((timeframe) => timeframe !== undefined));
  const common = known.size === 1 ? [...known][0] : undefined;
  return told.map((timeframe, index) => {
    const settled = timeframe ?? common;
    if (settled) return settled;
    const rule = 'neither --timeframe, the name of the file nor the spacing of the bars tells the timeframe';
    const hint = untoldHint(spacings.get(index), `${series[index]!.symbol}_1d.csv`);
    throw fileError({ code: 'TIMEFRAME_MISSING', path: 'timeframe', value: null, rule, hint });
  });
}
