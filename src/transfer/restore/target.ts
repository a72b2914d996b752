import type { Client } from '../../database/session.js';
import { ConflictError, DatabaseError, MigrationError } from '../../errors.js';
import { ENTITY_TABLES } from '../../repositories/audit/entity-tables.js';
import { LEDGER_KINDS } from '../export/kinds.js';
import { EXPORT_TABLES } from '../export/tables.js';

const RELATIONS = LEDGER_KINDS.map((kind) => EXPORT_TABLES[kind].relation);

/** Events of market data make no ledger. */
const LEDGER_ENTITIES = Object.entries(ENTITY_TABLES)
  .filter(([, table]) => RELATIONS.includes(table))
  .map(([entity]) => entity);

/**
 * Keeps everybody else from writing to the ledger until the transaction ends, and makes sure that it may be restored here. Answers the chains of
 * the audit trail that are there: an import of bars may have come first.
 * @throws DatabaseError RESTORE_NOT_OWNER; MigrationError RESTORE_NEWER; ConflictError RESTORE_NOT_EMPTY
 */
export async function takeEmptyLedger(client: Client, migrations: readonly string[]): Promise<string[]> {
  await requireOwner(client);
  await requireMigrations(client, migrations);
  await client.query(`LOCK TABLE ${RELATIONS.join(', ')} IN EXCLUSIVE MODE`);
  await requireEmpty(client);
  const { rows } = await client.query<{ id: string }>('SELECT correlation_id AS id FROM audit_chains');
  return rows.map(({ id }) => id);
}

async function requireOwner(client: Client): Promise<void> {
  const { rows } = await client.query<{ relation: string; user: string }>(
    `SELECT relname AS relation, current_user AS user FROM pg_class
     WHERE oid = ANY($1::regclass[]) AND NOT pg_has_role(relowner, 'USAGE') ORDER BY relname`,
    [RELATIONS],
  );
  const [foreign] = rows;
  if (!foreign) return;
  const message = `${foreign.user} does not own ${foreign.relation}: only the owner of the ledger restores it`;
  throw new DatabaseError('RESTORE_NOT_OWNER', message, {
    hint: 'connect as the owner, a member of wyckoff_owner where `wyckoff roles apply` was run',
    table: foreign.relation,
  });
}

async function requireMigrations(client: Client, migrations: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) AS of_export (name) WHERE name NOT IN (
       SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL) ORDER BY 1`,
    [migrations],
  );
  if (rows.length === 0) return;
  const names = rows.map(({ name }) => name).join(', ');
  throw new MigrationError('RESTORE_NEWER', `the export is of a database that had ${names}, which this one has not`, {
    hint: 'install the version of wyckoff-store that wrote the export, and run `wyckoff migrate`',
  });
}

async function requireEmpty(client: Client): Promise<void> {
  const tables = RELATIONS.filter((relation) => !relation.startsWith('audit_'));
  const { rows } = await client.query<{ relation: string }>(
    [
      ...tables.map((table) => `SELECT '${table}' AS relation WHERE EXISTS (SELECT FROM ${table})`),
      "SELECT 'audit_trail' WHERE EXISTS (SELECT FROM audit_trail WHERE entity_type = ANY($1))",
    ].join(' UNION ALL '),
    [LEDGER_ENTITIES],
  );
  if (rows.length === 0) return;
  const names = rows.map(({ relation }) => relation).join(', ');
  throw new ConflictError('RESTORE_NOT_EMPTY', `the ledger is not empty: there are rows in ${names}`, {
    hint: 'restore into a database whose ledger was never used; an audit trail cannot be emptied',
  });
}

/**
 * Events of market data may be there already, but not those of the export: this is then the database that it came from.
 * Takes the chains that are there, and the lines of audit-chains.
 * @throws ConflictError RESTORE_NOT_EMPTY
 */
export async function requireOtherChains(there: readonly string[], lines: AsyncIterable<Buffer>): Promise<void> {
  if (there.length === 0) return;
  const chains = new Set(there);
  for await (const line of lines) {
    const [, id = ''] = /"correlation_id":"([0-9a-f-]{36})"/.exec(line.toString('utf8')) ?? [];
    if (!chains.has(id)) continue;
    throw new ConflictError('RESTORE_NOT_EMPTY', `the audit trail has events of this very export: chain ${id}`, {
      hint: 'is this the database that was exported? Restore into another one',
    });
  }
}
