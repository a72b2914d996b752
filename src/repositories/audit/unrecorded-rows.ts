import type { Client } from '../../database/session.js';
import type { EntityType } from '../../domain/audit-event.js';
import type { Findings } from './audit-problem.js';

/** The tables of the ledger, whose every write appends an event, by what the events call their rows. */
export const RECORDED_TABLES = {
  TRADING_RANGE: 'trading_ranges',
  PATTERN: 'patterns',
  SIGNAL: 'signals',
  CAMPAIGN: 'campaigns',
  BACKTEST_RESULT: 'backtest_results',
} as const satisfies Partial<Record<EntityType, string>>;

const PAGE = 20_000;

/** Names the rows of the ledger that no event tells of: a chain that was removed together with its head leaves them behind. */
export async function findUnrecordedRows(
  client: Client,
  findings: Findings,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const [entityType, table] of Object.entries(RECORDED_TABLES)) {
    let after: string | null = null;
    do {
      signal?.throwIfAborted();
      const { rows }: { rows: { size: number; last: string | null; unrecorded: string[] | null }[] } =
        await client.query({
          text: `
          WITH page AS (SELECT id FROM public.${table} WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT ${PAGE})
          SELECT (SELECT count(*)::int FROM page) AS size, (SELECT id FROM page ORDER BY id DESC LIMIT 1) AS last,
                 (SELECT array_agg(id::text ORDER BY id) FROM page WHERE NOT EXISTS (
                   SELECT FROM public.audit_trail WHERE entity_type = $2 AND entity_id = page.id)) AS unrecorded`,
          values: [after, entityType],
        });
      const { size, last, unrecorded } = rows[0]!;
      for (const id of unrecorded ?? []) {
        const message = `${table} ${id}: no event of the audit trail tells of this row`;
        findings.add({ kind: 'ROW_UNRECORDED', table, id, message });
      }
      after = size === PAGE ? last : null;
    } while (after !== null && !findings.full);
  }
}
