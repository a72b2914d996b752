import type { Client } from '../../database/session.js';
import { statement } from '../../database/statement.js';
import type { JsonObject } from '../../domain/json.js';
import type { LedgerEvent } from './ledger-session.js';
import { type LedgerRow, type LedgerTable, rowDocument } from './ledger-table.js';

/** What tells of a change. */
export interface Change {
  readonly eventType: string;
  readonly action: string;
  /** More for the event's metadata than what changed in the row: an instant or a price of the market. */
  readonly remarks?: JsonObject;
}

/** Writes these fields of a row that is locked; answers it as it is then, and the event that tells what they were and are. */
export async function updateRow<Entity extends LedgerRow>(
  client: Client,
  table: LedgerTable<Entity>,
  before: Entity,
  fields: Partial<Entity>,
  change: Change,
): Promise<{ readonly entity: Entity; readonly event: LedgerEvent }> {
  const { entities, events } = await updateRows(client, table, [before], fields, change);
  return { entity: entities[0]!, event: events[0]! };
}

/** As {@link updateRow}, the same fields of many rows, in one statement. */
export async function updateRows<Entity extends LedgerRow>(
  client: Client,
  table: LedgerTable<Entity>,
  before: readonly Entity[],
  fields: Partial<Entity>,
  change: Change,
): Promise<{ readonly entities: Entity[]; readonly events: LedgerEvent[] }> {
  if (before.length === 0) return { entities: [], events: [] };
  const document = rowDocument(table, fields);
  const stamped = 'updatedAt' in table.columns;
  const assignments = Object.keys(document).map((column) => `${column} = new.${column}`);
  // Instants of the store are whole milliseconds, so that a Date holds them.
  if (stamped) assignments.push("updated_at = date_trunc('milliseconds', statement_timestamp())");
  const text = `
    UPDATE ${table.name} stored SET ${assignments.join(', ')} FROM json_populate_record(NULL::${table.name}, $2::json) new
    WHERE stored.id = ANY($1::uuid[]) RETURNING ${stamped ? 'stored.updated_at' : 'stored.id'}`;
  const { rows } = await client.query(statement(text, [before.map(({ id }) => id), JSON.stringify(document)]));
  const after = { ...fields, ...(stamped && { updatedAt: rows[0].updated_at as Date }) };
  const afterDocument = rowDocument(table, after);
  const events = before.map((row) => {
    const fieldsBefore = Object.fromEntries(Object.keys(after).map((field) => [field, row[field as keyof Entity]]));
    return {
      eventType: change.eventType,
      entityType: table.entityType,
      entityId: row.id,
      action: change.action,
      metadata: { before: rowDocument(table, fieldsBefore), after: afterDocument, ...change.remarks },
      follows: { entityType: table.entityType, entityId: row.id },
    };
  });
  return { entities: before.map((row) => ({ ...row, ...after })), events };
}
