import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import type { ImportOptions } from '../../src/index.js';
import { sharedFile } from './shared-data.js';

type Options = Pick<ImportOptions, 'symbol' | 'timezone' | 'round' | 'volume'>;

/** What a file of the real market data is, and what has to become of it. Counted by hand and by other programs, not by the code that is tested. */
export interface RealBars {
  readonly file: string;
  /** Read in `npm test`; the others in `npm run test:data` alone. */
  readonly small: boolean;
  readonly layout: string;
  readonly rows: number;
  /** What a person has to say: the symbol where neither the file nor its name does, a time zone. */
  readonly options: Options;
  /** Rows that are rejected by default, with the first one's line and code; and what has them taken. */
  readonly rejected?: {
    readonly rows: number;
    readonly line: number;
    readonly code: string;
    readonly with?: Options;
  };
  readonly leftOut: readonly string[];
  /** Symbol, timeframe, bars, first and last opening instant: of all rows that can be taken. */
  readonly series: readonly (readonly [string, string, number, string, string])[];
  /** For a reader of its own: the line of the first row, the columns, and by what prices are divided. */
  readonly columns: {
    readonly from: number;
    readonly time: number;
    readonly open: number;
    readonly high: number;
    readonly low: number;
    readonly close: number;
    readonly volume: number;
    /** Where the file has many. */
    readonly symbol?: number;
    readonly divisor?: number;
  };
}

const ROUND = { round: true };

export const REAL_BARS: readonly RealBars[] = [
  {
    ...{ file: 'plain/yahoo_AAPL_2004_2018.csv', small: true, layout: 'yahoo', rows: 3_379 },
    ...{ options: { symbol: 'AAPL' }, leftOut: ['Adj Close'] },
    series: [['AAPL', '1d', 3_379, '2004-08-19', '2018-01-19']],
    columns: { from: 2, time: 0, open: 1, high: 2, low: 3, close: 4, volume: 6 },
  },
  {
    ...{ file: 'plain/yahoo_INTC_1995_2004.csv', small: true, layout: 'yahoo', rows: 2_335 },
    ...{ options: { symbol: 'INTC' }, leftOut: ['Adj Close'] },
    series: [['INTC', '1d', 2_335, '1995-01-03', '2004-04-08']],
    columns: { from: 2, time: 0, open: 1, high: 2, low: 3, close: 4, volume: 6 },
  },
  {
    ...{ file: 'plain/pandasta_SPY_1999_2020.csv', small: false, layout: 'csv', rows: 5_241 },
    ...{ options: { symbol: 'SPY' }, leftOut: ['column 1'] },
    series: [['SPY', '1d', 5_241, '1999-11-01', '2020-08-28']],
    columns: { from: 2, time: 1, open: 2, high: 3, low: 4, close: 5, volume: 6 },
  },
  {
    ...{ file: 'plain/mpf_SP500_1min_OCHL_crlf.csv', small: true, layout: 'csv', rows: 1_563 },
    ...{ options: { symbol: 'SP500', timezone: 'America/New_York' }, leftOut: [] },
    series: [['SP500', '1m', 1_563, '2019-11-05T14:30:00', '2019-11-08T20:59:00']],
    columns: { from: 2, time: 0, open: 1, high: 3, low: 4, close: 2, volume: 5 },
  },
  {
    ...{ file: 'vendors/stooq_aapl.us.txt', small: false, layout: 'stooq', rows: 10_444, options: {} },
    leftOut: ['<OPENINT>'],
    series: [['AAPL', '1d', 10_444, '1984-09-07', '2026-02-20']],
    columns: { from: 2, time: 2, open: 4, high: 5, low: 6, close: 7, volume: 8 },
  },
  {
    ...{ file: 'vendors/stooq_tsla.us.txt', small: true, layout: 'stooq', rows: 3_936, options: {} },
    leftOut: ['<OPENINT>'],
    series: [['TSLA', '1d', 3_936, '2010-06-28', '2026-02-20']],
    columns: { from: 2, time: 2, open: 4, high: 5, low: 6, close: 7, volume: 8 },
  },
  {
    ...{ file: 'vendors/stooq_jpm.us.txt', small: false, layout: 'stooq', rows: 14_152, options: {} },
    leftOut: ['<OPENINT>'],
    rejected: { rows: 13_304, line: 2, code: 'VOLUME_TOO_PRECISE', with: { volume: 'round' } },
    series: [['JPM', '1d', 14_152, '1970-01-02', '2026-02-20']],
    columns: { from: 2, time: 2, open: 4, high: 5, low: 6, close: 7, volume: 8 },
  },
  {
    ...{ file: 'vendors/yf_multiheader_SPY_2000_2024.csv', small: false, layout: 'yfinance', rows: 6_288 },
    ...{ options: {}, leftOut: [] },
    rejected: { rows: 6_288, line: 4, code: 'PRICE_TOO_PRECISE', with: ROUND },
    series: [['SPY', '1d', 6_288, '2000-01-03', '2024-12-30']],
    columns: { from: 4, time: 0, open: 4, high: 2, low: 3, close: 1, volume: 5 },
  },
  {
    ...{ file: 'vendors/yf_multiheader_crlf_SPY_1993_2024.csv', small: false, layout: 'yfinance', rows: 8_036 },
    ...{ options: {}, leftOut: ['Log_Return'] },
    rejected: { rows: 8_036, line: 4, code: 'PRICE_TOO_PRECISE', with: ROUND },
    series: [['SPY', '1d', 8_036, '1993-02-01', '2024-12-30']],
    columns: { from: 4, time: 0, open: 4, high: 2, low: 3, close: 1, volume: 5 },
  },
  {
    ...{ file: 'vendors/plotly_apple_prefixed_cols.csv', small: true, layout: 'quantmod', rows: 506, options: {} },
    leftOut: ['AAPL.Adjusted', 'dn', 'mavg', 'up', 'direction'],
    series: [['AAPL', '1d', 506, '2015-02-17', '2017-02-16']],
    columns: { from: 2, time: 0, open: 1, high: 2, low: 3, close: 4, volume: 5 },
  },
  {
    ...{ file: 'vendors/plotly_tesla_badrow.csv', small: true, layout: 'csv', rows: 757 },
    ...{ options: { symbol: 'TSLA' }, leftOut: [] },
    // The date of that row is lost: nothing has it taken.
    rejected: { rows: 1, line: 2, code: 'INSTANT_INVALID' },
    series: [['TSLA', '1d', 756, '2015-10-15', '2018-10-15']],
    columns: { from: 3, time: 0, open: 3, high: 4, low: 5, close: 1, volume: 2 },
  },
  {
    ...{ file: 'vendors/plotly_quandl_multisymbol.csv', small: true, layout: 'quandl', rows: 3_634, options: {} },
    leftOut: ['column 1', 'ExDividend', 'SplitRatio', 'AdjOpen', 'AdjHigh', 'AdjLow', 'AdjClose', 'AdjVolume'],
    rejected: { rows: 49, line: 14, code: 'PRICE_TOO_PRECISE', with: ROUND },
    series: [
      ['AAPL', '1d', 753, '2015-01-02', '2017-12-29'],
      ['COKE', '1d', 754, '2015-01-02', '2017-12-29'],
      ['GOOGL', '1d', 754, '2015-01-02', '2017-12-29'],
      ['TSLA', '1d', 754, '2015-01-02', '2017-12-29'],
      ['YHOO', '1d', 619, '2015-01-02', '2017-06-16'],
    ],
    columns: { from: 2, time: 1, open: 2, high: 3, low: 4, close: 5, volume: 6, symbol: 14 },
  },
  {
    ...{ file: 'vendors/barchart_JPYUSD_crlf.csv', small: true, layout: 'barchart', rows: 519 },
    ...{ options: { symbol: 'JPYUSD' }, leftOut: ['Change'] },
    rejected: { rows: 333, line: 4, code: 'PRICE_TOO_PRECISE', with: ROUND },
    series: [['JPYUSD', '1d', 519, '2018-03-12', '2020-03-11']],
    columns: { from: 2, time: 0, open: 1, high: 2, low: 3, close: 4, volume: 6 },
  },
  {
    ...{ file: 'vendors/lean_aapl_daily.csv', small: false, layout: 'lean', rows: 5_849 },
    ...{ options: { symbol: 'AAPL' }, leftOut: [] },
    series: [['AAPL', '1d', 5_849, '1998-01-02', '2021-03-31']],
    columns: { from: 1, time: 0, open: 1, high: 2, low: 3, close: 4, volume: 5, divisor: 10_000 },
  },
  {
    ...{ file: 'vendors/lean_spy_daily_1998_2021.csv', small: false, layout: 'lean', rows: 5_849 },
    ...{ options: { symbol: 'SPY' }, leftOut: [] },
    series: [['SPY', '1d', 5_849, '1998-01-02', '2021-03-31']],
    columns: { from: 1, time: 0, open: 1, high: 2, low: 3, close: 4, volume: 5, divisor: 10_000 },
  },
];

