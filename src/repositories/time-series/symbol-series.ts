import type { Report } from '../../domain/problem.js';
import { readSymbol } from '../../domain/symbol.js';
import type { SeriesName, WriteOptions } from './table.js';
import type { NanosecondOption } from './upsert.js';

/** Names the trades, the quotes or the books of a symbol. */
export interface SymbolKey {
  readonly symbol: string;
}

/** How ticks are written. */
export interface TickWriteOptions extends WriteOptions, NanosecondOption {
  /** Takes prices at or below zero. */
  readonly allowNonPositive?: boolean | undefined;
}

/** The series of a symbol, which has no timeframe and no name. */
export function readSymbolSeries(key: SymbolKey, report: Report): SeriesName | undefined {
  const symbol = readSymbol(key.symbol, 'symbol', report);
  return symbol && { symbol, timeframe: '', name: '' };
}
