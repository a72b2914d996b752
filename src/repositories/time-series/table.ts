import type { Report } from '../../domain/problem.js';
import type { Cell, Column } from './column.js';

/** Names a series of one table. `timeframe` and `name` are those of an indicator, and empty elsewhere. */
export interface SeriesName {
  readonly symbol: string;
  readonly timeframe: string;
  readonly name: string;
}

/** A row's own values. */
export interface Entry {
  /** Microseconds since the epoch. */
  readonly timestamp: bigint;
  /** Tells it from the other rows of its instant; null where the source gave none. */
  readonly id: Cell;
  readonly values: readonly Cell[];
}

/** A row as a caller gave it, with its position. */
export interface GivenEntry extends Entry {
  readonly row: number;
}

/** A row of an instant that has several is known by this column. */
export interface Identity {
  readonly column: Column;
  /** The field that a caller knows it by. */
  readonly field: string;
  /** SQL that sorts the rows of an instant. */
  readonly order: readonly string[];
  /** The place, from 0, among the rows of its instant that this id gives; undefined for an id that the source gave and that is no place. */
  placeOf(id: Cell): bigint | undefined;
  idAt(place: bigint): Cell;
}

/** All that tells one table of time series from another. */
export interface TimeSeriesTable<Input, Row, Key, Options extends WriteOptions> {
  readonly relation: 'trades' | 'quotes' | 'order_book_snapshots' | 'indicators';
  /** What the rows are called in messages. */
  readonly subject: string;
  readonly seriesColumns: readonly (keyof SeriesName)[];
  /** Without one, a series has one row at an instant. */
  readonly identity?: Identity;
  /** A row that is stored is not replaced by one with other values unless the caller says so. */
  readonly facts?: boolean;
  readonly values: readonly Column[];
  readonly derived?: { readonly columns: readonly Column[]; of(values: readonly Cell[]): readonly Cell[] };
  /** SQL of what `toRow` gets behind the timestamp. */
  readonly select: readonly string[];
  readSeries(key: Key | Input, report: Report): SeriesName | undefined;
  readEntry(input: Input, series: SeriesName, rules: ReadRules<Options>, report: Report): Entry | undefined;
  /** `timestamp` is in microseconds since the epoch. */
  toRow(series: SeriesName, timestamp: bigint, fields: readonly unknown[]): Row;
}

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
}

export type ReadRules<Options> = Options & {
  /** Called for a row whose nanoseconds are cut; absent where those are refused. */
  readonly onCut?: (() => void) | undefined;
};

export type AnyTable = TimeSeriesTable<never, unknown, never, never>;

export function seriesText({ symbol, timeframe, name }: SeriesName): string {
  return [symbol, timeframe, name].filter((part) => part !== '').join(' ');
}

/** `symbol = $1 AND ...`, and the values. */
export function inSeries(table: Pick<AnyTable, 'seriesColumns'>, series: SeriesName): [sql: string, values: string[]] {
  const sql = table.seriesColumns.map((column, index) => `${column} = $${index + 1}`).join(' AND ');
  return [sql, table.seriesColumns.map((column) => series[column])];
}
