import type { AuditEvent } from '../domain/audit-event.js';
import { toJson } from '../domain/json.js';
import { formatInstant } from '../domain/time.js';
import type { AuditProblem } from '../repositories/audit/audit-problem.js';

/** An event of the audit trail as `--json` prints it, by column name. */
export function eventJson(event: AuditEvent) {
  return {
    ...{ id: event.id, event_type: event.eventType, entity_type: event.entityType, entity_id: event.entityId },
    ...{ timestamp: formatInstant(event.timestamp), actor: event.actor, action: event.action },
    ...{ metadata: toJson(event.metadata ?? null), correlation_id: event.correlationId, seq: `${event.seq}` },
    ...{ prev_hash: event.prevHash, row_hash: event.rowHash, created_at: formatInstant(event.createdAt) },
  };
}

/** JSON has no 64-bit integers: places in a chain are text. */
export function problemJson({ seq, ...problem }: AuditProblem) {
  return { ...problem, ...(seq !== undefined && { seq: `${seq}` }) };
}
