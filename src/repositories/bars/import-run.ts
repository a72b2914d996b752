import type { Session } from '../../database/session.js';
import type { BarBlock } from '../../domain/bar-block.js';
import type { SeriesKey } from '../../domain/series.js';
import { appendAuditEvents } from '../audit/append.js';
import { seriesName } from './catalog.js';
import type { WriteCounts } from './series-change.js';
import { writeSeries } from './upsert.js';

/** The import of one file. */
export interface ImportRun {
  readonly runId: string;
  /** Who imports, for the audit trail. */
  readonly actor: string;
  /** The file, as the caller named it. */
  readonly source: string;
  readonly volumeScale: number;
}

/**
 * Writes a file's bars, which come in ascending order, in one transaction together with the audit event that tells of the run. Revisions of
 * the bars that it changes carry the run's id.
 */
export async function importBars(
  session: Session,
  key: SeriesKey,
  blocks: AsyncIterable<BarBlock>,
  run: ImportRun,
): Promise<WriteCounts> {
  const rules = { replace: true, runId: run.runId };
  return writeSeries(session, key, blocks, run.volumeScale, rules, (client, entry, counts) =>
    appendAuditEvents(client, [
      {
        eventType: 'BARS_IMPORTED',
        entityType: 'BAR_SERIES',
        entityId: entry.id,
        actor: run.actor,
        action: `imported ${counts.inserted + counts.changed + counts.unchanged} bars of ${seriesName(key)}`,
        metadata: { source: run.source, ...counts },
        correlationId: run.runId,
      },
    ]),
  );
}
