import type { AuditEvent } from '../../domain/audit-event.js';
import { say } from '../output.js';
import { minute, plain } from './format.js';
import { wrapped } from './wrap.js';

/** Prints what happened to a row, and how to see the rest of the story. */
export function printHistory(events: readonly AuditEvent[]): void {
  if (events.length === 0) {
    say('  none: no event of the audit trail tells of this row');
    return;
  }
  const width = Math.max(...events.map(({ actor }) => plain(actor).length));
  for (const { timestamp, actor, eventType, action } of events) {
    say(wrapped(`  ${minute(timestamp)}  ${plain(actor).padEnd(width)}  `, `${eventType}: ${action}`));
  }
  say();
  for (const correlationId of new Set(events.map((event) => event.correlationId)))
    say(`The whole story: wyckoff trace ${correlationId}`);
}
