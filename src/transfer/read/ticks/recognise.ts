import { basename } from 'node:path';
import { splitFields } from '../csv-fields.js';
import { BINANCE_AGGREGATE, BINANCE_BEST, BINANCE_TRADE, binanceAggregates, binanceTrades } from './binance.js';
import type { NamingOptions, PlacedFile } from './file-day.js';
import { LEAN_QUOTE, LEAN_TRADE, leanQuotes, leanTrades } from './lean.js';
import { type LineLayout, lineSource } from './line-source.js';
import { LOBSTER_BOOK, LOBSTER_MESSAGE, lobsterBooks, lobsterTrades } from './lobster.js';
import { RECORDED_LINE, recordingSource } from './recording.js';
import type { TickKind, TickSource } from './tick-source.js';
import { ownKind, ownLayout } from './wyckoff.js';

/** The columns of a row that has no names for them. */
type Shape = readonly RegExp[];

interface Headless {
  readonly shapes: readonly Shape[];
  layout(file: PlacedFile, place: Place, options: NamingOptions): LineLayout<'trades'> | LineLayout<'quotes'>;
}

interface Place {
  readonly width: number;
  readonly headerLine: number;
  readonly names: readonly string[] | undefined;
}

/** No row has the shape of two of them, nor a bar's: of daily bars of LEAN, and of klines, each column is a number behind the first. */
const HEADLESS: readonly Headless[] = [
  { shapes: [LEAN_TRADE], layout: (file, _place, options) => leanTrades(file, options) },
  { shapes: [LEAN_QUOTE], layout: (file, _place, options) => leanQuotes(file, options) },
  { shapes: [BINANCE_TRADE, [...BINANCE_TRADE, BINANCE_BEST]], layout: binanceTrades },
  { shapes: [BINANCE_AGGREGATE, [...BINANCE_AGGREGATE, BINANCE_BEST]], layout: binanceAggregates },
  { shapes: [LOBSTER_MESSAGE], layout: (file, _place, options) => lobsterTrades(file, options) },
];

/**
 * How a file with these first lines is read; undefined where they are no rows of trades, quotes, books or indicators. A first line of names that the
 * others are not shaped like is a header.
 */
export function recogniseTicks(
  file: PlacedFile,
  firstLines: readonly string[],
  options: NamingOptions,
): TickSource | undefined {
  const { path, tellingNames } = file;
  const headerLine = firstLines.findIndex((line) => line !== '') + 1;
  const [first, ...rest] = firstLines.filter((line) => line !== '');
  if (first === undefined) return undefined;
  if (RECORDED_LINE.test(first)) return recordingSource(path);
  if (tellingNames.some((name) => /_orderbook_\d+/i.test(basename(name))) && LOBSTER_BOOK.test(first))
    return lobsterBooks(file, options);
  const own = recogniseOwn(first, headerLine);
  if (own) return lineSource(path, ownLayout(...own));
  const rows = [first, ...rest].map((line) => line.split(','));
  for (const { shapes, layout } of HEADLESS) {
    for (const shape of shapes) {
      const named = /[a-z]{2}/i.test(rows[0]![0]!) && !fits(rows[0]!, shape);
      const fitting = rows.filter((row) => fits(row, shape)).length;
      // A bad row among the first ones does not make it another layout.
      if (2 * fitting <= rows.length - (named ? 1 : 0)) continue;
      const place = { width: shape.length, headerLine: named ? headerLine : 0, names: named ? rows[0] : undefined };
      return lineSource(path, layout(file, place, options) as LineLayout<TickKind>);
    }
  }
  return undefined;
}

function fits(row: readonly string[], shape: Shape): boolean {
  return row.length === shape.length && shape.every((pattern, column) => pattern.test(row[column]!));
}

function recogniseOwn(first: string, line: number): Parameters<typeof ownLayout> | undefined {
  let names = splitFields(first, ',') ?? [];
  let headerLine = line;
  if (first.startsWith('{')) {
    try {
      names = Object.keys(JSON.parse(first) as object);
      headerLine = 0;
    } catch {
      return undefined;
    }
  }
  const kind = ownKind(names);
  return kind && [kind, names, headerLine];
}
