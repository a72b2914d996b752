import type { Bar } from '../domain/bar.js';
import type { Decimal } from '../domain/decimal.js';
import { formatInstant } from '../domain/time.js';
import type { OutputRow } from './output.js';
import type { Column } from './table.js';

/** The columns of bars in CSV and JSON; `wyckoff import` reads what this writes. */
export const BAR_COLUMNS = [
  ...['symbol', 'timeframe', 'timestamp', 'open', 'high', 'low', 'close', 'volume'],
  ...['spread', 'spread_ratio', 'volume_ratio', 'vwap', 'source'],
];

/** Those of the table for people, without the series, which its caption names. */
export const BAR_TABLE: readonly Column[] = [
  { title: 'timestamp' },
  ...['open', 'high', 'low', 'close', 'volume'].map((title) => ({ title, align: 'right' }) as const),
  ...['spread', 'spread ratio', 'volume ratio', 'vwap'].map(
    (title) => ({ title, align: 'right', optional: true }) as const,
  ),
  { title: 'source', optional: true },
];

export async function* barRows(bars: Iterable<Bar> | AsyncIterable<Bar>): AsyncGenerator<OutputRow> {
  for await (const bar of bars) {
    yield {
      ...{ symbol: bar.symbol, timeframe: bar.timeframe, timestamp: formatInstant(bar.timestamp) },
      ...{ open: bar.open.toFixed(), high: bar.high.toFixed(), low: bar.low.toFixed(), close: bar.close.toFixed() },
      ...{ volume: bar.volume.toFixed(), spread: bar.spread.toFixed() },
      ...{ spread_ratio: bar.spreadRatio.toFixed(), volume_ratio: bar.volumeRatio.toFixed() },
      ...{ vwap: bar.vwap?.toFixed() ?? null, source: bar.source },
    };
  }
}

/** Cells of {@link BAR_TABLE}: as many decimals in a column as its widest value needs, so that the points stand below each other. */
export function barCells(bars: readonly Bar[]): string[][] {
  const decimals = mostDecimals(bars.flatMap(({ open, high, low, close }) => [open, high, low, close]));
  const priceDecimals = Math.max(2, decimals);
  const volumeDecimals = mostDecimals(bars.map((bar) => bar.volume));
  const vwapDecimals = mostDecimals(bars.flatMap((bar) => bar.vwap ?? []));
  return bars.map((bar) => [
    bar.timeframe === '1d' ? formatInstant(bar.timestamp).slice(0, 10) : formatInstant(bar.timestamp),
    ...[bar.open, bar.high, bar.low, bar.close].map((price) => price.toFixed(priceDecimals)),
    grouped(bar.volume.toFixed(volumeDecimals)),
    bar.spread.toFixed(priceDecimals),
    bar.spreadRatio.toFixed(4),
    bar.volumeRatio.toFixed(4),
    bar.vwap?.toFixed(vwapDecimals) ?? '',
    bar.source ?? '',
  ]);
}

function mostDecimals(values: readonly Decimal[]): number {
  return values.reduce((most, value) => Math.max(most, value.decimalPlaces()), 0);
}

/** `65,109,858.5`, by the text, since a number would not hold every volume. */
function grouped(amount: string): string {
  const [whole = '', fraction] = amount.split('.');
  const thousands = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? thousands : `${thousands}.${fraction}`;
}
