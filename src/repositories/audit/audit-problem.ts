/** What a verification of the audit trail may find. */
export type AuditProblemKind =
  /** A gap or a repeat in the positions of a chain. */
  | 'SEQ_BROKEN'
  /** An event does not carry the hash of the one before it. */
  | 'PREV_HASH_BROKEN'
  /** An event says something else than its hash was made of. */
  | 'EVENT_CHANGED'
  /** Events without a head: somebody deleted it, or wrote the events past the triggers. */
  | 'HEAD_MISSING'
  /** An event after the last one that the head knows of. */
  | 'EVENT_BEYOND_HEAD'
  /** The head counts events that are gone from the chain's end. */
  | 'TAIL_MISSING'
  /** A head whose events are all gone. */
  | 'EVENTS_MISSING'
  /** The head has another hash than its last event. */
  | 'HEAD_CHANGED'
  /** Nothing is there of the one chain that was asked for. */
  | 'CHAIN_NOT_FOUND'
  /** A chain of the former heads is gone. */
  | 'CHAIN_REMOVED'
  /** A chain was longer when the former heads were taken. */
  | 'CHAIN_SHORTENED'
  /** The event at the end of a former head has another hash now: the chain was written anew. */
  | 'CHAIN_REWRITTEN'
  /** A row of the ledger that no event tells of: its chain is gone, or the row was written past the store. */
  | 'ROW_UNRECORDED';

/** One thing that does not fit, and where. */
export interface AuditProblem {
  readonly kind: AuditProblemKind;
  readonly correlationId?: string;
  /** The position in the chain of the first event that does not fit. */
  readonly seq?: bigint;
  readonly eventId?: string;
  /** Of a row of the ledger. */
  readonly table?: string;
  readonly id?: string;
  /** What is wrong, as a sentence that names the place. */
  readonly message: string;
}

/** Nobody reads more, and it must not grow with a trail that is broken everywhere. */
const MOST_PROBLEMS = 10_000;

/** The first problem of each chain, and each row of the ledger that has one. */
export class Findings {
  readonly problems: AuditProblem[] = [];
  readonly #chains = new Set<string>();

  /** There is no room for another: the verification stops. */
  get full(): boolean {
    return this.problems.length >= MOST_PROBLEMS;
  }

  add(problem: AuditProblem): void {
    const { correlationId } = problem;
    if (this.full || (correlationId !== undefined && this.#chains.has(correlationId))) return;
    if (correlationId !== undefined) this.#chains.add(correlationId);
    this.problems.push(problem);
  }
}
