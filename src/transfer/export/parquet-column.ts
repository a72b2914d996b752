import type { SchemaElement } from 'hyparquet-writer';
import type { BinaryRowReader } from '../../database/copy-reader.js';
import type { ExportColumn } from './column.js';

/** A column of a Parquet file, and where its values come from. */
export interface ParquetColumn {
  readonly name: string;
  readonly elements: readonly SchemaElement[];
  /** SQL of the field that {@link read} takes, of the row `stored`. */
  readonly select: string;
  read(row: BinaryRowReader): unknown;
  /** Where a typed array holds its values, 64-bit integers that are never null: reads one into its place, see `BinaryRowReader`. */
  readonly readTo: ReadTo | undefined;
  /** Whether a row group tells its least and greatest value, by which a reader skips it: not where nobody selects by it. */
  readonly bounds: boolean;
}

type ReadTo = (row: BinaryRowReader, halves: Int32Array, place: number) => void;

const INT64_DIGITS = 18;

const STRING = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
const INT64 = { type: 'INT64' } as const;
const MICROSECONDS = {
  type: 'INT64',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
} as const;

interface Physical {
  readonly element: Omit<SchemaElement, 'name' | 'repetition_type'>;
  /** SQL, given the column's. */
  readonly select: (column: string) => string;
  readonly read: (row: BinaryRowReader) => unknown;
  readonly readTo?: ReadTo;
}

/** Decimals are raw integers: value x 10^scale. */
export function parquetColumn({ name, type, nullable, of }: ExportColumn): ParquetColumn {
  if (typeof type === 'object' && 'decimals' in type) return listColumn(name, ...type.decimals);
  const { element, select, read, readTo } = physical(type);
  const required = !nullable;
  return {
    name,
    elements: [{ ...element, name, repetition_type: required ? 'REQUIRED' : 'OPTIONAL' }],
    select: select(`stored."${name}"`),
    read: required ? read : (row) => (row.takeNull() ? null : read(row)),
    readTo: required ? readTo : undefined,
    bounds: of !== undefined || element === MICROSECONDS,
  };
}

function physical(type: Exclude<ExportColumn['type'], { decimals: unknown }>): Physical {
  if (typeof type === 'object') return decimal(...type.decimal);
  switch (type) {
    case 'minute':
    case 'instant':
      return {
        ...{ element: MICROSECONDS, select: (column) => column, read: (row) => row.microseconds() },
        readTo: (row, halves, place) => row.microsecondsTo(halves, place),
      };
    case 'date':
      return {
        element: { type: 'INT32', converted_type: 'DATE' },
        select: (column) => `(${column} - DATE '1970-01-01')::int8`,
        read: (row) => Number(row.int8()),
      };
    case 'boolean':
      return {
        element: { type: 'BOOLEAN' },
        select: (column) => `${column}::int::int8`,
        read: (row) => row.int8() === 1n,
      };
    case 'int':
      return { element: { type: 'INT32' }, select: (column) => `${column}::int8`, read: (row) => Number(row.int8()) };
    case 'bigint':
    case 'volume':
      return {
        ...{ element: INT64, select: (column) => column, read: (row) => row.int8() },
        readTo: (row, halves, place) => row.int8To(halves, place),
      };
    case 'bytes':
      return { element: STRING, select: (column) => `encode(${column}, 'hex')`, read: (row) => row.text() };
    default:
      return { element: STRING, select: (column) => `${column}::text`, read: (row) => row.text() };
  }
}

function decimal(precision: number, scale: number): Physical {
  // NUMERIC travels in groups of four digits; what does not fill one is multiplied until it does.
  const groups = (scale - (scale % 4)) as 0 | 4 | 8;
  const factor = 10 ** (scale % 4);
  const element = decimalElement(precision, scale);
  return {
    element,
    select: (column) => (factor === 1 ? column : `${column} * ${factor}`),
    read: (row) => row.scaled(groups, 0n),
    ...(element.type === 'INT64' && { readTo: (row, halves, place) => row.scaledTo(groups, halves, place) }),
  };
}

function decimalElement(precision: number, scale: number): Omit<SchemaElement, 'name'> {
  const type = { type: 'DECIMAL', precision, scale } as const;
  if (precision <= INT64_DIGITS) return { type: 'INT64', logical_type: type, precision, scale };
  const bytes = Math.ceil((precision * Math.log2(10) + 1) / 8);
  return {
    ...{ type: 'FIXED_LEN_BYTE_ARRAY', type_length: bytes, converted_type: 'DECIMAL' },
    ...{ logical_type: type, precision, scale },
  };
}

/** https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists */
function listColumn(name: string, precision: number, scale: number): ParquetColumn {
  return {
    name,
    elements: [
      { name, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { ...decimalElement(precision, scale), name: 'element', repetition_type: 'REQUIRED' },
    ],
    select: `stored."${name}"`,
    read: (row) => row.scaledArray(8),
    readTo: undefined,
    bounds: false,
  };
}
