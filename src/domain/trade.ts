import { readPrice } from './amount.js';
import { readChoice } from './choice.js';
import type { Decimal, DecimalInput } from './decimal.js';
import { type MicrosecondInput, readMicroseconds } from './microseconds.js';
import type { Report } from './problem.js';
import { readSize } from './size.js';
import type { MarketSymbol } from './symbol.js';
import { isStorable } from './text.js';
import type { TickRules } from './tick.js';

export const TRADE_SIDES = ['buy', 'sell'] as const;
/** Who took: the buyer or the seller. */
export type TradeSide = (typeof TRADE_SIDES)[number];

/** One trade, as the store gives it back; itself a {@link TradeInput}. */
export interface Trade {
  readonly symbol: MarketSymbol;
  /** Microseconds since the epoch. */
  readonly timestamp: bigint;
  /** The source's id; null where it has none. */
  readonly tradeId: string | null;
  /** Of a trade without an id: its place, from 0, among such trades of its symbol and instant. Null for one that has an id. */
  readonly ordinal: number | null;
  readonly price: Decimal;
  readonly size: Decimal;
  /** Who took; null where the source does not say. */
  readonly side: TradeSide | null;
  /** When the store learned of it. */
  readonly createdAt: Date;
}

/** One trade as a caller writes it. */
export interface TradeInput {
  readonly symbol: string;
  /** Microseconds since the epoch, or an instant. */
  readonly timestamp: MicrosecondInput;
  /** At most 64 characters, and no `#` in front. Equal trades of one instant without an id are told apart by how many there are. */
  readonly tradeId?: string | number | bigint | null | undefined;
  /** Above zero, unless allowNonPositive. */
  readonly price: DecimalInput;
  /** Above zero, at most 16 digits before the point and 8 after it. */
  readonly size: DecimalInput;
  /** Who took. */
  readonly side?: TradeSide | null | undefined;
}

/** A trade's own values: price and size x 10^8, the timestamp in microseconds since the epoch. */
export interface ScaledTrade {
  readonly timestamp: bigint;
  readonly tradeId: string | null;
  readonly price: bigint;
  readonly size: bigint;
  readonly side: TradeSide | null;
}

const LONGEST_TRADE_ID = 64;

/** Reads the values of one trade; reports everything that is wrong with it and answers undefined if anything is. */
export function readTrade(
  input: Omit<TradeInput, 'symbol'>,
  rules: TickRules,
  report: Report,
): ScaledTrade | undefined {
  const timestamp = readMicroseconds(input.timestamp, 'timestamp', report, rules.onCut);
  const tradeId = readTradeId(input.tradeId, report);
  const price = readPrice(input.price, 'price', report, rules.allowNonPositive);
  const size = readSize(input.size, 'size', report);
  const side = input.side === undefined || input.side === null ? null : readSide(input.side, report);
  if (timestamp === undefined || tradeId === undefined || price === undefined) return undefined;
  if (size === undefined || side === undefined) return undefined;
  return { timestamp, tradeId, price, size, side };
}

function readSide(value: unknown, report: Report): TradeSide | undefined {
  return readChoice(value, TRADE_SIDES, 'a side', 'side', report);
}

function readTradeId(value: unknown, report: Report): string | null | undefined {
  if (value === undefined || value === null) return null;
  const id = typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : value;
  if (typeof id === 'string' && id !== '' && !id.startsWith('#') && id.length <= LONGEST_TRADE_ID && isStorable(id))
    return id;
  const rule = `a trade id has 1 to ${LONGEST_TRADE_ID} characters, no NUL, and no # in front`;
  report({ code: 'TRADE_ID_INVALID', path: 'tradeId', value, rule, hint: 'leave it out where the source has none' });
  return undefined;
}
