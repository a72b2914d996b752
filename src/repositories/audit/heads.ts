import type { Client, Session } from '../../database/session.js';
import { type AuditProblem, Findings } from './audit-problem.js';
import type { WalkOptions } from './chain-walk.js';

/** The end of a chain: what is kept elsewhere, to compare the trail with later. */
export interface AuditHead {
  readonly correlationId: string;
  /** How many events the chain has. */
  readonly length: bigint;
  /** The last event's SHA-256, in hexadecimal; null where the chain has no event, as when its only append was left out by ON CONFLICT. */
  readonly hash: string | null;
}

/** The line of a head in a digest over heads. */
export function headLine({ correlationId, length, hash }: AuditHead): string {
  return `${correlationId} ${length} ${hash ?? ''}\n`;
}

const PAGE = 10_000;

const HEADS = `
  SELECT head.correlation_id, head.length, encode(head.last_hash, 'hex') AS hash, tail.seq, tail.id, CASE
    WHEN tail.seq IS NULL THEN CASE WHEN head.length <> 0 OR head.last_hash IS NOT NULL THEN 'EVENTS_MISSING' END
    WHEN head.length > tail.seq THEN 'TAIL_MISSING'
    WHEN head.last_hash IS DISTINCT FROM tail.row_hash THEN 'HEAD_CHANGED' END AS kind
  FROM (SELECT correlation_id, length, last_hash FROM public.audit_chains
        WHERE ($1::uuid IS NULL OR correlation_id > $1) AND ($2::uuid IS NULL OR correlation_id = $2)
        ORDER BY correlation_id LIMIT ${PAGE}) head
  LEFT JOIN LATERAL (SELECT seq, id, row_hash FROM public.audit_trail WHERE correlation_id = head.correlation_id
                     ORDER BY seq DESC LIMIT 1) tail ON true
  ORDER BY head.correlation_id`;

interface HeadRow {
  readonly correlation_id: string;
  readonly length: string;
  readonly hash: string | null;
  /** Of the chain's last event. */
  readonly seq: string | null;
  readonly id: string | null;
  readonly kind: 'EVENTS_MISSING' | 'TAIL_MISSING' | 'HEAD_CHANGED' | null;
}

/** The heads of all chains, or of one, in the order of their correlation ids: a page at a time, each held against its last event. */
export async function* headPages(
  client: Client,
  findings: Findings,
  { correlationId, signal }: WalkOptions,
): AsyncGenerator<AuditHead[], void> {
  let last: HeadRow | undefined;
  do {
    signal?.throwIfAborted();
    const { rows } = await client.query<HeadRow>({ text: HEADS, values: [last?.correlation_id, correlationId] });
    for (const row of rows) if (row.kind !== null) findings.add(describe(row, row.kind));
    yield rows.map((row) => ({ correlationId: row.correlation_id, length: BigInt(row.length), hash: row.hash }));
    last = rows.length === PAGE ? rows.at(-1) : undefined;
  } while (last !== undefined && !findings.full);
}

function describe(row: HeadRow, kind: NonNullable<HeadRow['kind']>): AuditProblem {
  const wrong = {
    EVENTS_MISSING: `its head counts ${row.length} events, and none is there`,
    TAIL_MISSING: `its head counts ${row.length} events, and the last one there is event ${row.seq} (${row.id})`,
    HEAD_CHANGED: `its head has another hash than its last event, event ${row.seq} (${row.id})`,
  }[kind];
  const event = row.seq !== null && row.id !== null && { seq: BigInt(row.seq), eventId: row.id };
  return { kind, correlationId: row.correlation_id, ...event, message: `chain ${row.correlation_id}: ${wrong}` };
}

/** Former heads a statement. */
const COMPARED = 5_000;

const COMPARE = `
  SELECT former.correlation_id, former.length, head.length AS length_now, event.id, CASE
    WHEN head.correlation_id IS NULL THEN 'CHAIN_REMOVED'
    WHEN head.length < former.length THEN 'CHAIN_SHORTENED'
    ELSE 'CHAIN_REWRITTEN' END AS kind
  FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS former (correlation_id, length, hash)
  LEFT JOIN public.audit_chains head ON head.correlation_id = former.correlation_id
  LEFT JOIN public.audit_trail event ON event.correlation_id = former.correlation_id AND event.seq = former.length
  WHERE head.correlation_id IS NULL OR head.length < former.length
     OR (former.length > 0 AND encode(event.row_hash, 'hex') IS DISTINCT FROM former.hash)
  ORDER BY former.correlation_id`;

interface ComparedRow {
  readonly correlation_id: string;
  readonly length: string;
  readonly length_now: string | null;
  readonly id: string | null;
  readonly kind: 'CHAIN_REMOVED' | 'CHAIN_SHORTENED' | 'CHAIN_REWRITTEN';
}

/** Looks for each former head in the trail as it is now: later events may have come after it, nothing else may have changed. */
export async function compareFormerHeads(
  client: Client,
  findings: Findings,
  former: readonly AuditHead[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let from = 0; from < former.length && !findings.full; from += COMPARED) {
    signal?.throwIfAborted();
    const heads = former.slice(from, from + COMPARED);
    const { rows } = await client.query<ComparedRow>({
      text: COMPARE,
      values: [
        heads.map((head) => head.correlationId),
        heads.map((head) => head.length),
        heads.map(({ hash }) => hash),
      ],
    });
    for (const row of rows) findings.add(describeLoss(row));
  }
}

function describeLoss({ correlation_id, length, length_now, id, kind }: ComparedRow): AuditProblem {
  const wrong = {
    CHAIN_REMOVED: `it had ${length} events, and its head is gone`,
    CHAIN_SHORTENED: `it had ${length} events, and has ${length_now} now`,
    CHAIN_REWRITTEN: `event ${length}${id === null ? '' : ` (${id})`} had another hash: the chain was written anew`,
  }[kind];
  const event = id !== null && { eventId: id };
  return {
    ...{ kind, correlationId: correlation_id, seq: BigInt(length), ...event },
    message: `chain ${correlation_id}: ${wrong}`,
  };
}

/** The heads as they are, to keep elsewhere. They are in memory all at once, about 200 bytes for each chain. */
export async function readHeads(session: Session, options: WalkOptions = {}): Promise<AuditHead[]> {
  return session.withClient(async (client) => {
    const heads: AuditHead[] = [];
    for await (const page of headPages(client, new Findings(), options)) for (const head of page) heads.push(head);
    return heads;
  });
}
