import type { Client, Session } from '../database/session.js';
import { BINDING, bindingValues, type Limits } from './bind-transaction.js';
import { LANES } from './lanes.js';

/** Makes a spool known to the database it belongs to, at position 0 in every lane. */
export async function registerSpool(session: Session, spoolId: string): Promise<void> {
  await session.withClient((client) =>
    client.query({
      text: 'INSERT INTO ingest_positions (spool_id, lane) SELECT $1, generate_series(0, $2)',
      values: [spoolId, LANES - 1],
    }),
  );
}

export async function forgetSpool(session: Session, spoolId: string): Promise<void> {
  await session.withClient((client) =>
    client.query({ text: 'DELETE FROM ingest_positions WHERE spool_id = $1', values: [spoolId] }),
  );
}

/** The position of each lane; undefined where the database has never heard of the spool. */
export async function readPositions(session: Session, spoolId: string): Promise<number[] | undefined> {
  const { rows } = await session.withClient((client) =>
    client.query<{ position: string }>({
      text: 'SELECT position FROM ingest_positions WHERE spool_id = $1 ORDER BY lane',
      values: [spoolId],
    }),
  );
  return rows.length === 0 ? undefined : rows.map(({ position }) => Number(position));
}

/**
 * Moves a lane on, where it is `from`, as a part of the transaction that writes the rows. Another transaction that does so at the same time, one
 * whose process died or whose answer was lost, is waited for. Answers where the lane is otherwise: undefined, it moved. Binds the transaction on its way,
 * as {@link bindTransaction}: round trips are what a batch takes longest for where the network, or the server, is slow.
 */
export async function movePosition(
  client: Client,
  spoolId: string,
  lane: number,
  from: number,
  to: number,
  limits: Limits,
): Promise<number | undefined> {
  const { rowCount } = await client.query({
    name: 'ingest.move',
    text: `WITH binding AS MATERIALIZED (${BINDING})
           UPDATE ingest_positions SET position = $6, updated_at = clock_timestamp()
           FROM binding WHERE spool_id = $3 AND lane = $4 AND position = $5 AND settings >= 0`,
    values: [...bindingValues(limits), spoolId, lane, from, to],
  });
  if (rowCount === 1) return undefined;
  const { rows } = await client.query<{ position: string }>({
    text: 'SELECT position FROM ingest_positions WHERE spool_id = $1 AND lane = $2',
    values: [spoolId, lane],
  });
  return rows[0] === undefined ? -1 : Number(rows[0].position);
}

/** Sets a lane to where it is known to be, on a server that says less: it was brought back from a copy, or lost what it had committed. */
export async function restorePosition(
  session: Session,
  spoolId: string,
  lane: number,
  position: number,
): Promise<void> {
  await session.transaction((client) =>
    client.query({
      text: `INSERT INTO ingest_positions (spool_id, lane, position) VALUES ($1, $2, $3)
             ON CONFLICT (spool_id, lane) DO UPDATE SET position = greatest(ingest_positions.position, EXCLUDED.position)`,
      values: [spoolId, lane, position],
    }),
  );
}
