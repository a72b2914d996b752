import type { Client } from '../database/session.js';

/**
 * Settings of a transaction that writes a batch, where nobody has set them otherwise.
 *
 * The server gives up what the client gives up after `longest` milliseconds: a session that a machine left behind when it lost its power would hold its
 * series locked for hours. Who waits for a lock is told so a little earlier, and keeps the connection. What is committed is told to callers, and is removed
 * from the spool: so it must be on the server's disk, whatever the session is set to.
 */
export async function bindTransaction(client: Client, longest: number): Promise<void> {
  await client.query({
    name: 'ingest.bind',
    text: `SELECT set_config(name, wanted, true)
           FROM (VALUES ('lock_timeout', '0', $1::text), ('idle_in_transaction_session_timeout', '0', $2::text), ('synchronous_commit', 'off', 'on'))
             AS setting (name, former, wanted) WHERE current_setting(name) = former`,
    values: [String(Math.round(longest * 0.6)), String(longest)],
  });
}
