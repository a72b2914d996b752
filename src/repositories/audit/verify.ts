import { createHash } from 'node:crypto';
import type { Client, Session } from '../../database/session.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { readId } from '../../domain/identifier.js';
import { readOrThrow } from '../../domain/problem.js';
import { WyckoffError } from '../../errors.js';
import { type AuditProblem, Findings } from './audit-problem.js';
import { walkChains } from './chain-walk.js';
import { type AuditHead, compareFormerHeads, headLine, headPages } from './heads.js';
import { findUnrecordedRows } from './unrecorded-rows.js';

/** What is verified, and against what. */
export interface VerifyOptions {
  /** One chain alone. Default: every chain, and the rows of the ledger that no chain tells of. */
  readonly correlationId?: string | undefined;
  /** Heads that were kept elsewhere: they show what was removed together with its head, or written anew from end to end. */
  readonly heads?: readonly AuditHead[] | undefined;
  /** Is given the heads as they are in the verified snapshot, in the order of their correlation ids, a part at a time. */
  readonly onHeads?: ((heads: readonly AuditHead[]) => void | Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a walk over the audit trail found. */
export interface AuditVerification {
  /** How many heads, and how many events, were read. */
  readonly chains: number;
  readonly events: number;
  /**
   * SHA-256, in hexadecimal, over a line for each head, `correlation_id length last_hash` and a line feed, in the order of the correlation
   * ids. It changes with every event that is appended; two of one moment are equal only where the trails are.
   */
  readonly digest: string;
  /** The first problem of each chain, and each row of the ledger without an event. Empty where everything fits. */
  readonly problems: readonly AuditProblem[];
  /** False where there were 10,000 problems: it went no further, and the counts and the digest are of what was read. */
  readonly complete: boolean;
}

/** The names below are the server's own and the store's tables, whatever this session's search path is and whatever policies say. */
export const OWN_NAMES = 'SET LOCAL search_path = pg_catalog; SET LOCAL row_security = off';
const ONE_SNAPSHOT = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${OWN_NAMES}`;

/**
 * Verifies the audit trail in one snapshot and in constant memory: walks each chain, holds it against its head, and looks for rows of the
 * ledger that no event tells of. Needs a transaction of its own, and the right to read.
 *
 * What it cannot know without `heads`: whether somebody who may disable the triggers wrote a whole chain and its head anew, or cut both, where
 * no row of the ledger shows it.
 *
 * @throws InvalidInputError ID_INVALID; WyckoffError VERIFY_IN_TRANSACTION
 */
export async function verifyAuditTrail(session: Session, options: VerifyOptions = {}): Promise<AuditVerification> {
  const correlationId =
    options.correlationId === undefined
      ? undefined
      : readOrThrow('audit verification', (report) => readId(options.correlationId, 'correlationId', report));
  if (session instanceof UnitOfWork) {
    throw new WyckoffError('VERIFY_IN_TRANSACTION', 'the audit trail is not verified inside a transaction', {
      hint: 'call store.audit.verify(), which sees what has been committed',
    });
  }
  return inSnapshot(session, (client) => verifyWithin(client, { ...options, correlationId }));
}

/** As {@link verifyAuditTrail}, in the transaction under way, whose search path and policies are the caller's to see to. */
export async function verifyWithin(client: Client, options: VerifyOptions): Promise<AuditVerification> {
  const { signal, correlationId, heads: former = [] } = options;
  const findings = new Findings();
  const events = await walkChains(client, findings, { correlationId, signal });
  const { chains, digest } = await digestHeads(client, findings, options);
  const wanted = correlationId === undefined ? former : former.filter((head) => head.correlationId === correlationId);
  await compareFormerHeads(client, findings, wanted, signal);
  if (correlationId === undefined) await findUnrecordedRows(client, findings, signal);
  else if (chains === 0 && events === 0) {
    const message = `chain ${correlationId}: there is no such chain`;
    findings.add({ kind: 'CHAIN_NOT_FOUND', correlationId, message });
  }
  return { chains, events, digest, problems: findings.problems, complete: !findings.full };
}

function inSnapshot<T>(session: Session, use: (client: Client) => Promise<T>): Promise<T> {
  return session.withClient(async (client) => {
    await client.query(ONE_SNAPSHOT);
    try {
      return await use(client);
    } finally {
      await client.query('ROLLBACK').catch(() => {}); // the connection is gone: so is the snapshot
    }
  });
}

/** How many heads there are, and the digest over them. */
export async function digestHeads(client: Client, findings: Findings, { onHeads, ...options }: VerifyOptions) {
  const digest = createHash('sha256');
  let chains = 0;
  for await (const heads of headPages(client, findings, options)) {
    chains += heads.length;
    for (const head of heads) digest.update(headLine(head));
    await onHeads?.(heads);
  }
  return { chains, digest: digest.digest('hex') };
}
