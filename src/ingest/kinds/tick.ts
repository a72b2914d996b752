import { formatScaled, PRICE } from '../../domain/decimal.js';
import type { Report } from '../../domain/problem.js';
import { readSymbol } from '../../domain/symbol.js';

/** What trades, quotes and order books share: a symbol, and microseconds since the epoch. */
export interface TickRow {
  readonly symbol: string;
  readonly timestamp: bigint;
}

export const seriesOf = ({ symbol }: TickRow): string => symbol;
export const instantOf = ({ timestamp }: TickRow): string => timestamp.toString();

/** Sizes have the decimals of prices. */
export const amount = (scaled: bigint): string => formatScaled(scaled, PRICE.scale);
export const optionalAmount = (scaled: bigint | null): string | null => (scaled === null ? null : amount(scaled));

/** The symbol of a caller's row. */
export function symbolOf(input: { readonly symbol: string }, report: Report): string | undefined {
  return readSymbol(input.symbol, 'symbol', report);
}

const MILLISECONDS_END = '2024-01-02T14:30:00.123'.length;

/** Microseconds since the epoch from what `formatMicroseconds` made of them. */
export function parseMicroseconds(text: string): bigint {
  const milliseconds = Date.parse(`${text.slice(0, MILLISECONDS_END)}Z`);
  return BigInt(milliseconds) * 1000n + BigInt(text.slice(MILLISECONDS_END, -1));
}
