import type { Client } from '../../database/session.js';
import type { UnitsOfWork } from '../../database/unit-of-work.js';
import type { AuditEventType } from '../../domain/audit-event.js';
import type { JsonObject } from '../../domain/json.js';
import { appendAuditEvents } from '../../repositories/audit/append.js';
import { type CutoverState, type Phase, readCutover } from './phase.js';
import { refused, type Step } from './refused.js';

/** What a step changes, beside the phase. */
export interface Move {
  readonly step: Step;
  readonly from: readonly Phase[];
  readonly to: Phase;
  readonly event: AuditEventType;
  readonly action: string;
  readonly metadata?: JsonObject;
  /** Columns and what they are set to, SQL. */
  readonly set?: string;
  readonly values?: readonly unknown[];
  readonly before?: (client: Client) => Promise<void>;
}

/** The file has all that was said before; all that is said later is later by a millisecond at least. */
export const STOPPED_AT = `stopped_at = (SELECT greatest(date_trunc('milliseconds', clock_timestamp()), max(date_trunc('milliseconds', updated_at))) FROM bar_series)`;

/** A write to the database alone that began before would end on one side; the next one sees the phase (lockSeries). One that lasts is not waited for. */
export const NOBODY_WRITES = "SET LOCAL lock_timeout = '10s'; LOCK TABLE bar_series IN EXCLUSIVE MODE";

/** What is later is later by a millisecond at least, which is as fine as a bar's time of knowing is. */
const LATER = 'SELECT pg_sleep(0.002)';

/**
 * Changes the phase, when the writes that are under way have ended; those that come wait for it. An audit event tells of it.
 * @throws CutoverError CUTOVER_STEP_REFUSED where it is not one of `from`
 */
export function changePhase(
  { units, actor }: { readonly units: UnitsOfWork; readonly actor: string },
  { step, from, to, event, action, metadata = {}, set, values = [], before }: Move,
): Promise<CutoverState> {
  return units.run({}, (unit) =>
    unit.transaction(async (client) => {
      const { phase } = await readCutover(client, 'update');
      if (!from.includes(phase)) throw refused(step, phase);
      await before?.(client);
      await client.query({
        text: `UPDATE cutovers SET phase = $1, updated_at = clock_timestamp()${set ? `, ${set}` : ''} WHERE scope = 'bars'`,
        values: [to, ...values],
      });
      if (to === 'stopped') await client.query(LATER);
      const state = await readCutover(client);
      await appendAuditEvents(client, [
        {
          ...{ eventType: event, entityType: 'CUTOVER', entityId: state.id, actor, action },
          metadata: { ...metadata, before: phase, after: to },
          correlationId: state.id,
        },
      ]);
      return state;
    }),
  );
}
