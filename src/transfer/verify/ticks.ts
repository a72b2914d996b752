import type { Client, Session } from '../../database/session.js';
import { inSnapshot } from '../../database/snapshot.js';
import { formatScaled } from '../../domain/decimal.js';
import type { Problem } from '../../errors.js';
import { findEntry } from '../../repositories/time-series/catalog.js';
import { type Cell, sameCells } from '../../repositories/time-series/column.js';
import { compareRows, type RowDifference } from '../../repositories/time-series/compare-rows.js';
import type { Entry, GivenEntry, SeriesName } from '../../repositories/time-series/table.js';
import { type SortedSeries, sortEntries } from '../read/ticks/sorted-entries.js';
import type { TickFile } from '../read/ticks/tick-file.js';
import type { TickKind } from '../read/ticks/tick-source.js';
import { type TickTable, tableOf } from '../read/ticks/tick-tables.js';

/**
 * What is not as the file says.
 *
 * - `rejected`: rows of the file that are wrong, so that nothing can be said of them
 * - `series-missing`: the database has no row of the series
 * - `missing`: a row of the file that is not in the database; of equal ones without an id, one for each that is too few
 * - `extra`: a row between the file's first and last that is not in the file; likewise
 * - `value`: a row that both have, by its id or, where a series has one row at an instant, by that, with different values
 */
export type TickDifferenceKind = 'rejected' | 'series-missing' | 'missing' | 'extra' | 'value';

/** One of them. Null where it has no such thing. */
export interface TickDifferenceExample {
  /** Of the file, from 1; null for a recording. */
  readonly line: number | null;
  /** Microseconds since the epoch. */
  readonly timestamp: bigint | null;
  readonly field: string | null;
  /** What the file has. Decimals are exact, as text. */
  readonly expected: string | null;
  /** What the database has. */
  readonly found: string | null;
}

export interface TickDifferences {
  readonly kind: TickDifferenceKind;
  readonly count: number;
  /** By field, of how many rows it differs. */
  readonly fields: Readonly<Record<string, number>>;
  /** The first ten. */
  readonly examples: readonly TickDifferenceExample[];
}

export interface TickSeriesVerification extends SeriesName {
  readonly kind: TickKind;
  /** That the file has. */
  readonly rows: number;
  /** Of the file, in microseconds since the epoch. */
  readonly first: bigint;
  readonly last: bigint;
  /** Stored rows from the file's first to its last. */
  readonly stored: number;
  readonly differences: readonly TickDifferences[];
}

/** What the comparison of one file showed. */
export interface TickFileVerification {
  readonly path: string;
  readonly kind: TickFile['kind'];
  /** No difference. */
  readonly passed: boolean;
  readonly rows: number;
  readonly rejected: number;
  readonly problems: readonly Problem[];
  readonly notices: readonly string[];
  readonly series: readonly TickSeriesVerification[];
  /** Those of the file as a whole. */
  readonly differences: readonly TickDifferences[];
  readonly seconds: number;
}

