import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { queryWindow } from '../../database/window-query.js';
import type { MarketSymbol } from '../../domain/symbol.js';
import type { ReadWindow } from './bar-window.js';
import { listEntries } from './catalog.js';
import { knownBars } from './known-bars.js';

/** How many bars the window holds: of the symbol given, or of all symbols of the window's timeframe together. */
export async function countBars(client: Client, window: ReadWindow, symbol: MarketSymbol | undefined): Promise<number> {
  const { timeframe } = window.key;
  if (symbol !== undefined && !window.open && !window.knownAt) return countIn(client, window, [symbol]);
  const entries = await listEntries(client, symbol === undefined ? { timeframe } : { symbol, timeframe });
  if (window.knownAt) {
    let count = 0;
    for (const key of entries) count += await countKnown(client, { ...window, key }, window.knownAt);
    return count;
  }
  // The catalog is kept in the transaction of every write: whole series need no scan.
  if (window.whole) return entries.reduce((sum, entry) => sum + entry.count, 0);
  const held = entries.filter(({ count }) => count > 0);
  const from = Math.max(window.from.getTime(), Math.min(...held.map(({ first }) => first!.getTime())));
  const to = Math.min(window.to.getTime(), Math.max(...held.map(({ last }) => last!.getTime() + 1)));
  if (from >= to) return 0;
  return countIn(
    client,
    { ...window, from: new Date(from), to: new Date(to) },
    held.map((entry) => entry.symbol),
  );
}

async function countIn(
  client: Client,
  { key, from, to }: ReadWindow,
  symbols: readonly MarketSymbol[],
): Promise<number> {
  const [row] = await queryWindow<[string]>(client, {
    name: 'bars.count',
    text: (inWindow) => `SELECT count(*) FROM ohlcv_bars WHERE symbol = ANY ($1) AND timeframe = $2 AND ${inWindow}`,
    // As PostgreSQL writes an array; no symbol has a quote or a backslash in it.
    values: [`{${symbols.map((symbol) => `"${symbol}"`).join()}}`, key.timeframe],
    ...{ from, to },
  });
  return Number(row![0]);
}

async function countKnown(client: Client, { key, from, to }: ReadWindow, knownAt: Date): Promise<number> {
  const { rows } = await client.query<{ count: string }>({
    text: `SELECT count(*) FROM ${knownBars('timestamp >= $4 AND timestamp < $5')}`,
    values: [key.symbol, key.timeframe, instant(knownAt), instant(from), instant(to)],
  });
  return Number(rows[0]!.count);
}
