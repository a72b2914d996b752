import type { QueryResultRow } from 'pg';
import type { Client } from '../../database/session.js';
import { statement } from '../../database/statement.js';
import type { AuditEvent } from '../../domain/audit-event.js';
import { type Report, readOrThrow } from '../../domain/problem.js';
import { type Page, type PageOptions, readPageLimit } from '../ledger/page.js';
import { Where } from '../ledger/where.js';

/** What events to read; what is not given does not matter. */
export interface EventFilter {
  readonly correlationId?: string | undefined;
  readonly entityType?: string | undefined;
  readonly entityId?: string | undefined;
  readonly actor?: string | undefined;
}

/** The columns that events are ordered by, with their types and how a cursor has to write their values. Each is unique in what it orders. */
type Order = readonly (readonly [column: string, type: string, written: RegExp])[];

const SEQ = ['seq', 'bigint', /^-?\d{1,19}$/] as const;
/** A chain. */
const BY_SEQ: Order = [SEQ];
/** Events of several chains. Two of one instant were appended by one statement, or in chains of their own. */
const BY_TIME: Order = [
  ['timestamp', 'timestamptz', /^\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?\+00$/],
  SEQ,
  ['id', 'uuid', /^[0-9a-f-]{36}$/],
];

const COLUMNS = `id, event_type, entity_type, entity_id, timestamp, actor, action, metadata, correlation_id, seq,
  encode(prev_hash, 'hex') AS prev_hash, encode(row_hash, 'hex') AS row_hash, created_at`;

const DEFAULT_LIMIT = 100;

/** The events of one entity, oldest first. @throws InvalidInputError LIMIT_INVALID, CURSOR_INVALID; so do the other two */
export function readEventsOfEntity(
  client: Client,
  { entityType, entityId }: Required<Pick<EventFilter, 'entityType' | 'entityId'>>,
  page: PageOptions = {},
): Promise<Page<AuditEvent>> {
  return readPage(client, { entityType, entityId }, BY_TIME, page);
}

/** The events of one chain, in its order. */
export function readEventsOfCorrelation(
  client: Client,
  correlationId: string,
  page: PageOptions = {},
): Promise<Page<AuditEvent>> {
  return readPage(client, { correlationId }, BY_SEQ, page);
}

/** What one actor did, oldest first. */
export function readEventsOfActor(client: Client, actor: string, page: PageOptions = {}): Promise<Page<AuditEvent>> {
  return readPage(client, { actor }, BY_TIME, page);
}

/** The newest `limit` events that fit the filter; the oldest of them first. @throws InvalidInputError LIMIT_INVALID */
export async function readLatestEvents(client: Client, filter: EventFilter, limit: number): Promise<AuditEvent[]> {
  const order = orderOf(filter);
  const wanted = readOrThrow('limit', (report) => readPageLimit(limit, report));
  const where = conditions(filter);
  const text = `SELECT ${COLUMNS} FROM audit_trail WHERE ${where}
    ORDER BY ${order.map(([column]) => `${column} DESC`).join(', ')} LIMIT ${where.place(wanted)}`;
  const { rows } = await client.query(statement(text, where.values));
  return rows.reverse().map(toEvent);
}

function orderOf({ correlationId }: EventFilter): Order {
  return correlationId === undefined ? BY_TIME : BY_SEQ;
}

function conditions({ correlationId, entityType, entityId, actor }: EventFilter): Where {
  return new Where()
    .and('correlation_id = ?', correlationId)
    .and('entity_type = ?', entityType)
    .and('entity_id = ?', entityId)
    .and('actor = ?', actor);
}

async function readPage(
  client: Client,
  filter: EventFilter,
  order: Order,
  { limit = DEFAULT_LIMIT, cursor }: PageOptions,
): Promise<Page<AuditEvent>> {
  const where = conditions(filter);
  const [count, after] = readOrThrow('page', (report) => {
    const rows = readPageLimit(limit, report);
    const place = cursor === undefined ? null : readCursor(cursor, order, report);
    return rows === undefined || place === undefined ? undefined : ([rows, place] as const);
  });
  const columns = order.map(([column]) => column).join(', ');
  if (after) {
    const place = order.map(([, type], index) => `${where.place(after[index])}::${type}`).join(', ');
    where.andThat(`(${columns}) > (${place})`);
  }
  const cursorColumns = order.map(([column]) => `${column}::text`).join(', ');
  const text = `SELECT ${COLUMNS}, ARRAY[${cursorColumns}] AS place FROM audit_trail WHERE ${where}
    ORDER BY ${columns} LIMIT ${where.place(count + 1)}`;
  const { rows } = await client.query(statement(text, where.values));
  const shown = rows.slice(0, count);
  const last: QueryResultRow | undefined = shown.at(-1);
  return { rows: shown.map(toEvent), next: rows.length > count && last ? writeCursor(last.place as string[]) : null };
}

function writeCursor(place: readonly string[]): string {
  return Buffer.from(JSON.stringify(['audit_trail', ...place])).toString('base64url');
}

function readCursor(cursor: unknown, order: Order, report: Report): string[] | undefined {
  try {
    const [owner, ...place] = JSON.parse(Buffer.from(String(cursor), 'base64url').toString()) as unknown[];
    const fits = order.every(([, , written], index) => written.test(String(place[index])));
    if (owner === 'audit_trail' && place.length === order.length && fits) return place.map(String);
  } catch {
    // Not even JSON: the same report.
  }
  const hint = 'pass the `next` of the page before, as it is';
  report({ code: 'CURSOR_INVALID', path: 'cursor', value: cursor, rule: 'not a cursor of these events', hint });
  return undefined;
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
