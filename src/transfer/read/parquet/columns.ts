import { InvalidInputError, type Problem } from '../../../errors.js';
import type { LayoutDescription } from '../layouts/description.js';
import type { ParquetColumn, ParquetSchema } from './schema.js';

const REQUIRED = ['timestamp', 'open', 'high', 'low', 'close', 'volume'] as const;
const SERIES = ['symbol', 'timeframe'] as const;
export type ParquetField = (typeof REQUIRED)[number] | 'vwap' | (typeof SERIES)[number] | 'volume_scale' | 'source';

/** The columns of one symbol's bars. */
export type FieldColumns = Readonly<Partial<Record<ParquetField, ParquetColumn>>> &
  Readonly<Record<(typeof REQUIRED)[number], ParquetColumn>>;

export interface ParquetMapping {
  /** Several where each symbol has columns of its own; the symbol is undefined where the columns name none. */
  readonly symbols: readonly { readonly symbol: string | undefined; readonly columns: FieldColumns }[];
  readonly leftOut: readonly string[];
  /** Written by an export of ours. */
  readonly own: boolean;
}

type NamedField = Exclude<ParquetField, 'volume_scale' | 'source'>;
type Names = Readonly<Record<NamedField, readonly (readonly string[])[]>>;

/** For each field, groups of names; a later group counts where the file has none of the earlier ones. */
const NAMES: Names = {
  timestamp: [
    ['timestamp', 'date', 'datetime', 'time'],
    ['ts_event', 'open_time', 'opentime', 'window_start', 'start_time', 'trade_date', 'trading_date', 'bar_time', 'ts'],
    ['t'],
  ],
  open: [['open'], ['o']],
  high: [['high'], ['h']],
  low: [['low'], ['l']],
  close: [['close'], ['c']],
  volume: [['volume'], ['vol', 'v']],
  vwap: [['vwap'], ['vw']],
  symbol: [['symbol'], ['ticker'], ['sym', 'instrument', 'tic', 'code', 's']],
  timeframe: [['timeframe'], ['interval', 'freq', 'frequency']],
};

const OWN = [
  'symbol',
  'timeframe',
  'timestamp',
  'open',
  'high',
  'low',
  'close',
  'volume',
  'vwap',
  'source',
  'volume_scale',
];

/**
 * Which columns of a Parquet file are what. Names as pandas writes two levels of them, `('Close', 'AAPL')`, may have the symbol first or last.
 * @throws InvalidInputError `COLUMN_MISSING` or `COLUMN_REPEATED`
 */
export function mapColumns(schema: ParquetSchema, map?: LayoutDescription): ParquetMapping {
  const names = map ? namesOf(map) : NAMES;
  const columns = schema.columns.filter(({ type }) => !isNested(type));
  const own = !map && OWN.every((name) => columns.some((column) => column.name === name));
  const pairs = columns.map((column) => ({ column, pair: readPair(column.written) }));
  const symbols = pairs.some(({ pair }) => pair && symbolOf(pair))
    ? mapPairs(pairs, schema, names)
    : [mapNames(columns, schema, own, names)];
  const used = new Set(symbols.flatMap(({ columns: fields }) => Object.values(fields).map((column) => column?.name)));
  return { symbols, own, leftOut: schema.columns.map(({ name }) => name).filter((name) => !used.has(name)) };
}

/** What a mapping file may say only of texts. */
const OF_TEXTS = [
  ...(['delimiter', 'header', 'namesLine', 'names', 'dates', 'epoch', 'decimal', 'integerPrices', 'missing'] as const),
  ...(['volumeOptional', 'footer'] as const),
];

/** @throws InvalidInputError `MAP_INVALID` */
function namesOf(map: LayoutDescription): Names {
  const problems: Problem[] = [];
  const refuse = (path: string, value: unknown) =>
    problems.push({
      code: 'MAP_INVALID',
      path,
      value,
      rule: 'it is for texts, and the file is Parquet',
      hint: 'leave it out',
    });
  for (const key of OF_TEXTS) if (map[key] !== undefined && map[key] !== false) refuse(key, map[key]);
  for (const field of ['time', 'volumeScale', 'source'] as const) {
    if (map.columns[field] !== undefined) refuse(`columns.${field}`, map.columns[field]);
  }
  if (problems.length > 0) throw new InvalidInputError(problems, 'mapping file');
  const group = (field: NamedField) => {
    const name = map.columns[field];
    return name === undefined ? [] : [[name].flat().map((one) => one.trim().toLowerCase())];
  };
  return Object.fromEntries(Object.keys(NAMES).map((field) => [field, group(field as NamedField)])) as unknown as Names;
}

function isNested(type: string): boolean {
  return /^(?:STRUCT|MAP|UNION|VARIANT|GEOMETRY)\b|\]$/.test(type);
}

