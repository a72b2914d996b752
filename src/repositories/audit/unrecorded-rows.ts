import type { Client } from '../../database/session.js';
import { type EntityType, EVENT_TYPES } from '../../domain/audit-event.js';
import type { Findings } from './audit-problem.js';
import { ENTITY_TABLES } from './entity-tables.js';

/** The tables of the ledger, whose every write appends an event; market data are written without one, and a cutover's row is the migration's. */
const { BAR_SERIES: _bars, TIME_SERIES: _series, CUTOVER: _cutover, ...RECORDED_TABLES } = ENTITY_TABLES;

/** Rows a statement. */
const PAGE = 20_000;

interface PageRow {
  readonly size: number;
  readonly last: string | null;
  readonly unrecorded: readonly string[] | null;
}

/** Names the rows of the ledger whose creation no event tells of: a chain that was removed together with its head leaves them behind. */
export async function findUnrecordedRows(
  client: Client,
  findings: Findings,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const [entityType, table] of Object.entries(RECORDED_TABLES) as [EntityType, string][]) {
    let after: string | null = null;
    do {
      signal?.throwIfAborted();
      const page: PageRow = await readPage(client, table, entityType, after);
      for (const id of page.unrecorded ?? []) {
        const message = `${table} ${id}: no event of the audit trail tells of its creation`;
        findings.add({ kind: 'ROW_UNRECORDED', table, id, message });
      }
      after = page.size === PAGE ? page.last : null;
    } while (after !== null && !findings.full);
  }
}

async function readPage(client: Client, table: string, entityType: EntityType, after: string | null): Promise<PageRow> {
  const { rows } = await client.query<PageRow>({
    text: `
      WITH page AS (SELECT id FROM public.${table} WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT ${PAGE})
      SELECT (SELECT count(*)::int FROM page) AS size, (SELECT id FROM page ORDER BY id DESC LIMIT 1) AS last,
             (SELECT array_agg(id::text ORDER BY id) FROM page WHERE NOT EXISTS (
               SELECT FROM public.audit_trail WHERE entity_type = $2 AND entity_id = page.id AND event_type = $3)) AS unrecorded`,
    values: [after, entityType, EVENT_TYPES[entityType][0]],
  });
  return rows[0]!;
}
