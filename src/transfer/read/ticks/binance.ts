import type { Report } from '../../../domain/problem.js';
import type { TradeSide } from '../../../domain/trade.js';
import { type NamingOptions, type PlacedFile, symbolOf } from './file-day.js';
import type { LineLayout } from './line-source.js';

/**
 * Trades of Binance's public data, with a header or without. Spot has one column more than futures, and microseconds from 2025 on.
 * https://github.com/binance/binance-public-data
 */

const NUMBER = /^\d+(?:\.\d+)?$/;
const ID = /^-?\d+$/;
const EPOCH = /^\d{12,16}$/;
const BOOLEAN = /^(?:true|false)$/i;

/** Id, price, quantity, quote quantity, time, whether the buyer was the maker; for spot, whether the price was the best. */
export const BINANCE_TRADE = [ID, NUMBER, NUMBER, NUMBER, EPOCH, BOOLEAN];
/** Id, price, quantity, first and last trade, time, whether the buyer was the maker; for spot, whether the price was the best. */
export const BINANCE_AGGREGATE = [ID, NUMBER, NUMBER, ID, ID, EPOCH, BOOLEAN];
export const BINANCE_BEST = BOOLEAN;

export interface BinanceShape {
  readonly width: number;
  readonly headerLine: number;
  /** Of a header; else what they are. */
  readonly names?: readonly string[] | undefined;
}

export function binanceTrades(
  file: PlacedFile,
  { width, headerLine, names }: BinanceShape,
  options: NamingOptions,
): LineLayout<'trades'> {
  const known = ['id', 'price', 'qty', 'quote_qty', 'time', 'is_buyer_maker', 'is_best_match'];
  const symbol = symbolOf(file, options);
  return {
    layout: 'binance-trades',
    kind: 'trades',
    mapping: mappingOf(names ?? known, 4),
    width,
    headerLine,
    leftOut: pick(names ?? known, [3, 6], width),
    read([id, price, size, , time, maker], _tally, report) {
      return readTrade(symbol, [id!, price!, size!, time!, maker!], report);
    },
    notices: () => [],
  };
}

export function binanceAggregates(
  file: PlacedFile,
  { width, headerLine, names }: BinanceShape,
  options: NamingOptions,
): LineLayout<'trades'> {
  const known = [
    'agg_trade_id',
    'price',
    'quantity',
    'first_trade_id',
    'last_trade_id',
    'transact_time',
    'is_buyer_maker',
    'is_best_match',
  ];
  const symbol = symbolOf(file, options);
  return {
    layout: 'binance-agg-trades',
    kind: 'trades',
    mapping: mappingOf(names ?? known, 5),
    width,
    headerLine,
    leftOut: pick(names ?? known, [3, 4, 7], width),
    read([id, price, size, , , time, maker], _tally, report) {
      return readTrade(symbol, [id!, price!, size!, time!, maker!], report);
    },
    notices: () => [
      'each row is the trades of one order at one price: do not import the single trades of the same time as well',
    ],
  };
}

/** `time` is where the time stands; behind it is who was the maker. */
function mappingOf(names: readonly string[], time: number): Record<string, string> {
  const [tradeId, price, size] = names;
  return { timestamp: names[time]!, tradeId: tradeId!, price: price!, size: size!, side: names[time + 1]! };
}

function pick(names: readonly string[], places: readonly number[], width: number): string[] {
  return places.filter((place) => place < width).map((place) => names[place] ?? `column ${place + 1}`);
}

function readTrade(
  symbol: string,
  [tradeId, price, size, time, maker]: readonly [string, string, string, string, string],
  report: Report,
) {
  const timestamp = readEpoch(time, report);
  const side = readSide(maker, report);
  if (timestamp === undefined || side === undefined) return undefined;
  return { symbol, timestamp, tradeId, price, size, side };
}

/** Milliseconds or microseconds: the years from 1973 to 5138, or from 1973 on. */
function readEpoch(text: string, report: Report): bigint | undefined {
  if (EPOCH.test(text)) return BigInt(text) * (text.length < 15 ? 1000n : 1n);
  const rule = 'a time is milliseconds or microseconds since the epoch';
  report({ code: 'INSTANT_INVALID', path: 'timestamp', value: text, rule });
  return undefined;
}

/** Where the buyer was the maker, the seller took. */
function readSide(maker: string, report: Report): TradeSide | undefined {
  if (BOOLEAN.test(maker)) return maker.toLowerCase() === 'true' ? 'sell' : 'buy';
  report({
    code: 'BOOLEAN_INVALID',
    path: 'side',
    value: maker,
    rule: 'whether the buyer was the maker is true or false',
  });
  return undefined;
}
