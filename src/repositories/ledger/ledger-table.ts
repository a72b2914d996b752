import type { QueryResultRow } from 'pg';
import type { Client } from '../../database/session.js';
import { statement } from '../../database/statement.js';
import type { EntityType } from '../../domain/audit-event.js';
import { type Json, type JsonObject, toJson } from '../../domain/json.js';
import type { Columns, RowOf } from './column.js';
import type { PagedTable } from './page.js';

/** What the rows of every table of the ledger have. */
export interface LedgerRow {
  readonly id: string;
  readonly createdAt: Date;
}

/** A table of the ledger: its columns, and how a row of it becomes what the repository answers. */
export interface LedgerTable<Entity extends LedgerRow> {
  readonly name: string;
  readonly entityType: EntityType;
  /** What one of its rows is called in a message. */
  readonly noun: string;
  readonly columns: Columns;
  /** The column that orders its pages: what happened when. */
  readonly time: string;
  /** Of a stored row, its columns read. @throws StoredValueError */
  readonly decode: (row: Readonly<Record<string, unknown>>) => Entity;
  /** Of a draft with the instants that the store sets. */
  readonly derive: (row: Readonly<Record<string, unknown>>) => Entity;
}

/** Describes a table. `decode` is for rows whose JSON has to be read, `derive` for entities that have more than their columns. */
export function ledgerTable<Entity extends LedgerRow, C extends Columns>(
  description: Pick<LedgerTable<Entity>, 'name' | 'entityType' | 'noun' | 'time'> & {
    readonly columns: C;
    readonly decode: (row: RowOf<C>) => Entity;
    readonly derive?: (row: RowOf<C>) => Entity;
  },
): LedgerTable<Entity> {
  const { decode, derive } = description;
  return {
    ...description,
    decode: (row) => decode(row as RowOf<C>),
    derive: (row) => (derive ? derive(row as RowOf<C>) : (row as unknown as Entity)),
  };
}

/** The columns as a SELECT names them. */
export function selection(table: { readonly columns: Columns }): string {
  return Object.values(table.columns)
    .map((column) => column.select ?? column.name)
    .join(', ');
}

export function readRow<Entity extends LedgerRow>(table: LedgerTable<Entity>, row: QueryResultRow): Entity {
  const entries = Object.entries(table.columns).map(([field, column]) => [field, column.read(row[column.name])]);
  return table.decode(Object.fromEntries(entries));
}

/** The table as it is read by pages. */
export function paged<Entity extends LedgerRow>(table: LedgerTable<Entity>): PagedTable<Entity> {
  const { name, time } = table;
  const order = [
    { name: time, type: 'timestamptz' },
    { name: 'id', type: 'uuid' },
  ] as const;
  return { name, order, selection: selection(table), read: (row) => readRow(table, row) };
}

/** The document, by column name, of those columns that `values` has: what is sent to the server, and what the audit trail keeps. */
export function rowDocument(table: { readonly columns: Columns }, values: object): JsonObject {
  const document: Record<string, Json> = {};
  for (const field in table.columns) {
    if (!(field in values)) continue;
    const { name, write } = table.columns[field]!;
    const value = (values as Readonly<Record<string, unknown>>)[field];
    document[name] = write ? write(value) : toJson(value);
  }
  return document;
}

/** `update` and `share` lock the rows until the transaction ends: `share` only keeps others from changing them. */
export type Lock = 'none' | 'share' | 'update';

const LOCKS: Readonly<Record<Lock, string>> = { none: '', share: ' FOR SHARE', update: ' FOR NO KEY UPDATE' };

/** The rows with these ids, by id. */
export async function selectByIds<Entity extends LedgerRow>(
  client: Client,
  table: LedgerTable<Entity>,
  ids: readonly string[],
  lock: Lock = 'none',
): Promise<Map<string, Entity>> {
  if (ids.length === 0) return new Map();
  // In the order of their ids: two transactions that lock the same rows queue instead of deadlocking.
  const text = `SELECT ${selection(table)} FROM ${table.name} WHERE id = ANY($1::uuid[]) ORDER BY id${LOCKS[lock]}`;
  const { rows } = await client.query(statement(text, [[...new Set(ids)]]));
  return new Map(rows.map((row) => [row.id as string, readRow(table, row)]));
}
