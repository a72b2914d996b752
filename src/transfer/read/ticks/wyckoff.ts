import { readMicroseconds } from '../../../domain/microseconds.js';
import type { BookLevel } from '../../../domain/order-book.js';
import type { Report } from '../../../domain/problem.js';
import { readSymbol } from '../../../domain/symbol.js';
import { readInstant } from '../../../domain/time.js';
import type { Timeframe } from '../../../domain/timeframe.js';
import type { TradeSide } from '../../../domain/trade.js';
import type { LineLayout } from './line-source.js';
import type { TickInputs, TickKind } from './tick-source.js';

/**
 * What an export of ours writes of ticks and indicators: CSV with a header, a JSON object a line, or Parquet, of the same names. Instants are ISO 8601 with
 * `Z` and microseconds, decimals are plain, the prices and sizes of a book are lists, the value of an indicator is JSON.
 */

export type Fields = Readonly<Record<string, unknown>>;

interface OwnKind<Kind extends TickKind> {
  /** Columns that a file of this kind has. */
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** `json` reads a JSON value. */
  row(fields: Fields, symbol: string, report: Report, json: typeof readJson): TickInputs[Kind] | undefined;
}

/** A field that is empty says that there is nothing. */
const text = (value: unknown) => (value === undefined || value === null || value === '' ? null : String(value));
/** As it is: a number with a fraction has been a float in somebody's hands, and is refused as one. */
const amount = (value: unknown) => (typeof value === 'number' ? value : text(value));
const instant = (value: unknown, report: Report) => readMicroseconds(text(value) ?? '', 'timestamp', report);

const OWN: { readonly [Kind in TickKind]: OwnKind<Kind> } = {
  trades: {
    required: ['symbol', 'timestamp', 'price', 'size'],
    optional: ['trade_id', 'side'],
    row(fields, symbol, report) {
      const timestamp = instant(fields.timestamp, report);
      if (timestamp === undefined) return undefined;
      const [price, size] = [amount(fields.price) ?? '', amount(fields.size) ?? ''];
      // A place among the trades of an instant, which they get again: an export has them in that order.
      const tradeId = text(fields.trade_id);
      return {
        symbol,
        timestamp,
        tradeId: tradeId?.startsWith('#') ? null : tradeId,
        price,
        size,
        side: text(fields.side) as TradeSide | null,
      };
    },
  },
  quotes: {
    required: ['symbol', 'timestamp', 'bid_price', 'bid_size', 'ask_price', 'ask_size'],
    optional: ['sequence'],
    row(fields, symbol, report) {
      const timestamp = instant(fields.timestamp, report);
      const sequence = text(fields.sequence);
      if (sequence !== null && !/^\d{1,19}$/.test(sequence)) {
        const rule = 'a sequence is a whole number from 0 that fits 64 bits';
        report({ code: 'SEQUENCE_INVALID', path: 'sequence', value: sequence, rule });
        return undefined;
      }
      if (timestamp === undefined) return undefined;
      return {
        ...{ symbol, timestamp, sequence: sequence === null ? null : BigInt(sequence) },
        ...{ bidPrice: amount(fields.bid_price), bidSize: amount(fields.bid_size) },
        ...{ askPrice: amount(fields.ask_price), askSize: amount(fields.ask_size) },
      };
    },
  },
  'order-books': {
    required: ['symbol', 'timestamp', 'bid_prices', 'bid_sizes', 'ask_prices', 'ask_sizes'],
    optional: [],
    row(fields, symbol, report) {
      const timestamp = instant(fields.timestamp, report);
      const bids = readLevels(fields.bid_prices, fields.bid_sizes, 'bids', report);
      const asks = readLevels(fields.ask_prices, fields.ask_sizes, 'asks', report);
      return timestamp !== undefined && bids && asks ? { symbol, timestamp, bids, asks } : undefined;
    },
  },
  indicators: {
    required: ['symbol', 'timeframe', 'name', 'timestamp', 'value'],
    optional: [],
    row(fields, symbol, report, json) {
      const timestamp = readInstant(text(fields.timestamp) ?? '', 'timestamp', report);
      const value = json(fields.value, 'value', report);
      if (timestamp === undefined || value === undefined) return undefined;
      return {
        symbol,
        timeframe: text(fields.timeframe) as Timeframe,
        name: text(fields.name) ?? '',
        timestamp,
        value,
      };
    },
  },
};

/** The kind of rows that have these names, if they are of an export. */
export function ownKind(names: readonly string[]): TickKind | undefined {
  const kinds = Object.keys(OWN) as TickKind[];
  return kinds.find((kind) => OWN[kind].required.every((name) => names.includes(name)));
}

/** `names` are those of the header, `headerLine` its line; of JSON objects, those of the first one, and there is no header. */
export function ownLayout(kind: TickKind, names: readonly string[], headerLine: number): LineLayout<TickKind> {
  const isObject = headerLine === 0;
  const read = ownRows(kind, isObject);
  return {
    layout: isObject ? `wyckoff-${kind}-ndjson` : `wyckoff-${kind}`,
    kind,
    ...ownColumns(kind, names),
    own: true,
    delimiter: isObject ? null : ',',
    width: isObject ? 1 : names.length,
    headerLine,
    read(fields, _tally, report) {
      const values = isObject
        ? readObject(fields[0]!, report)
        : Object.fromEntries(names.map((name, column) => [name, fields[column]]));
      return values && read(values, report);
    },
    notices: () => [],
  };
}

/** Which of these columns are read, each as what it is called, and which are not. */
export function ownColumns(kind: TickKind, names: readonly string[]) {
  const { required, optional } = OWN[kind];
  const read = [...required, ...optional].filter((name) => names.includes(name));
  return {
    mapping: Object.fromEntries(read.map((name) => [name, name])),
    leftOut: names.filter((name) => !read.includes(name)),
  };
}

/** Reads rows by the names of their columns. `parsed`: documents are JSON values already, and no JSON text. */
export function ownRows(kind: TickKind, parsed: boolean) {
  const { row } = OWN[kind];
  const json = parsed ? (value: unknown) => value : readJson;
  const symbols = new Map<unknown, string>();
  return (values: Fields, report: Report): TickInputs[TickKind] | undefined => {
    const symbol = symbols.get(values.symbol) ?? readSymbol(values.symbol, 'symbol', report);
    if (symbol === undefined) return undefined;
    if (symbols.size < MOST_SYMBOLS) symbols.set(values.symbol, symbol);
    return row(values, symbol, report, json);
  };
}

/** Spellings that are remembered. */
const MOST_SYMBOLS = 10_000;

function readObject(line: string, report: Report): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  } catch {
    // reported below
  }
  report({ code: 'JSON_INVALID', path: '', value: line, rule: 'a line is a JSON object' });
  return undefined;
}

/** Lists by spaces, in JSON arrays. */
function readLevels(prices: unknown, sizes: unknown, path: string, report: Report): BookLevel<string>[] | undefined {
  const [own, theirs] = [listOf(prices), listOf(sizes)];
  if (own.length === theirs.length) return own.map((price, place) => [price, theirs[place]!]);
  const rule = 'a side has as many sizes as prices';
  report({ code: 'BOOK_LEVELS_INVALID', path, value: `${own.length} prices, ${theirs.length} sizes`, rule });
  return undefined;
}

function listOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return text(value)?.split(' ') ?? [];
}

function readJson(value: unknown, path: string, report: Report): unknown {
  try {
    return JSON.parse(String(value)) as unknown;
  } catch {
    report({ code: 'JSON_INVALID', path, value, rule: 'not JSON' });
    return undefined;
  }
}
