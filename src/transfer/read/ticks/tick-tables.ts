import type { TickRules } from '../../../domain/tick.js';
import { INDICATORS } from '../../../repositories/indicators.js';
import { ORDER_BOOKS } from '../../../repositories/order-books.js';
import { QUOTES } from '../../../repositories/quotes.js';
import type { SeriesName, TimeSeriesTable } from '../../../repositories/time-series/table.js';
import type { AnyOptions } from '../../../repositories/time-series/upsert.js';
import { TRADES } from '../../../repositories/trades.js';
import type { TickPart } from './tick-file.js';
import type { TickKind } from './tick-source.js';

/** A table of any kind; which rows it takes is the part's to know. */
export type TickTable = TimeSeriesTable<object, unknown, unknown, AnyOptions>;

const TABLES = {
  trades: TRADES,
  quotes: QUOTES,
  'order-books': ORDER_BOOKS,
  indicators: INDICATORS,
} as const satisfies Readonly<Record<TickKind, unknown>>;

export function tableOf(kind: TickKind): TickTable {
  return TABLES[kind] as unknown as TickTable;
}

/** How rows of a file are read once they were checked, by the rules of their source. */
export const TICK_RULES: AnyOptions & TickRules & { readonly allowEmptySide: boolean } = {
  allowEmptySide: true,
  allowNonPositive: true,
};

/** The series of rows that all belong to one and stand in the order of time; those of indicators have more to their names. */
export function onlySeries({ kind, symbols, sorted }: TickPart): SeriesName | undefined {
  if (kind === 'indicators' || symbols.length !== 1 || !sorted) return undefined;
  return { symbol: symbols[0]!, timeframe: '', name: '' };
}
