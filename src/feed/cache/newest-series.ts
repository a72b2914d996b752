import type { Client } from '../../database/session.js';
import { RATIO_WINDOW } from '../../domain/bar-ratios.js';
import type { SeriesKey } from '../../domain/series.js';
import type { MarketSymbol } from '../../domain/symbol.js';
import { BAR_BYTES } from './cached-bars.js';
import type { CacheSettings } from './settings.js';

/** The series that were written last, as many as take half of what the cache may hold. */
export async function newestSeries(
  client: Client,
  { bars, rows, bytes }: CacheSettings,
): Promise<{ readonly bars: readonly SeriesKey[]; readonly books: readonly MarketSymbol[] }> {
  const most = Math.floor(Math.min(rows, bytes / BAR_BYTES) / 2 / (bars + RATIO_WINDOW));
  const found = await client.query<SeriesKey>({
    text: `SELECT symbol, timeframe FROM bar_series WHERE bar_count > 0 ORDER BY updated_at DESC, symbol, timeframe LIMIT $1`,
    values: [most],
  });
  const books = await client.query<{ symbol: MarketSymbol }>({
    text: `SELECT symbol FROM time_series WHERE relation = 'order_book_snapshots' AND last_timestamp IS NOT NULL
           ORDER BY last_timestamp DESC, symbol LIMIT $1`,
    values: [most],
  });
  return { bars: found.rows, books: books.rows.map(({ symbol }) => symbol) };
}
