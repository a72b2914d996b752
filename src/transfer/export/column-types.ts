import type { ColumnType, ExportColumn } from './column.js';

export const PRICE: ColumnType = { decimal: [18, 8] };
export const SIZE: ColumnType = { decimal: [24, 8] };
export const RATIO: ColumnType = { decimal: [10, 4] };
export const MONEY: ColumnType = { decimal: [12, 2] };

/** Of what the series has in all of its rows. */
export const SYMBOL: ExportColumn = { name: 'symbol', type: 'text', of: 'symbol' };
export const TIMEFRAME: ExportColumn = { name: 'timeframe', type: 'text', of: 'timeframe' };

export function columns(type: ColumnType, ...names: readonly string[]): ExportColumn[] {
  return names.map((name) => ({ name, type }));
}

/** Columns that may be null. */
export function optional(type: ColumnType, ...names: readonly string[]): ExportColumn[] {
  return names.map((name) => ({ name, type, nullable: true as const }));
}
