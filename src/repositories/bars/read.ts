import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { queryWindow } from '../../database/window-query.js';
import type { Bar } from '../../domain/bar.js';
import { BAR_COLUMNS, type BarRow, toBar } from './bar-rows.js';
import type { ReadWindow } from './bar-window.js';
import { findEntry } from './catalog.js';
import { knownBars, readKnownBars } from './known-bars.js';
import { askNearby } from './nearby.js';

const IN_SERIES = 'symbol = $1 AND timeframe = $2';

/** SELECT ... FROM ohlcv_bars WHERE symbol, timeframe, timestamp >= from AND timestamp < to ORDER BY timestamp LIMIT limit */
export async function readRange(client: Client, given: ReadWindow, limit?: number): Promise<Bar[]> {
  const window = await boundedWindow(client, given);
  if (!window) return [];
  const { key, from, to, knownAt } = window;
  if (knownAt) return readKnownBars(client, key, knownAt, { from, to, limit, direction: 'ASC' });
  const select = `SELECT ${BAR_COLUMNS} FROM ohlcv_bars WHERE ${IN_SERIES} AND`;
  if (limit === undefined) {
    const rows = await queryWindow<BarRow>(client, {
      name: 'bars.range',
      text: (inWindow) => `${select} ${inWindow} ORDER BY timestamp`,
      values: [key.symbol, key.timeframe],
      ...{ from, to },
    });
    return rows.map((row) => toBar(key, row));
  }
  // A page ends long before its window does, as a rule: TimescaleDB then opens the chunks one after the other.
  const { rows } = await client.query<BarRow>({
    name: 'bars.page',
    text: `${select} timestamp >= $3 AND timestamp < $4 ORDER BY timestamp LIMIT $5`,
    values: [key.symbol, key.timeframe, instant(from), instant(to), limit],
    rowMode: 'array',
  });
  return rows.map((row) => toBar(key, row));
}

/** The newest `limit` bars of the window, oldest of them first; looks from the series' last bar backwards, no further than it must. */
export async function readLatest(client: Client, window: ReadWindow, limit: number): Promise<Bar[]> {
  const { key, knownAt } = window;
  const entry = await findEntry(client, key);
  if (knownAt) {
    return entry ? readKnownBars(client, key, knownAt, { ...window, limit, direction: 'DESC' }) : [];
  }
  if (!entry?.first || !entry.last) return [];
  const first = Math.max(entry.first.getTime(), window.from.getTime());
  const end = Math.min(entry.last.getTime() + 1, window.to.getTime());
  if (end <= first) return [];
  const rows = await askNearby(key.timeframe, end, first, limit, (bound) =>
    queryWindow<BarRow>(client, {
      name: 'bars.latest',
      text: (inWindow) =>
        `SELECT ${BAR_COLUMNS} FROM ohlcv_bars WHERE ${IN_SERIES} AND ${inWindow} ORDER BY timestamp DESC LIMIT $3`,
      values: [key.symbol, key.timeframe, limit],
      ...{ from: bound, to: end },
    }),
  );
  return rows.reverse().map((row) => toBar(key, row));
}

/** The opening instants of the window's bars, oldest first. */
export async function readTimestamps(client: Client, given: ReadWindow): Promise<Date[]> {
  const window = await boundedWindow(client, given);
  if (!window) return [];
  const { key, from, to, knownAt } = window;
  if (knownAt) {
    const { rows } = await client.query<[Date]>({
      text: `SELECT timestamp FROM ${knownBars('timestamp >= $4 AND timestamp < $5')} ORDER BY timestamp`,
      values: [key.symbol, key.timeframe, instant(knownAt), instant(from), instant(to)],
      rowMode: 'array',
    });
    return rows.map(([timestamp]) => timestamp);
  }
  const rows = await queryWindow<[Date]>(client, {
    name: 'bars.timestamps',
    text: (inWindow) => `SELECT timestamp FROM ohlcv_bars WHERE ${IN_SERIES} AND ${inWindow} ORDER BY timestamp`,
    values: [key.symbol, key.timeframe],
    ...{ from, to },
  });
  return rows.map(([timestamp]) => timestamp);
}

/**
 * The window with both bounds inside the series, from the catalog where the caller named none: a read without time bounds makes TimescaleDB
 * plan every chunk there is. Undefined where the series has no bars. What was known once may lie outside what is there now, so a read with
 * knownAt keeps the bounds it has.
 */
export async function boundedWindow(client: Client, window: ReadWindow): Promise<ReadWindow | undefined> {
  if (window.knownAt || !window.open) return window;
  const entry = await findEntry(client, window.key);
  if (!entry?.first || !entry.last) return undefined;
  const from = new Date(Math.max(window.from.getTime(), entry.first.getTime()));
  const to = new Date(Math.min(window.to.getTime(), entry.last.getTime() + 1));
  return from < to ? { ...window, from, to } : undefined;
}
