import { DatabaseError } from '../../errors.js';
import type { Client } from '../session.js';

/** The number of rows, and a sum of their hashes that is the same in any order. */
export interface Fingerprint {
  readonly rows: number;
  readonly checksum: string;
}

/** @param where SQL of the rows that count; without it, all do */
export async function fingerprint(client: Client, table: string, where = 'true'): Promise<Fingerprint> {
  const { rows } = await client.query<{ rows: string; checksum: string }>(
    `SELECT count(*) AS rows, coalesce(sum(hashtextextended(stored::text, 0)::numeric), 0)::text AS checksum
     FROM public.${table} stored WHERE ${where}`,
  );
  return { rows: Number(rows[0]!.rows), checksum: rows[0]!.checksum };
}

/** @throws DatabaseError STORAGE_MOVE_DIFFERS */
export function requireSame(table: string, before: Fingerprint, after: Fingerprint): void {
  if (before.rows === after.rows && before.checksum === after.checksum) return;
  throw new DatabaseError(
    'STORAGE_MOVE_DIFFERS',
    `${table} had ${before.rows} rows with checksum ${before.checksum} and would have ${after.rows} with ${after.checksum}: nothing was changed`,
    { hint: 'this is a fault: please report it with the versions that "wyckoff storage status" prints' },
  );
}
