import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { microseconds } from './read.js';
import { type AnyTable, inSeries, type SeriesName } from './table.js';

type Table = Pick<AnyTable, 'relation' | 'seriesColumns' | 'identity' | 'values'>;

/** Rows that one transaction inserted into a series, by which they are found again: nobody writes a row anew without giving it another `created_at`. */
export interface WrittenRows {
  readonly rows: number;
  /** Bounds of the rows, both included; microseconds since the epoch, as `knownFrom`, which is the `created_at` of them all. */
  readonly first: bigint;
  readonly last: bigint;
  readonly knownFrom: bigint;
  /** SHA-256 over their number and the sums of their hashes, so that their order does not matter. */
  readonly checksum: Buffer;
}

interface Found {
  readonly rows: number;
  readonly checksum: Buffer;
}

/** What the transaction under way has inserted between two instants of a locked series. */
export async function writtenNow(
  client: Client,
  table: Table,
  series: SeriesName,
  first: bigint,
  last: bigint,
): Promise<WrittenRows> {
  const [where, values] = inSeries(table, series);
  const next = values.length + 1;
  const { rows } = await client.query<Found & { at: string }>({
    text: `SELECT ${SUMS}, ${microseconds('now()')} AS at FROM (
             SELECT ${hashOf(table)} FROM ${table.relation}
             WHERE ${where} AND timestamp >= $${next} AND timestamp <= $${next + 1} AND created_at = now()) AS written`,
    values: [...values, instant(first), instant(last)],
  });
  const { at, ...found } = rows[0]!;
  return { ...found, first, last, knownFrom: BigInt(at) };
}

/**
 * Deletes such rows of a locked series, in the transaction under way. Answers how many of them were still there, and whether they were all that was
 * written, with the values that it had; where they were not, the caller rolls back.
 */
export async function deleteWritten(
  client: Client,
  table: Table,
  series: SeriesName,
  written: WrittenRows,
): Promise<{ readonly deleted: number; readonly untouched: boolean }> {
  const [where, values] = inSeries(table, series);
  const next = values.length + 1;
  const { rows } = await client.query<Found>({
    text: `WITH written AS (
             DELETE FROM ${table.relation}
             WHERE ${where} AND timestamp >= $${next} AND timestamp <= $${next + 1} AND created_at = $${next + 2} RETURNING ${hashOf(table)})
           SELECT ${SUMS} FROM written`,
    values: [...values, instant(written.first), instant(written.last), instant(written.knownFrom)],
  });
  const { rows: deleted, checksum } = rows[0]!;
  return { deleted, untouched: deleted === written.rows && checksum.equals(written.checksum) };
}

function hashOf({ identity, values }: Table): string {
  const names = [...(identity ? [identity.column] : []), ...values].map(({ name }) => name);
  return `md5(ROW(${[microseconds('timestamp'), ...names].join(', ')})::text) AS hash`;
}

const half = (from: number) => `sum(('x' || substr(hash, ${from}, 16))::bit(64)::bigint)`;
const SUMS = `count(*)::float8 AS rows, sha256(convert_to(concat_ws(' ', count(*), ${half(1)}, ${half(17)}), 'UTF8')) AS checksum`;
