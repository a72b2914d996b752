import type { Client } from '../database/session.js';
import { Decimal, divideHalfUp, PRICE } from '../domain/decimal.js';
import { dateOf } from '../domain/microseconds.js';
import type { MarketSymbol } from '../domain/symbol.js';
import { intervalSpan, type TickInterval } from '../domain/tick-interval.js';
import type { TradeBar } from '../domain/trade-bar.js';
import { openingAt, spanText } from './time-series/buckets.js';
import { boundedWindow, inWindow, microseconds, order } from './time-series/read.js';
import type { AnyTable } from './time-series/table.js';
import type { ReadWindow } from './time-series/window.js';

type Row = [
  ...[opening: string, open: string, high: string, low: string, close: string],
  ...[volume: string, buyVolume: string, sellVolume: string, turnover: string, trades: string],
];

/** SELECT ... FROM trades WHERE symbol, timestamp >= first AND timestamp <= last GROUP BY date_bin(interval, timestamp) */
export async function readTradeBars(
  client: Client,
  table: Pick<AnyTable, 'relation' | 'seriesColumns' | 'identity'>,
  given: ReadWindow,
  interval: TickInterval,
): Promise<TradeBar[]> {
  const window = await boundedWindow(client, table, given);
  if (!window) return [];
  const { text, values } = inWindow(table, window);
  const { rows } = await client.query<Row>({
    name: 'trades.bars',
    text: `SELECT ${microseconds('opening')}, prices[1], high, low, prices[trades], volume, buy_volume, sell_volume, turnover, trades
           FROM (SELECT ${openingAt(values.length + 1)} AS opening, array_agg(price ORDER BY ${order(table, 'ASC')}) AS prices,
                        max(price) AS high, min(price) AS low, count(*) AS trades, sum(size) AS volume, sum(price * size) AS turnover,
                        coalesce(sum(size) FILTER (WHERE side = 'buy'), 0) AS buy_volume,
                        coalesce(sum(size) FILTER (WHERE side = 'sell'), 0) AS sell_volume
                 FROM trades WHERE ${text} GROUP BY opening) AS bar
           ORDER BY opening`,
    values: [...values, spanText(intervalSpan(interval))],
    rowMode: 'array',
  });
  return rows.map((row) => toTradeBar(window.series.symbol as MarketSymbol, interval, row));
}

function toTradeBar(symbol: MarketSymbol, interval: TickInterval, row: Row): TradeBar {
  const [opening, open, high, low, close, volume, buyVolume, sellVolume, turnover, trades] = row;
  return {
    symbol,
    interval,
    timestamp: dateOf(BigInt(opening)),
    open: new Decimal(open),
    high: new Decimal(high),
    low: new Decimal(low),
    close: new Decimal(close),
    volume: new Decimal(volume),
    buyVolume: new Decimal(buyVolume),
    sellVolume: new Decimal(sellVolume),
    vwap: divideHalfUp(turnover, volume, PRICE.scale),
    trades: Number(trades),
  };
}
