import { Decimal } from '../../domain/decimal.js';
import type { Json } from '../../domain/json.js';

/** A column, and how the driver's value of it is read. What is written is the value's JSON: decimals and instants as text. */
export interface Column<T> {
  readonly name: string;
  readonly read: (value: unknown) => T;
  /** What is written for a value, where that is not its own JSON. */
  readonly write?: (value: unknown) => Json;
  /** What is selected, where that is not the column itself. */
  readonly select?: string;
}

export type Columns = Readonly<Record<string, Column<unknown>>>;

/** The row of a table, by its columns. */
export type RowOf<C extends Columns> = { readonly [K in keyof C]: C[K] extends Column<infer T> ? T : never };

/** A value that the driver gives as it is: text, an INT, a flag, a Date, parsed JSON. */
export function plain<T>(name: string): Column<T> {
  return { name, read: (value) => value as T };
}

/** NUMERIC, which the driver gives as text. */
export function decimal(name: string): Column<Decimal> {
  return { name, read: (value) => new Decimal(value as string) };
}

/** DATE as `YYYY-MM-DD`: the driver would make midnight of some time zone of it. */
export function date(name: string): Column<string> {
  return { name, read: (value) => value as string, select: `${name}::text AS ${name}` };
}

export function orNull<T>(column: Column<T>): Column<T | null> {
  return { ...column, read: (value) => (value === null ? null : column.read(value)) };
}
