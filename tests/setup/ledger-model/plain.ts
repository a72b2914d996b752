import type { QueryResult } from 'pg';
import { Decimal } from '../../../src/index.js';
import { canonical } from './amounts.js';
import { directionOfLevels } from './range-moves.js';
import type { Plain, Row } from './rows.js';
import { printInstant } from './values.js';

type PlainObject = { readonly [key: string]: Plain };

/** Decimals and Dates as text, at any depth. */
export function toPlain(value: unknown): Plain {
  if (Decimal.isDecimal(value)) return value.toFixed();
  if (value instanceof Date) return printInstant(value.getTime());
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== 'object' || value === null) return value as Plain;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toPlain(each)]));
}

/** What a repository answered, by the names of the columns. */
export function plainEntity(entity: object): PlainObject {
  const entries = Object.entries(entity).map(([field, value]) => {
    const column = field.replace(/[A-Z]|\d+$/g, (part) => `_${part.toLowerCase()}`);
    return [column, column === 'approval_chain' && value === null ? {} : toPlain(value)];
  });
  return Object.fromEntries(entries);
}

const NUMERIC = 1700;

/** Rows as the driver gives them; NUMERIC without its trailing zeros. */
export function plainRows({ rows, fields }: QueryResult): PlainObject[] {
  const numeric = new Set(fields.filter(({ dataTypeID }) => dataTypeID === NUMERIC).map(({ name }) => name));
  return rows.map((row: Readonly<Record<string, unknown>>) => {
    const entries = Object.entries(row).map(([column, value]) => [
      column,
      numeric.has(column) && value !== null ? canonical(String(value)) : toPlain(value),
    ]);
    return Object.fromEntries(entries) as PlainObject;
  });
}

/** A row of the model as a repository answers it: a range also offers its levels under their usual names. */
export function asAnswered(row: Row): PlainObject {
  const plain = row as unknown as PlainObject;
  if (!('jump_target' in row)) return plain;
  return {
    ...plain,
    support_price: row.creek_level,
    resistance_price: row.ice_level,
    direction: directionOfLevels(row),
  };
}