/** Rows of a file by a reader of its own. */
export function csvRows(file: string, from = 1): string[][] {
  return parse(readFileSync(sharedFile(file)), { from_line: from, skip_empty_lines: true, relax_column_count: true });
}

/** The bars of a file by that reader, a line each: symbol, instant, prices x 10^8 with a half rounded up, whole volume. */
export function barLines({ file, columns, series }: RealBars): string[] {
  return csvRows(file, columns.from).map((row) => {
    const price = (column: number) => scaled(row[column]!, columns.divisor ? 4 : 8);
    const prices = [columns.open, columns.high, columns.low, columns.close].map(price);
    const symbol = columns.symbol === undefined ? series[0]![0] : row[columns.symbol];
    return [symbol, readTime(row[columns.time]!), ...prices, scaled(row[columns.volume]!, 0)].join(' ');
  });
}

/** Times of day are those of New York in winter. */
function readTime(text: string): string {
  const us = /^(\d+)\/(\d+)\/(\d{4})(?: (\d+):(\d+))?$/.exec(text);
  if (us) {
    const [month, day, year, hour = '-5', minute = '0'] = us.slice(1) as [string, string, string, string?, string?];
    return new Date(Date.UTC(+year, +month - 1, +day, +hour + 5, +minute)).toISOString();
  }
  const [, year, month, day] = /^(\d{4})[-/]?(\d\d)[-/]?(\d\d)(?: 00:00)?$/.exec(text)!;
  return new Date(`${year}-${month}-${day}`).toISOString();
}

/** `text` x 10^places, a half up. */
export function scaled(text: string, places: number): bigint {
  const [, whole = '', fraction = '', exponent = '0'] = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]\d+))?$/.exec(text) ?? [];
  const shift = places + Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  return (digits * 2n + divisor) / (2n * divisor);
}
