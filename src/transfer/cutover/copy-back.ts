import { PRICE, toScaled } from '../../domain/decimal.js';
import { compareSeries, type Series, type SeriesKey } from '../../domain/series.js';
import { BarPage } from '../../repositories/bars/bar-pages.js';
import { listEntries } from '../../repositories/bars/catalog.js';
import type { BarStore } from '../backends/bar-store.js';
import { drainOutbox } from '../backends/dual/outbox.js';
import { SeriesBars } from '../backends/files/series-bars.js';
import type { CopyParts } from './copy-in.js';

/**
 * Makes the files hold what the database holds, series by series: those that were written since `since`. Both sides are written meanwhile, and the folder's
 * lock is held for one series at a time. Answers how many series were written.
 */
export async function copyBack(
  { files, session }: CopyParts,
  database: BarStore,
  since: Date,
  signal: AbortSignal | undefined,
): Promise<number> {
  const entries = await session.withClient((client) => listEntries(client, {}));
  const changed = await session.withClient((client) =>
    client.query<SeriesKey>('SELECT symbol, timeframe FROM bar_series WHERE updated_at > $1', [since]),
  );
  const names = new Set(changed.rows.map(({ symbol, timeframe }) => `${symbol} ${timeframe}`));
  let written = 0;
  for (const entry of entries.sort(compareSeries)) {
    signal?.throwIfAborted();
    if (!names.has(`${entry.symbol} ${entry.timeframe}`)) continue;
    await files.exclusively(async (writer) => {
      await drainOutbox(session, writer);
      const { symbol, timeframe, volumeScale } = entry;
      await writer.replace(await readAll(database, { symbol, timeframe }, volumeScale));
    });
    written += 1;
  }
  return written;
}

async function readAll(database: BarStore, key: SeriesKey, volumeScale: Series['volumeScale']): Promise<SeriesBars> {
  const page = new BarPage(0);
  const price = (value: Parameters<typeof toScaled>[0]) => toScaled(value, PRICE.scale)!;
  for await (const bar of database.iterate(key)) {
    const { open, high, low, close, vwap, source } = bar;
    page.push(
      {
        timestamp: bar.timestamp.getTime(),
        ...{ open: price(open), high: price(high), low: price(low), close: price(close) },
        volume: toScaled(bar.volume, volumeScale)!,
        vwap: vwap === null ? null : price(vwap),
        source,
      },
      page.length,
    );
    page.createdAt[page.length - 1] = bar.createdAt.getTime();
  }
  return SeriesBars.of(key, volumeScale, page);
}
