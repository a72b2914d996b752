import type { Client } from '../../database/session.js';
import { statement } from '../../database/statement.js';
import type { EntityType } from '../../domain/audit-event.js';
import type { JsonObject } from '../../domain/json.js';
import { formatInstant } from '../../domain/time.js';
import { partsOf } from '../parts.js';

/** Characters of an actor's name: VARCHAR(100). */
export const LONGEST_ACTOR = 100;

/** Who acts, and in which story. */
export interface AuditContext {
  readonly actor: string;
  /** One id through everything that belongs together. */
  readonly correlationId?: string | undefined;
  /** The market's time of what is done, which an event keeps as `at` in its metadata; its own timestamp is the clock's. */
  readonly at?: Date | undefined;
}

export interface NewAuditEvent extends AuditContext {
  /** ENTITY_VERB, e.g. `SIGNAL_APPROVED`. */
  readonly eventType: string;
  readonly entityType: EntityType;
  readonly entityId: string;
  /** What happened, as a sentence. */
  readonly action: string;
  readonly metadata: JsonObject;
  /** Whose story it goes on with where no correlation id is given; a new one where that has none. */
  readonly follows?: { readonly entityType: EntityType; readonly entityId: string } | undefined;
}

const APPEND = `
  WITH appended AS (
    INSERT INTO audit_trail (event_type, entity_type, entity_id, timestamp, actor, action, metadata, correlation_id)
    SELECT event.event_type, event.entity_type, event.entity_id, clock_timestamp(), event.actor, event.action, event.metadata,
           coalesce(event.correlation_id,
                    (SELECT first.correlation_id FROM audit_trail first
                     WHERE first.entity_type = event.follows_type AND first.entity_id = event.follows_id
                     ORDER BY first.timestamp, first.seq LIMIT 1),
                    gen_random_uuid())
    FROM json_to_recordset($1::json) AS event(
      event_type text, entity_type text, entity_id uuid, actor text, action text, metadata jsonb, correlation_id uuid,
      follows_type text, follows_id uuid)
    RETURNING 1)
  SELECT pg_current_xact_id()::text AS transaction_id FROM appended LIMIT 1`;

/**
 * Appends events, in their order, in the transaction of the writes that they tell of. Their places in their chains and their hashes are the
 * database's to set. The instant of an event is the server's clock at its writing, not the transaction's beginning: events of one entity are
 * written under its lock, so that their order is the order of what happened. Answers the transaction's id.
 */
export async function appendAuditEvents(client: Client, events: readonly NewAuditEvent[]): Promise<string> {
  let transactionId = '';
  for (const part of partsOf(events)) {
    const { rows } = await client.query(statement(APPEND, [JSON.stringify(part.map(documentOf))]));
    transactionId = rows[0].transaction_id;
  }
  return transactionId;
}

function documentOf({
  eventType,
  entityType,
  entityId,
  actor,
  action,
  metadata,
  correlationId,
  at,
  follows,
}: NewAuditEvent) {
  return {
    event_type: eventType,
    entity_type: entityType,
    entity_id: entityId,
    actor,
    action,
    metadata: at === undefined ? metadata : { at: formatInstant(at), ...metadata },
    correlation_id: correlationId,
    follows_type: follows?.entityType,
    follows_id: follows?.entityId,
  };
}
