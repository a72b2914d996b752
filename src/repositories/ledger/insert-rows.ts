import { isDeepStrictEqual } from 'node:util';
import type { Client } from '../../database/session.js';
import { statement } from '../../database/statement.js';
import type { EntityType } from '../../domain/audit-event.js';
import type { Json, JsonObject } from '../../domain/json.js';
import { ConflictError, describeProblem } from '../../errors.js';
import { partsOf } from '../parts.js';
import type { LedgerEvent } from './ledger-session.js';
import { type LedgerRow, type LedgerTable, rowDocument, selectByIds } from './ledger-table.js';

/** What tells of a row's creation. */
export interface Creation<Draft> {
  readonly eventType: string;
  readonly action: (draft: Draft) => string;
  /** What the row was made from, whose story its event goes on with. */
  readonly follows?: (draft: Draft) => LedgerEvent['follows'];
  /** More for the event's metadata than the row. */
  readonly remarks?: (draft: Draft) => JsonObject | undefined;
}

/**
 * Inserts rows, up to 20,000 in one statement, and answers them in their order together with the events that tell of the new ones. A row whose id is
 * there already, because a COMMIT's reply was lost, is recognised by what it was created with, and comes back as it is now.
 *
 * @throws ConflictError ID_CONFLICT where an id was created with other values
 */
export async function insertRows<Entity extends LedgerRow, Draft extends { readonly id: string }>(
  client: Client,
  table: LedgerTable<Entity>,
  drafts: readonly Draft[],
  creation: Creation<Draft>,
): Promise<{ readonly entities: Entity[]; readonly events: LedgerEvent[] }> {
  if (drafts.length === 0) return { entities: [], events: [] };
  const documents = drafts.map((draft) => rowDocument(table, draft));
  const stamps = 'updatedAt' in table.columns ? ['created_at', 'updated_at'] : ['created_at'];
  const columns = Object.keys(documents[0]!);
  // Instants of the store are whole milliseconds, so that a Date holds them.
  const text = `
    INSERT INTO ${table.name} (${[...columns, ...stamps].join(', ')})
    SELECT ${columns.map((column) => `new.${column}`).join(', ')}, ${stamps.map(() => "date_trunc('milliseconds', now())").join(', ')}
    FROM json_populate_recordset(NULL::${table.name}, $1::json) new
    ON CONFLICT (id) DO NOTHING RETURNING id, created_at`;
  const createdAt = new Map<string, Date>();
  for (const part of partsOf(documents)) {
    const { rows } = await client.query(statement(text, [JSON.stringify(part)]));
    for (const row of rows) createdAt.set(row.id, row.created_at);
  }
  const repeated = drafts.flatMap((draft, index) =>
    createdAt.has(draft.id) ? [] : [{ id: draft.id, document: documents[index]! }],
  );
  const known = await recognise(client, table, repeated, creation.eventType);
  const events: LedgerEvent[] = [];
  const entities = drafts.map((draft, index) => {
    const created = createdAt.get(draft.id);
    if (created === undefined) return known.get(draft.id)!;
    const times = 'updatedAt' in table.columns ? { createdAt: created, updatedAt: created } : { createdAt: created };
    events.push({
      eventType: creation.eventType,
      entityType: table.entityType,
      entityId: draft.id,
      action: creation.action(draft),
      metadata: { after: { ...documents[index]!, ...rowDocument(table, times) }, ...creation.remarks?.(draft) },
      follows: creation.follows?.(draft),
    });
    return table.derive({ ...draft, ...times });
  });
  return { entities, events };
}

/** The rows as they are now, if they were created with the values of these documents. */
async function recognise<Entity extends LedgerRow>(
  client: Client,
  table: LedgerTable<Entity>,
  repeated: readonly { readonly id: string; readonly document: JsonObject }[],
  eventType: string,
): Promise<Map<string, Entity>> {
  if (repeated.length === 0) return new Map();
  const ids = repeated.map(({ id }) => id);
  const [stored, created] = [
    await selectByIds(client, table, ids),
    await creations(client, table.entityType, ids, eventType),
  ];
  for (const { id, document } of repeated) {
    // A row that something else than the store wrote has no such event: then what it is now has to do.
    const before = created.get(id) ?? rowDocument(table, stored.get(id)!);
    const column = Object.keys(document).find((name) => !isDeepStrictEqual(before[name], document[name]));
    if (column === undefined) continue;
    const rule = `it was created with ${JSON.stringify(before[column])}`;
    const difference = describeProblem({ code: 'ID_CONFLICT', path: column, value: document[column], rule });
    throw new ConflictError('ID_CONFLICT', `${table.noun} ${id} exists with other values: ${difference}`, {
      hint: 'give what is new an id of its own',
    });
  }
  return stored;
}

async function creations(
  client: Client,
  entityType: EntityType,
  ids: readonly string[],
  eventType: string,
): Promise<Map<string, Readonly<Record<string, Json>>>> {
  const { rows } = await client.query(
    statement(
      `SELECT entity_id, metadata -> 'after' AS created FROM audit_trail
       WHERE entity_type = $1 AND entity_id = ANY($2::uuid[]) AND event_type = $3 AND metadata ? 'after'`,
      [entityType, ids, eventType],
    ),
  );
  return new Map(rows.map((row) => [row.entity_id as string, row.created as JsonObject]));
}
