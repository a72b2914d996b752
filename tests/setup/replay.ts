import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';

type Document = Readonly<Record<string, unknown>>;

/** What the audit trail says of one entity. */
export interface ReplayedEntity {
  readonly entityType: string;
  /** Its columns, as the last events left them: decimals and instants as text. */
  readonly row: Document;
  /** In the order in which they happened. */
  readonly eventTypes: readonly string[];
}

/**
 * The rows of the ledger, by id, as its audit trail alone tells them: the events of each entity in their order, each putting its `after` over
 * what was there.
 *
 * @throws where an event's `before` is not what the events before it had left
 */
export async function replayLedger(client: pg.ClientBase): Promise<Map<string, ReplayedEntity>> {
  const { rows } = await client.query(
    `SELECT entity_type, entity_id, event_type, metadata FROM audit_trail
     WHERE entity_type <> 'BAR_SERIES' ORDER BY timestamp, seq, id`,
  );
  const entities = new Map<string, ReplayedEntity>();
  for (const { entity_type: entityType, entity_id: id, event_type: eventType, metadata } of rows) {
    const { before, after } = metadata as { readonly before?: Document; readonly after: Document };
    const known = entities.get(id);
    for (const [column, value] of Object.entries(before ?? {})) {
      if (isDeepStrictEqual(known?.row[column], value)) continue;
      const told = JSON.stringify([known?.row[column], value]);
      throw new Error(`${eventType} of ${id}: ${column} was not what the event says it was: ${told}`);
    }
    entities.set(id, {
      entityType,
      row: { ...known?.row, ...after },
      eventTypes: [...(known?.eventTypes ?? []), eventType],
    });
  }
  return entities;
}
