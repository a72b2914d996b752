import type { Session } from '../../database/session.js';
import { type AuditVerification, type VerifyOptions, verifyAuditTrail } from './verify.js';

/** The audit trail: what happened to the ledger, who did it, and whether somebody has rewritten it. */
export class AuditRepository {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  verify(options: VerifyOptions = {}): Promise<AuditVerification> {
    return verifyAuditTrail(this.#session, options);
  }
}
