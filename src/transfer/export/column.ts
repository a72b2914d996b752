/** What is exported of one series, or, for a table of the ledger, of the whole table. */
export interface ExportPart {
  readonly symbol?: string;
  readonly timeframe?: string;
  /** Of an indicator. */
  readonly name?: string;
  /** Of bars: their volumes count units of 10^-volumeScale. */
  readonly volumeScale?: number;
  /** SQL: which rows. */
  readonly where: string;
}

/**
 * `minute`: an instant without a fraction of a second; `instant`: with microseconds. `bytes`: hexadecimal text. `volume`: counts units of
 * 10^-volumeScale, and is written with that many decimals in text.
 */
type Simple =
  | 'text'
  | 'uuid'
  | 'minute'
  | 'instant'
  | 'date'
  | 'boolean'
  | 'int'
  | 'bigint'
  | 'json'
  | 'bytes'
  | 'volume';

export type ColumnType =
  | Simple
  | { readonly decimal: readonly [precision: number, scale: number] }
  /** Of an order book's levels, best first. */
  | { readonly decimals: readonly [precision: number, scale: number] };

export interface ExportColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable?: true;
  /** The same for all rows of a series: it is not read. */
  readonly of?: 'symbol' | 'timeframe' | 'name' | 'volumeScale';
}

/** SQL, of the row `stored`, of a column's text, as CSV has it: decimals plain with all decimals of their column, instants ISO 8601 with Z, lists by spaces. */
export function textOf({ name, type, of }: ExportColumn, part: ExportPart, quote: (text: string) => string): string {
  if (of !== undefined) return `${quote(String(part[of]))}::text`;
  const column = `stored."${name}"`;
  if (typeof type === 'object') return 'decimal' in type ? `${column}::text` : `array_to_string(${column}, ' ')`;
  switch (type) {
    case 'minute':
      return `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
    case 'instant':
      return `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
    case 'date':
      return `to_char(${column}, 'YYYY-MM-DD')`;
    case 'bytes':
      return `encode(${column}, 'hex')`;
    case 'volume':
      // A product of NUMERIC has the decimals of both factors, so as many as the scale.
      return part.volumeScale ? `(${column} * 0.${'1'.padStart(part.volumeScale, '0')})::text` : `${column}::text`;
    default:
      return `${column}::text`;
  }
}

/** SQL of a column in NDJSON: decimals and 64-bit integers are strings, since most readers make floats of numbers. */
export function jsonOf(column: ExportColumn, part: ExportPart, quote: (text: string) => string): string {
  const { name, type, of } = column;
  if (of === 'volumeScale') return `${part.volumeScale}`;
  if (type === 'int' || type === 'boolean' || type === 'json') return `stored."${name}"`;
  if (typeof type === 'object' && 'decimals' in type) return `stored."${name}"::text[]`;
  return textOf(column, part, quote);
}
