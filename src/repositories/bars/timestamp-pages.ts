import { copyStored } from '../../database/copy.js';
import type { Client } from '../../database/session.js';
import { queryWindow } from '../../database/window-query.js';
import { WindowPages } from './bar-pages.js';
import type { CatalogEntry } from './catalog.js';
import { askNearby } from './nearby.js';

interface TimestampPage {
  readonly length: number;
  /** Milliseconds since the epoch; those behind `length` mean nothing. */
  readonly timestamp: Float64Array;
}

/** The opening instants of the bars of a window, and nothing else of them. */
export class TimestampPages extends WindowPages<TimestampPage> {
  protected override async readPage(client: Client, query: (columns: string) => string, size: number) {
    const timestamp = new Float64Array(size);
    let length = 0;
    await copyStored(client, query('timestamp'), (row) => {
      timestamp[length] = row.instant();
      length += 1;
    });
    return { length, timestamp };
  }
}

/** The opening instants of the newest `count` bars of a series, newest first. */
export async function readNewestTimestamps(client: Client, entry: CatalogEntry, count: number): Promise<Date[]> {
  const { symbol, timeframe, first, last } = entry;
  if (!first || !last) return [];
  const to = last.getTime() + 1;
  const rows = await askNearby(timeframe, to, first.getTime(), count, (from) =>
    queryWindow<[Date]>(client, {
      name: 'bars.newest-timestamps',
      text: (inWindow) =>
        `SELECT timestamp FROM ohlcv_bars WHERE symbol = $1 AND timeframe = $2 AND ${inWindow} ORDER BY timestamp DESC LIMIT $3`,
      values: [symbol, timeframe, count],
      from,
      to,
    }),
  );
  return rows.map(([timestamp]) => timestamp);
}
