import type { Cell } from '../../../repositories/time-series/column.js';
import { EntryBatch, type SeriesEntries } from '../../../repositories/time-series/entry-batch.js';
import { type GivenEntry, type SeriesName, seriesText } from '../../../repositories/time-series/table.js';
import { wholeInstants } from '../../../repositories/time-series/whole-instants.js';
import { DuckDB, literal } from '../../duckdb.js';
import type { TickPart } from './tick-file.js';
import { onlySeries, TICK_RULES, tableOf } from './tick-tables.js';

/** The rows of one series as the database keeps them, in the order of time; `row` is the line, 0 where the file has none. */
export interface SortedSeries {
  readonly series: SeriesName;
  readonly rows: number;
  readonly first: bigint;
  readonly last: bigint;
  /** Cut between instants. Can be read again from the start. */
  blocks(): AsyncIterable<GivenEntry[]>;
}

/**
 * The series of a part, their rows in the order of time, in bounded memory: a part that has one series in order is read as it stands, any other is
 * sorted by DuckDB, which spills to disk. Close it after use.
 */
export async function sortEntries(
  part: TickPart,
  signal?: AbortSignal,
): Promise<{ readonly series: readonly SortedSeries[]; close(): Promise<void> }> {
  const only = onlySeries(part);
  if (only) {
    const { rows, first, last } = part;
    const blocks = () => wholeInstants(bare(entriesOf(part, signal)));
    return { series: [{ series: only, rows, first, last, blocks }], close: async () => {} };
  }
  const db = await DuckDB.open();
  try {
    await db.run('CREATE TABLE entry (series VARCHAR, timestamp BIGINT, row BIGINT, line BIGINT, cells VARCHAR)');
    const names = new Map<string, SeriesName>();
    await db.append('entry', async (push) => {
      let row = 0n;
      for await (const { series, entries } of entriesOf(part, signal)) {
        const name = seriesText(series);
        names.set(name, series);
        for (const { timestamp, id, values, row: line } of entries) {
          push([name, timestamp, row, BigInt(line), encode([id, ...values])]);
          row += 1n;
        }
      }
    });
    const found = await db.rows<{ series: string; rows: bigint; first: bigint; last: bigint }>(
      'SELECT series, count(*) AS rows, min(timestamp) AS first, max(timestamp) AS last FROM entry GROUP BY series ORDER BY series',
    );
    const series = found.map(({ series: name, rows, first, last }) => ({
      ...{ series: names.get(name)!, rows: Number(rows), first, last },
      blocks: () => wholeInstants(bare(sorted(db, name, names.get(name)!, Number(rows), signal))),
    }));
    return { series, close: () => db.close() };
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** As the database would keep them, with their lines. */
async function* entriesOf(part: TickPart, signal: AbortSignal | undefined): AsyncGenerator<SeriesEntries, void> {
  const table = tableOf(part.kind);
  for await (const { rows, lines } of part.batches({ signal })) {
    // The rows of a file were checked when it was opened.
    for (const { series, entries } of new EntryBatch().read(table, rows, TICK_RULES).series.values()) {
      yield {
        series,
        entries: entries.map(({ timestamp, id, values, row }) => ({ timestamp, id, values, row: lines[row]! })),
      };
    }
  }
}

async function* sorted(db: DuckDB, name: string, series: SeriesName, count: number, signal: AbortSignal | undefined) {
  const query = `SELECT timestamp, line, cells FROM entry WHERE series = ${literal(name)} ORDER BY timestamp, row`;
  for await (const chunk of db.stream(query, count)) {
    signal?.throwIfAborted();
    const [timestamps, lines, cells] = [0, 1, 2].map((column) => chunk.getColumnVector(column));
    const { rowCount } = chunk; // asked of the engine each time
    const entries: GivenEntry[] = [];
    for (let row = 0; row < rowCount; row += 1) {
      const [id, ...values] = decode(cells!.getItem(row) as string);
      const timestamp = timestamps!.getItem(row) as bigint;
      entries.push({ timestamp, id: id!, values, row: Number(lines!.getItem(row) as bigint) });
    }
    yield { series, entries };
  }
}

async function* bare(parts: AsyncIterable<SeriesEntries>): AsyncGenerator<readonly GivenEntry[], void> {
  for await (const { entries } of parts) yield entries;
}

/** Whole numbers as [text], lists of them as [[texts]]; texts and nulls as they are. */
function encode(cells: readonly Cell[]): string {
  return JSON.stringify(
    cells.map((cell) => (typeof cell === 'bigint' ? [`${cell}`] : Array.isArray(cell) ? [cell.map(String)] : cell)),
  );
}

function decode(text: string): Cell[] {
  const cells = JSON.parse(text) as (string | null | [string | string[]])[];
  return cells.map((cell) => {
    if (cell === null || typeof cell === 'string') return cell;
    return Array.isArray(cell[0]) ? cell[0].map(BigInt) : BigInt(cell[0]);
  });
}
