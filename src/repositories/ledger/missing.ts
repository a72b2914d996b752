import type { Client } from '../../database/session.js';
import { statement } from '../../database/statement.js';
import { NotFoundError } from '../../errors.js';
import { type LedgerRow, type LedgerTable, type Lock, selectByIds } from './ledger-table.js';

const WHOSE = ['trading_ranges', 'patterns', 'signals', 'campaigns', 'backtest_results']
  .map((table) => `SELECT '${table}' AS owner FROM ${table} WHERE id = $1`)
  .join(' UNION ALL ');

/** The row with this id. @throws NotFoundError, with a hint where the id is another entity's */
export async function requireById<Entity extends LedgerRow>(
  client: Client,
  table: LedgerTable<Entity>,
  id: string,
  lock: Lock = 'none',
): Promise<Entity> {
  const found = (await selectByIds(client, table, [id], lock)).get(id);
  if (found) return found;
  throw await missing(client, table, id);
}

/** The error for an id that is not there. */
export async function missing<Entity extends LedgerRow>(
  client: Client,
  table: LedgerTable<Entity>,
  id: string,
): Promise<NotFoundError> {
  const { rows } = await client.query(statement(WHOSE, [id]));
  const hint = rows[0] ? `it is an id of ${rows[0].owner}` : 'was it created, and is this the right database?';
  return new NotFoundError(`${table.entityType}_UNKNOWN`, `there is no ${table.noun} ${id}`, { hint });
}
