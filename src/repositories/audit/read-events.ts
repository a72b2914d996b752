import type { QueryResultRow } from 'pg';
import type { Client } from '../../database/session.js';
import { type AuditEvent, ENTITY_TYPES } from '../../domain/audit-event.js';
import { type Page, type PagedTable, type PageOptions, type PageOrder, readPage } from '../ledger/page.js';
import { Where } from '../ledger/where.js';

/** What events to read; what is not given does not matter. */
export interface EventFilter {
  readonly correlationId?: string | undefined;
  readonly entityType?: string | undefined;
  readonly entityId?: string | undefined;
  readonly actor?: string | undefined;
}

const SEQ = { name: 'seq', type: 'bigint' } as const;

const EVENTS: Omit<PagedTable<AuditEvent>, 'order'> = {
  name: 'audit_trail',
  selection: `id, event_type, entity_type, entity_id, timestamp, actor, action, metadata, correlation_id, seq,
    encode(prev_hash, 'hex') AS prev_hash, encode(row_hash, 'hex') AS row_hash, created_at`,
  read: toEvent,
};
/** A chain, in its order. */
const CHAIN: PagedTable<AuditEvent> = { ...EVENTS, order: [SEQ] };
/** Events of several chains. Two of one instant were appended by one statement, or in chains of their own. */
const BY_TIME: PagedTable<AuditEvent> = {
  ...EVENTS,
  order: [{ name: 'timestamp', type: 'timestamptz' }, SEQ, { name: 'id', type: 'uuid' }],
};

/** Pages of events, oldest first in each; those of one correlation id in the order of their chain, others by time. */
export function readEvents(
  client: Client,
  filter: EventFilter,
  page: PageOptions = {},
  order: PageOrder = 'forward',
): Promise<Page<AuditEvent>> {
  const { correlationId, entityType, entityId, actor } = filter;
  const where = new Where()
    .and('correlation_id = ?', correlationId)
    .and('entity_type = ?', entityType)
    // The index begins with the type, which whoever looks for an id may not know.
    .and('entity_type = ANY(?)', entityId !== undefined && entityType === undefined ? ENTITY_TYPES : undefined)
    .and('entity_id = ?', entityId)
    .and('actor = ?', actor);
  return readPage(client, correlationId === undefined ? BY_TIME : CHAIN, where, page, order);
}

function toEvent(row: QueryResultRow): AuditEvent {
  return {
    id: row.id,
    eventType: row.event_type,
    entityType: row.entity_type,
    entityId: row.entity_id,
    timestamp: row.timestamp,
    actor: row.actor,
    action: row.action,
    metadata: row.metadata,
    correlationId: row.correlation_id,
    seq: BigInt(row.seq),
    prevHash: row.prev_hash,
    rowHash: row.row_hash,
    createdAt: row.created_at,
  };
}
