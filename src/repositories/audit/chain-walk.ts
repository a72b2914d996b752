import type { Client } from '../../database/session.js';
import type { AuditProblem, Findings } from './audit-problem.js';

export interface WalkOptions {
  /** Default: every chain. */
  readonly correlationId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The hash that an event should have, of the columns of audit_trail. It says the same as audit_trail_hash(), which makes the hashes, and is
 * written anew here because whoever can change an event can change that function too. An infinite instant, which no event has, gives null.
 */
export const EVENT_HASH = `
  CASE WHEN isfinite("timestamp") AND isfinite(created_at) THEN
    sha256(coalesce(prev_hash, ''::bytea) || convert_to(jsonb_build_array(
      correlation_id, seq, id, event_type, entity_type, entity_id, (extract(epoch FROM "timestamp") * 1000000)::bigint, actor, action,
      metadata, (extract(epoch FROM created_at) * 1000000)::bigint)::text, 'UTF8')) END`;

/** Events a statement: a statement has a time limit, and between two of them the walk can be stopped. */
const PAGE = 20_000;

/**
 * Answers the last event of the page, and before it every one that does not fit. $1 to $4 are the last event of the page before, which the
 * first of this one may have to follow. Positions are compared as NUMERIC, since a forged one may be the last BIGINT there is. The head is looked up
 * for each event by its index: a join would read all heads for each page.
 */
const WALK = `
  WITH page AS (
    SELECT correlation_id, seq, id, prev_hash, row_hash, ${EVENT_HASH} AS computed
    FROM public.audit_trail
    WHERE ($1::uuid IS NULL OR (correlation_id, seq, id) > ($1, $2::bigint, $3::uuid)) AND ($5::uuid IS NULL OR correlation_id = $5)
    ORDER BY correlation_id, seq, id LIMIT ${PAGE}
  ), walked AS (
    SELECT page.*, (SELECT max(length) FROM public.audit_chains head WHERE head.correlation_id = page.correlation_id) AS head_length,
           row_number() OVER (ORDER BY correlation_id, seq, id) AS place,
           lag(seq, 1, CASE WHEN correlation_id = $1 THEN $2 ELSE 0 END) OVER chain AS seq_before,
           lag(row_hash, 1, CASE WHEN correlation_id = $1 THEN $4::bytea END) OVER chain AS hash_before
    FROM page WINDOW chain AS (PARTITION BY correlation_id ORDER BY seq, id)
  ), judged AS (
    SELECT walked.*, CASE
      WHEN seq::numeric <> seq_before::numeric + 1 THEN 'SEQ_BROKEN'
      WHEN prev_hash IS DISTINCT FROM hash_before THEN 'PREV_HASH_BROKEN'
      WHEN (row_hash = computed) IS NOT TRUE THEN 'EVENT_CHANGED'
      WHEN head_length IS NULL THEN 'HEAD_MISSING'
      WHEN seq > head_length THEN 'EVENT_BEYOND_HEAD' END AS kind
    FROM walked
  )
  SELECT correlation_id, seq, id, row_hash, seq_before, head_length, kind, place::int FROM judged
  WHERE kind IS NOT NULL OR place = (SELECT count(*) FROM page) ORDER BY place`;

interface WalkedEvent {
  readonly correlation_id: string;
  readonly seq: string;
  readonly id: string;
  readonly row_hash: Buffer;
  readonly seq_before: string;
  readonly head_length: string | null;
  readonly kind: 'SEQ_BROKEN' | 'PREV_HASH_BROKEN' | 'EVENT_CHANGED' | 'HEAD_MISSING' | 'EVENT_BEYOND_HEAD' | null;
  readonly place: number;
}

/** Walks each chain from its first event to its last, a page at a time; answers how many events it saw. */
export async function walkChains(
  client: Client,
  findings: Findings,
  { correlationId, signal }: WalkOptions,
): Promise<number> {
  let events = 0;
  let last: WalkedEvent | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const { rows } = await client.query<WalkedEvent>({
      text: WALK,
      values: [last?.correlation_id, last?.seq, last?.id, last?.row_hash, correlationId],
    });
    for (const event of rows) if (event.kind !== null) findings.add(describe(event, event.kind));
    last = rows.at(-1);
    events += last?.place ?? 0;
    if (last === undefined || last.place < PAGE || findings.full) return events;
  }
}

function describe(event: WalkedEvent, kind: NonNullable<WalkedEvent['kind']>): AuditProblem {
  const seq = BigInt(event.seq);
  const place = `chain ${event.correlation_id}, event ${seq} (${event.id})`;
  const expected = BigInt(event.seq_before) + 1n;
  const wrong = {
    SEQ_BROKEN:
      seq < expected ? `stands where event ${expected} should be` : `event ${expected} is missing before this one`,
    PREV_HASH_BROKEN: 'does not carry the hash of the event before it: one of the two was changed or put in',
    EVENT_CHANGED: 'does not say what its hash was made of: it was changed',
    HEAD_MISSING: 'the chain has no head in audit_chains: it was deleted, or the events were put in past the triggers',
    EVENT_BEYOND_HEAD: `the head ends at event ${event.head_length}: this one was put in past the triggers, or the head was changed`,
  }[kind];
  return { kind, correlationId: event.correlation_id, seq, eventId: event.id, message: `${place}: ${wrong}` };
}
