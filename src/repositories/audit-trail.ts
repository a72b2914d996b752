import { randomUUID } from 'node:crypto';
import type { Client } from '../database/session.js';

export interface NewAuditEvent {
  /** ENTITY_VERB, e.g. `BARS_DELETED`. */
  readonly eventType: string;
  readonly entityType: string;
  readonly entityId: string;
  readonly actor: string;
  /** What happened, as a sentence. */
  readonly action: string;
  /** Plain JSON: decimals and instants are strings in it already. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** One id through everything that belongs together; a new one where nothing does. */
  readonly correlationId?: string | undefined;
}

/** Appends an event in the transaction of the write that it tells of. Its place in the chain and its hash are the database's to set. */
export async function appendAuditEvent(client: Client, event: NewAuditEvent): Promise<void> {
  await client.query({
    name: 'audit.append',
    text: `INSERT INTO audit_trail (event_type, entity_type, entity_id, actor, action, metadata, correlation_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    values: [
      event.eventType,
      event.entityType,
      event.entityId,
      event.actor,
      event.action,
      JSON.stringify(event.metadata),
      event.correlationId ?? randomUUID(),
    ],
  });
}