type Pair = readonly [string, string];

const TUPLE =
  /^\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*,\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*\)$/;

function readPair(name: string): Pair | undefined {
  const match = TUPLE.exec(name.trim());
  return match ? [match[1] ?? match[2] ?? '', match[3] ?? match[4] ?? ''] : undefined;
}

const FIELD_WORDS = new Set([
  'open',
  'high',
  'low',
  'close',
  'volume',
  'adj close',
  'vwap',
  'dividends',
  'stock splits',
]);

/** What of a pair is no field's name. */
function symbolOf([first, second]: Pair): string | undefined {
  if (FIELD_WORDS.has(first.toLowerCase())) return second || undefined;
  return FIELD_WORDS.has(second.toLowerCase()) ? first || undefined : undefined;
}

function fieldOf(pair: Pair): string {
  return FIELD_WORDS.has(pair[0].toLowerCase()) || pair[1] === '' ? pair[0] : pair[1];
}

function mapPairs(
  pairs: readonly { column: ParquetColumn; pair: Pair | undefined }[],
  schema: ParquetSchema,
  names: Names,
) {
  const bySymbol = new Map<string, ParquetColumn[]>();
  const shared: ParquetColumn[] = [];
  const told = new Map<ParquetColumn, string>();
  for (const { column, pair } of pairs) {
    const symbol = pair && symbolOf(pair);
    told.set(column, pair ? fieldOf(pair) : column.written);
    if (symbol === undefined) shared.push(column);
    else bySymbol.set(symbol, [...(bySymbol.get(symbol) ?? []), column]);
  }
  return [...bySymbol].map(([symbol, columns]) => ({
    symbol,
    columns: mapFields([...shared, ...columns], schema, (column) => told.get(column)!, symbol, names),
  }));
}

function mapNames(columns: readonly ParquetColumn[], schema: ParquetSchema, own: boolean, names: Names) {
  const bare = (column: ParquetColumn) => readPair(column.written)?.[0] ?? column.written;
  const fields = mapFields(columns, schema, bare, undefined, names);
  if (!own) return { symbol: undefined, columns: fields };
  const exact = (name: string) => columns.find((column) => column.name === name)!;
  return { symbol: undefined, columns: { ...fields, volume_scale: exact('volume_scale'), source: exact('source') } };
}

function mapFields(
  columns: readonly ParquetColumn[],
  schema: ParquetSchema,
  nameOf: (column: ParquetColumn) => string,
  symbol: string | undefined,
  names: Names,
): FieldColumns {
  const problems: Problem[] = [];
  const value = schema.columns.map(({ name }) => name);
  const of = symbol === undefined ? '' : ` of ${symbol}`;
  const fields: Partial<Record<ParquetField, ParquetColumn>> = {};
  for (const field of Object.keys(names) as NamedField[]) {
    if (symbol !== undefined && field === 'symbol') continue;
    const [found = []] = names[field]
      .map((group) => columns.filter((column) => group.includes(nameOf(column).trim().toLowerCase())))
      .filter((group) => group.length > 0);
    const column = found[0] ?? (field === 'timestamp' ? indexColumn(columns, schema) : undefined);
    if (found.length > 1) {
      const rule = `${found.length} columns${of} are named so: ${found.map(({ name }) => name).join(', ')}`;
      problems.push({ code: 'COLUMN_REPEATED', path: field, value, rule, hint: `leave one column named ${field}` });
    } else if (column) fields[field] = column;
    else if (REQUIRED.includes(field as (typeof REQUIRED)[number])) {
      const rule = `no column${of} is named ${names[field][0]?.join(', ')}`;
      problems.push({ code: 'COLUMN_MISSING', path: field, value, rule, hint: `name the column ${field}` });
    }
  }
  if (problems.length > 0) throw new InvalidInputError(problems, 'columns');
  return fields as FieldColumns;
}

/** Times of something else than the opening: when a bar closed, or somebody wrote it down. */
const OTHER_TIMES = /close|\bend|_end|creat|updat|modif|insert|ingest|receiv|fetch|load|expir/i;

/** Where no name tells the time: the index of the DataFrame, else the one column that has times. */
function indexColumn(all: readonly ParquetColumn[], { index }: ParquetSchema): ParquetColumn | undefined {
  const columns = all.filter(({ name }) => !OTHER_TIMES.test(name));
  const ofIndex = columns.filter(({ name }) => index.includes(name) || /^__index_level_\d+__$/.test(name));
  const ofTime = (some: readonly ParquetColumn[]) => some.filter(({ type }) => /^(?:TIMESTAMP|DATE$)/.test(type));
  for (const found of [ofTime(ofIndex), ofIndex, ofTime(columns)]) if (found.length === 1) return found[0];
  return undefined;
}
