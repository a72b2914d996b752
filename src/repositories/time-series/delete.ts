import type { Session } from '../../database/session.js';
import { formatMicroseconds } from '../../domain/microseconds.js';
import { type AuditContext, appendAuditEvents } from '../audit/append.js';
import { arrivalOf, lockExistingSeries, updateBounds } from './catalog.js';
import { inWindow } from './read.js';
import { type AnyTable, seriesText } from './table.js';
import type { ReadWindow } from './window.js';

/** Deletes the window's rows, and one audit event tells of it. Answers how many there were. */
export async function deleteRows(
  session: Session,
  table: Pick<AnyTable, 'relation' | 'subject' | 'seriesColumns'>,
  window: ReadWindow,
  context: AuditContext,
): Promise<number> {
  return session.transaction(async (client) => {
    const { relation, subject } = table;
    const { series } = window;
    const entry = (await lockExistingSeries(client, relation, [series])).get(seriesText(series));
    if (!entry || entry.first === null || entry.last === null) return 0;
    const first = window.first > entry.first ? window.first : entry.first;
    const last = window.last < entry.last ? window.last : entry.last;
    if (first > last) return 0;
    const { text, values } = inWindow(table, { series, first, last });
    const { rowCount } = await client.query(`DELETE FROM ${relation} WHERE ${text}`, [...values]);
    const deleted = rowCount ?? 0;
    if (deleted === 0) return 0;
    const bounds = { first: entry.first, last: entry.last };
    await updateBounds(client, entry, bounds, arrivalOf(relation, entry, { first, last, deleted: true }));
    await appendAuditEvents(client, [
      {
        ...context,
        eventType: 'TIME_SERIES_ROWS_DELETED',
        entityType: 'TIME_SERIES',
        entityId: entry.id,
        action: `deleted ${deleted} ${subject} of ${seriesText(series)}`,
        metadata: { relation, from: formatMicroseconds(first), to: formatMicroseconds(last + 1n), deleted },
      },
    ]);
    return deleted;
  });
}
