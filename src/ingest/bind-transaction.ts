import type { Client } from '../database/session.js';

/** Milliseconds. */
export interface Limits {
  readonly lock: number;
  readonly idle: number;
}

/** For statements that make the settings of {@link bindTransaction} on their way; $1 and $2 are its limits. */
export const BINDING = `SELECT count(set_config(name, wanted, true)) AS settings
  FROM (VALUES ('lock_timeout', '0', $1::text), ('idle_in_transaction_session_timeout', '0', $2::text), ('synchronous_commit', 'off', 'on'))
    AS setting (name, former, wanted) WHERE current_setting(name) = former`;

export function bindingValues({ lock, idle }: Limits): string[] {
  return [String(lock), String(idle)];
}

/**
 * Settings of a transaction that writes a batch, where nobody has set them otherwise, and the transaction's id.
 *
 * The server gives up what the client gives up: a session that a machine left behind when it lost its power would hold its series locked for hours. Who
 * waits for a lock is told so a little earlier, and keeps the connection. What is committed is told to callers, or removed from the spool: so it must be
 * on the server's disk, whatever the session is set to.
 */
export async function bindTransaction(client: Client, limits: Limits): Promise<string> {
  const { rows } = await client.query<{ id: string }>({
    name: 'ingest.bind',
    text: `SELECT pg_current_xact_id()::text AS id, (${BINDING})`,
    values: bindingValues(limits),
  });
  return rows[0]!.id;
}
