import type { Session } from '../../database/session.js';
import { type AuditEvent, ENTITY_TYPES, type EntityType, EVENT_TYPES } from '../../domain/audit-event.js';
import { readChoice } from '../../domain/choice.js';
import { type Id, readId } from '../../domain/identifier.js';
import { type Json, type JsonObject, toJson } from '../../domain/json.js';
import { type JsonSchemas, schemaVersionOf } from '../../domain/json-schemas.js';
import { type Report, readOrThrow, requireObject } from '../../domain/problem.js';
import { readText } from '../../domain/text.js';
import { idOf } from '../ledger/ids.js';
import type { LedgerSession } from '../ledger/ledger-session.js';
import { requireEntity } from '../ledger/missing.js';
import { type Page, type PageOptions, readAllPages } from '../ledger/page.js';
import { LONGEST_ACTOR } from './append.js';
import { readEvents } from './read-events.js';
import { type AuditVerification, type VerifyOptions, verifyAuditTrail } from './verify.js';

/** An event of a caller's own, beside those that the store writes by itself. */
export interface NewNote {
  /** ENTITY_VERB in upper case, none of the store's own: `SIGNAL_SKIPPED`. */
  readonly eventType: string;
  readonly entityType: EntityType;
  readonly entityId: string;
  /** What happened, as a sentence. */
  readonly action: string;
  readonly metadata?: object | undefined;
}

const EVENT_TYPE = /^[A-Z][A-Z0-9_]{2,49}$/;
const OWN_TYPES: ReadonlySet<string> = new Set(Object.values(EVENT_TYPES).flat());
const LONGEST_ACTION = 1_000;

/** The audit trail: what happened to the ledger, who did it, and whether somebody has rewritten it. Events come oldest first. */
export class AuditRepository {
  readonly #session: Session;
  readonly #ledger: LedgerSession;
  readonly #schemas: JsonSchemas;

  constructor(session: Session, ledger: LedgerSession, schemas: JsonSchemas) {
    this.#session = session;
    this.#ledger = ledger;
    this.#schemas = schemas;
  }

  /**
   * What happened to one thing, by time.
   *
   * @example
   * const { rows } = await store.audit.byEntity('SIGNAL', signal.id);
   * for (const { seq, eventType, actor, action } of rows) console.log(seq, eventType, actor, action);
   */
  async byEntity(entityType: EntityType, entityId: string, page: PageOptions = {}): Promise<Page<AuditEvent>> {
    const type = readOrThrow('entity', (report) => readEntityType(entityType, report));
    const entity = { entityType: type, entityId: idOf(entityId) };
    return this.#decoded(this.#session.withClient((client) => readEvents(client, entity, page)));
  }

  /**
   * One story, from its first event to its last.
   *
   * @example
   * const story = await store.audit.byCorrelation(correlationId);
   */
  async byCorrelation(correlationId: string): Promise<AuditEvent[]> {
    const id = idOf(correlationId);
    return readAllPages((page) =>
      this.#decoded(this.#session.withClient((client) => readEvents(client, { correlationId: id }, page))),
    );
  }

  /**
   * What one actor did, by time.
   *
   * @example
   * const { rows, next } = await store.audit.byActor('detector/1.4', { limit: 50 });
   */
  async byActor(actor: string, page: PageOptions = {}): Promise<Page<AuditEvent>> {
    const who = readOrThrow('actor', (report) => readText(actor, LONGEST_ACTOR, 'actor', report));
    return this.#decoded(this.#session.withClient((client) => readEvents(client, { actor: who }, page)));
  }

  /**
   * Appends an event of the caller's own: why a signal was passed over, which rule stopped it. Its metadata is validated by the schema that is
   * registered for its type and `schema_version`; without one, it is any object.
   *
   * @throws InvalidInputError EVENT_TYPE_RESERVED for a type of the store's own, NotFoundError
   * @example
   * await store.audit.append({
   *   eventType: 'SIGNAL_SKIPPED',
   *   entityType: 'SIGNAL',
   *   entityId: signal.id,
   *   action: 'passed over: the spread was wider than the stop',
   *   metadata: { spread: '0.42' },
   * });
   */
  async append(note: NewNote): Promise<void> {
    const event = readOrThrow('audit event', (report) => readNote(note, this.#schemas, report));
    return this.#ledger.write(async (client, tell) => {
      await requireEntity(client, event.entityType, event.entityId);
      tell([{ ...event, follows: { entityType: event.entityType, entityId: event.entityId } }]);
    });
  }

  /**
   * Walks the chains in one snapshot and says what does not fit: a changed row, a cut tail, a missing chain, a row of the ledger that no event
   * tells of. Needs a transaction of its own.
   *
   * @example
   * const { problems, digest } = await store.audit.verify();
   * if (problems.length > 0) throw new Error(`the audit trail was rewritten: ${problems[0]?.message}`);
   * console.log(digest); // keep it elsewhere
   */
  verify(options: VerifyOptions = {}): Promise<AuditVerification> {
    return verifyAuditTrail(this.#session, options);
  }

  async #decoded(read: Promise<Page<AuditEvent>>): Promise<Page<AuditEvent>> {
    const { rows, next } = await read;
    return { rows: rows.map((event) => ({ ...event, metadata: decode(event, this.#schemas) })), next };
  }
}

/** As the schema of its type answers it, or as it stands where it does not fit one: whoever looks into a trail must see what is there. */
function decode({ eventType, metadata }: AuditEvent, schemas: JsonSchemas): unknown {
  const json = metadata as Json;
  const value = schemas.decode('audit_metadata', eventType, schemaVersionOf(json), json, 'metadata', () => {});
  return value ?? json;
}

function readEntityType(value: unknown, report: Report): EntityType | undefined {
  return readChoice(value, ENTITY_TYPES, 'an entity type', 'entityType', report);
}

function readNote(note: NewNote, schemas: JsonSchemas, report: Report) {
  requireObject(note, 'audit event');
  const { eventType, metadata = {} } = note;
  if (!EVENT_TYPE.test(eventType)) {
    const rule = 'an event type is ENTITY_VERB: A-Z, 0-9 and _, 3 to 50 characters';
    report({ code: 'EVENT_TYPE_INVALID', path: 'eventType', value: eventType, rule });
  }
  if (OWN_TYPES.has(eventType)) {
    const rule = 'the store writes events of this type itself';
    report({ code: 'EVENT_TYPE_RESERVED', path: 'eventType', value: eventType, rule, hint: 'use a verb of your own' });
  }
  const entityType = readEntityType(note.entityType, report);
  const entityId = readId<Id<string>>(note.entityId, 'entityId', report);
  const action = readText(note.action, LONGEST_ACTION, 'action', report);
  const version = schemaVersionOf(metadata);
  const read = schemas.read('audit_metadata', eventType, version, metadata, 'metadata', report);
  if (!entityType || !entityId || action === undefined || read === undefined) return undefined;
  return { eventType, entityType, entityId, action, metadata: toJson(read) as JsonObject };
}
