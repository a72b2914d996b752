import type { Client } from '../../database/session.js';
import { statement } from '../../database/statement.js';
import type { EntityType } from '../../domain/audit-event.js';
import { NotFoundError } from '../../errors.js';
import { ENTITY_TABLES } from '../audit/entity-tables.js';
import { type LedgerRow, type LedgerTable, type Lock, selectByIds } from './ledger-table.js';

const WHOSE = Object.values(ENTITY_TABLES)
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

/** @throws NotFoundError where there is no such thing */
export async function requireEntity(client: Client, entityType: EntityType, id: string): Promise<void> {
  const owner = await ownerOf(client, id);
  if (owner !== ENTITY_TABLES[entityType])
    throw unknown(entityType, entityType.toLowerCase().replaceAll('_', ' '), id, owner);
}

/** The error for an id that is not there. */
export async function missing<Entity extends LedgerRow>(
  client: Client,
  { entityType, noun }: LedgerTable<Entity>,
  id: string,
): Promise<NotFoundError> {
  return unknown(entityType, noun, id, await ownerOf(client, id));
}

/** The table that has a row with this id. */
async function ownerOf(client: Client, id: string): Promise<string | undefined> {
  const { rows } = await client.query(statement(WHOSE, [id]));
  return rows[0]?.owner;
}

function unknown(entityType: EntityType, noun: string, id: string, owner: string | undefined): NotFoundError {
  const hint = owner ? `it is an id of ${owner}` : 'was it created, and is this the right database?';
  return new NotFoundError(`${entityType}_UNKNOWN`, `there is no ${noun} ${id}`, { hint });
}
