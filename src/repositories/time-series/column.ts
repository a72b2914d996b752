import type { BinaryRowReader } from '../../database/copy-reader.js';
import type { BinaryRowWriter } from '../../database/copy-writer.js';
import type { Json } from '../../domain/json.js';

/** A value as it is compared and copied: decimals x 10^8, text, whole numbers, JSON as {@link canonicalJson}. */
export type Cell = bigint | string | null | readonly bigint[];

/** A column of a time series, between a cell and a binary COPY. */
export interface Column {
  readonly name: string;
  /** SQL, of a column that holds whatever a cell may be. */
  readonly type: string;
  write(row: BinaryRowWriter, cell: Cell): void;
  read(row: BinaryRowReader): Cell;
}

/** NUMERIC of at most 8 decimals. */
export function decimal(name: string): Column {
  return {
    name,
    type: 'numeric',
    write: (row, cell) => row.scaled(cell as bigint | null, 8),
    read: (row) => (row.takeNull() ? null : row.scaled(8, 0n)),
  };
}

/** NUMERIC[] of at most 8 decimals. */
export function decimals(name: string): Column {
  return {
    name,
    type: 'numeric[]',
    write: (row, cell) => row.scaledArray(cell as readonly bigint[], 8),
    read: (row) => row.scaledArray(8),
  };
}

export function text(name: string): Column {
  return { name, type: 'text', write: (row, cell) => row.text(cell as string | null), read: (row) => row.text() };
}

export function wholeNumber(name: string): Column {
  return {
    name,
    type: 'bigint',
    write: (row, cell) => (cell === null ? row.null() : row.int8(cell as bigint)),
    read: (row) => (row.takeNull() ? null : row.int8()),
  };
}

export function json(name: string): Column {
  return {
    name,
    type: 'jsonb',
    write: (row, cell) => row.jsonb(cell as string),
    read: (row) => canonicalJson(JSON.parse(row.jsonb()) as Json),
  };
}

/** JSON text with the keys in one order: documents that say the same have the same text. JSONB keeps no order of its caller's. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(value, (_, part: Json) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

export function sameCells(one: readonly Cell[], other: readonly Cell[]): boolean {
  return one.every((cell, index) => sameCell(cell, other[index]!));
}

function sameCell(one: Cell, other: Cell): boolean {
  if (one === other) return true;
  if (!Array.isArray(one) || !Array.isArray(other)) return false;
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