export interface TickVerifyOptions {
  /** `stop`: wrong rows of the file are a difference, since nothing can be said of them. `skip`: they are left out. */
  readonly onError?: 'stop' | 'skip' | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Rows of the file that were compared, and how many there are. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Compares a file of ticks that is open with the database: every row of it, and what the database has beside them, series by series, each in one
 * snapshot and in bounded memory. Equal rows count as often as they are there. Does not close the file, and changes nothing.
 *
 * @throws DatabaseError; the signal's reason when it is aborted
 */
export async function verifyTickFile(
  session: Session,
  file: TickFile,
  { onError = 'stop', signal, onProgress }: TickVerifyOptions,
): Promise<TickFileVerification> {
  const started = performance.now();
  const { path, kind, rows, rejected, problems, notices, parts } = file;
  const total = parts.reduce((sum, part) => sum + part.rows, 0);
  const tally = new Differences();
  const [first] = problems;
  if (rejected > 0 && (onError === 'stop' || total === 0)) {
    const example = () => ({ line: first?.line ?? null, field: first?.path || null, expected: first?.rule ?? null });
    tally.add('rejected', example, rejected);
  }
  const series: TickSeriesVerification[] = [];
  let before = 0;
  for (const part of parts) {
    const sorted = await sortEntries(part, signal);
    try {
      for (const one of sorted.series) {
        signal?.throwIfAborted();
        const onCompared = (done: number) => onProgress?.(before + done, total);
        series.push(await verifySeries(session, part.kind, one, onCompared, signal));
        before += one.rows;
      }
    } finally {
      await sorted.close();
    }
  }
  const differences = tally.result();
  return {
    ...{ path, kind, rows, rejected, problems, notices, series, differences },
    passed: differences.length === 0 && series.every((one) => one.differences.length === 0),
    seconds: (performance.now() - started) / 1000,
  };
}

function verifySeries(
  session: Session,
  kind: TickKind,
  one: SortedSeries,
  onCompared: (rows: number) => void,
  signal: AbortSignal | undefined,
): Promise<TickSeriesVerification> {
  const table = tableOf(kind);
  return session.withClient((client) =>
    inSnapshot(client, ['time_series', table.relation], () => compare(client, kind, one, onCompared, signal)),
  );
}

async function compare(
  client: Client,
  kind: TickKind,
  one: SortedSeries,
  onCompared: (rows: number) => void,
  signal: AbortSignal | undefined,
): Promise<TickSeriesVerification> {
  const { series, rows, first, last } = one;
  const table = tableOf(kind);
  const tally = new Differences();
  const result = (stored: number) => {
    return { kind, ...series, rows, first, last, stored, differences: tally.result() };
  };
  const entry = await findEntry(client, table.relation, series);
  if (!entry || entry.first === null) {
    tally.add('series-missing', () => ({ expected: `${rows} ${table.subject}`, found: 'no such series' }), rows);
    return result(0);
  }
  let done = 0;
  async function* blocks() {
    for await (const block of one.blocks()) {
      yield block;
      done += block.length;
      onCompared(done);
    }
  }
  const differs = (difference: RowDifference<GivenEntry>) => addDifference(tally, table, difference);
  return result(await compareRows(client, table, { series, first, last }, blocks(), differs, signal));
}

function addDifference(tally: Differences, table: TickTable, difference: RowDifference<GivenEntry>): void {
  if (difference.kind === 'extra') {
    const { stored } = difference;
    tally.add('extra', () => ({ timestamp: stored.timestamp, found: describe(table, stored) }));
    return;
  }
  const { given } = difference;
  const place = { line: given.row || null, timestamp: given.timestamp };
  if (difference.kind === 'missing') {
    tally.add('missing', () => ({ ...place, expected: describe(table, given) }));
    return;
  }
  const { stored } = difference;
  const fields = table.values.filter((_, at) => !sameCells([given.values[at]!], [stored.values[at]!]));
  const at = table.values.indexOf(fields[0]!);
  const [expected, found] = [given.values[at]!, stored.values[at]!];
  tally.add(
    'value',
    () => ({ ...place, field: fields[0]!.name, expected: textOf(expected), found: textOf(found) }),
    1,
    fields.map(({ name }) => name),
  );
}

function describe({ identity, values }: TickTable, row: Entry): string {
  const cells = values.map(({ name }, at) => [name, row.values[at]!] as const).filter(([, cell]) => cell !== null);
  const id = identity && row.id !== null ? [`${identity.column.name} ${row.id}`] : [];
  return [...id, ...cells.map(([name, cell]) => `${name} ${textOf(cell)}`)].join(', ');
}

const LONGEST = 120;

function textOf(cell: Cell): string {
  if (cell === null) return 'null';
  if (typeof cell === 'string') return cell.slice(0, LONGEST);
  if (typeof cell === 'bigint') return formatScaled(cell, 8);
  const text = cell.map((value) => formatScaled(value, 8)).join(' ');
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}

const KEPT_EXAMPLES = 10;

/** Counts differences, and keeps the first ones as examples. */
class Differences {
  readonly #kinds = new Map<
    TickDifferenceKind,
    { count: number; readonly fields: Record<string, number>; readonly examples: TickDifferenceExample[] }
  >();

  /** `example` is called for those that are kept. */
  add(
    kind: TickDifferenceKind,
    example: () => Partial<TickDifferenceExample>,
    count = 1,
    fields: readonly string[] = [],
  ): void {
    const counted = this.#kinds.get(kind) ?? { count: 0, fields: {}, examples: [] };
    this.#kinds.set(kind, counted);
    counted.count += count;
    for (const field of fields) counted.fields[field] = (counted.fields[field] ?? 0) + 1;
    if (counted.examples.length < KEPT_EXAMPLES) counted.examples.push({ ...NOTHING, ...example() });
  }

  result(): TickDifferences[] {
    return [...this.#kinds].map(([kind, counted]) => ({ kind, ...counted }));
  }
}

const NOTHING: TickDifferenceExample = { line: null, timestamp: null, field: null, expected: null, found: null };
