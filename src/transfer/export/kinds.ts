import type { ExportColumn } from './column.js';

/** What can be exported. Each is a file of its name. */
export const EXPORT_KINDS = [
  'bars',
  'trades',
  'quotes',
  'order-books',
  'indicators',
  'trading-ranges',
  'patterns',
  'campaigns',
  'signals',
  'backtest-results',
  'audit-trail',
  'audit-chains',
] as const;
export type ExportKind = (typeof EXPORT_KINDS)[number];

/** The kinds of the ledger, in an order in which each comes after what it refers to. */
export const LEDGER_KINDS = EXPORT_KINDS.slice(EXPORT_KINDS.indexOf('trading-ranges'));

export interface ExportTable {
  readonly kind: ExportKind;
  readonly relation: string;
  readonly columns: readonly ExportColumn[];
  /** SQL, of the row `stored`; within a series for market data. */
  readonly order: string;
  /** The catalog of its series; the ledger has none. */
  readonly catalog?: 'bar_series' | 'time_series';
  /** By what the rows can be selected. */
  readonly symbol: boolean;
  readonly timeframe: boolean;
  /** The column that `from` and `to` are about. */
  readonly time?: string;
}
