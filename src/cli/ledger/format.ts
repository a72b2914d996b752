/** How values of the ledger are written for people. Instants are UTC, and a caption says so. */
import type { Decimal } from '../../domain/decimal.js';

const SHORT_ID = 8;
const PRICE_DECIMALS = 2;

/** The start of an id. `show` and the options take it where no other id starts so. */
export function shortId(id: string): string {
  return id.slice(0, SHORT_ID);
}

/** On one line, and without what controls a terminal. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

/** `2024-05-23 00:10`, with seconds where they are not zero. JSON has the milliseconds. */
export function minute(instant: Date): string {
  return instant
    .toISOString()
    .replace('T', ' ')
    .replace(/(:00)?\.\d{3}Z$/, '');
}

/** The opening instant of a bar: the trading date of a daily one. */
export function barTime(instant: Date, timeframe: string): string {
  return timeframe === '1d' ? instant.toISOString().slice(0, 10) : minute(instant);
}

/** How many decimals prices that stand together are written with: as many as one of them needs, 2 at least. */
export function priceDecimals(prices: readonly Decimal[]): number {
  return prices.reduce((most, price) => Math.max(most, price.decimalPlaces()), PRICE_DECIMALS);
}

export function price(value: Decimal): string {
  return value.toFixed(priceDecimals([value]));
}

/** Of a fraction, which has 4 decimals: exact. */
export function percentOf(fraction: Decimal): string {
  return `${fraction.times(100).toFixed(2)}%`;
}
