import { describe, expect, it } from 'vitest';
import type { BarFileOptions } from '../../src/transfer/read/bar-file.js';
import { openBarFile } from '../../src/transfer/read/open-file.js';
import { hasSharedData, sharedFile } from '../setup/shared-data.js';

interface Outcome {
  readonly layout: string;
  /** `symbol timeframe bars`. */
  readonly series: readonly string[];
  readonly rejected?: number;
  readonly rounded?: { readonly prices: number; readonly volumes: number };
  /** Of the first problem: line and code. */
  readonly problem?: string;
  readonly leftOut?: string;
}

/** How often the prices of a real file need a ninth decimal, and what else was counted there by another program. */
const CASES: readonly [name: string, options: BarFileOptions, outcome: Outcome][] = [
  [
    'plain/yahoo_AAPL_2004_2018.csv',
    { symbol: 'AAPL' },
    { layout: 'yahoo', series: ['AAPL 1d 3379'], leftOut: 'Adj Close' },
  ],
  [
    'plain/yahoo_INTC_1995_2004.csv',
    { symbol: 'INTC' },
    { layout: 'yahoo', series: ['INTC 1d 2335'], leftOut: 'Adj Close' },
  ],
  [
    'plain/pandasta_SPY_1999_2020.csv',
    { symbol: 'SPY' },
    { layout: 'csv', series: ['SPY 1d 5241'], leftOut: 'column 1' },
  ],
  [
    'plain/mpf_SP500_1min_OCHL_crlf.csv',
    { symbol: 'SP500', timezone: 'America/New_York' },
    { layout: 'csv', series: ['SP500 1m 1563'] },
  ],
  ['vendors/stooq_aapl.us.txt', {}, { layout: 'stooq', series: ['AAPL 1d 10444'], leftOut: '<OPENINT>' }],
  ['vendors/stooq_aapl.us.txt', { symbolRules: [] }, { layout: 'stooq', series: ['AAPL.US 1d 10444'] }],
  ['vendors/stooq_tsla.us.txt', {}, { layout: 'stooq', series: ['TSLA 1d 3936'] }],
  [
    'vendors/stooq_jpm.us.txt',
    {},
    { layout: 'stooq', series: ['JPM 1d 848'], rejected: 13_304, problem: '2 VOLUME_TOO_PRECISE' },
  ],
  [
    'vendors/stooq_jpm.us.txt',
    { volume: 'round' },
    { layout: 'stooq', series: ['JPM 1d 14152'], rounded: { prices: 0, volumes: 13_304 } },
  ],
  [
    'vendors/yf_multiheader_SPY_2000_2024.csv',
    {},
    { layout: 'yfinance', series: [], rejected: 6_288, problem: '4 PRICE_TOO_PRECISE' },
  ],
  [
    'vendors/yf_multiheader_SPY_2000_2024.csv',
    { round: true },
    { layout: 'yfinance', series: ['SPY 1d 6288'], rounded: { prices: 25_122, volumes: 0 } },
  ],
  [
    'vendors/yf_multiheader_crlf_SPY_1993_2024.csv',
    { round: true },
    { layout: 'yfinance', series: ['SPY 1d 8036'], rounded: { prices: 32_113, volumes: 0 }, leftOut: 'Log_Return' },
  ],
  [
    'vendors/plotly_apple_prefixed_cols.csv',
    {},
    { layout: 'quantmod', series: ['AAPL 1d 506'], leftOut: 'AAPL.Adjusted' },
  ],
  [
    'vendors/plotly_tesla_badrow.csv',
    { symbol: 'TSLA' },
    { layout: 'csv', series: ['TSLA 1d 756'], rejected: 1, problem: '2 INSTANT_INVALID' },
  ],
  [
    'vendors/plotly_quandl_multisymbol.csv',
    {},
    {
      layout: 'quandl',
      series: ['AAPL 1d 748', 'COKE 1d 740', 'GOOGL 1d 741', 'TSLA 1d 740', 'YHOO 1d 616'],
      rejected: 49,
      problem: '14 PRICE_TOO_PRECISE',
      leftOut: 'column 1',
    },
  ],
  [
    'vendors/plotly_quandl_multisymbol.csv',
    { round: true },
    {
      layout: 'quandl',
      series: ['AAPL 1d 753', 'COKE 1d 754', 'GOOGL 1d 754', 'TSLA 1d 754', 'YHOO 1d 619'],
      rounded: { prices: 49, volumes: 0 },
    },
  ],
  [
    'vendors/barchart_JPYUSD_crlf.csv',
    { symbol: 'JPYUSD' },
    { layout: 'barchart', series: ['JPYUSD 1d 186'], rejected: 333, problem: '4 PRICE_TOO_PRECISE', leftOut: 'Change' },
  ],
  [
    'vendors/barchart_JPYUSD_crlf.csv',
    { symbol: 'JPYUSD', round: true },
    { layout: 'barchart', series: ['JPYUSD 1d 519'], rounded: { prices: 512, volumes: 0 } },
  ],
  ['vendors/lean_aapl_daily.csv', { symbol: 'AAPL' }, { layout: 'lean', series: ['AAPL 1d 5849'] }],
  ['vendors/lean_spy_daily_1998_2021.csv', { symbol: 'SPY' }, { layout: 'lean', series: ['SPY 1d 5849'] }],
];

describe.runIf(hasSharedData)('real files of bars', () => {
  it.each(CASES)('%s with %o', async (name, options, outcome) => {
    const { layout, series, rejected = 0, rounded = { prices: 0, volumes: 0 }, problem, leftOut } = outcome;
    const file = await openBarFile(sharedFile(name), options);
    await file.close();
    const total = series.reduce((sum, text) => sum + Number(text.split(' ')[2]), 0);
    expect(file).toMatchObject({ layout, rejected, rounded, duplicates: 0, rows: total + rejected });
    expect(file.series.map(({ symbol, timeframe, bars }) => `${symbol} ${timeframe} ${bars}`)).toEqual(series);
    const [first] = file.problems;
    expect(first && `${first.line} ${first.code}`).toBe(problem);
    if (problem?.includes('PRECISE')) expect(first!.hint).toMatch(/--(round|volume round)/);
    if (leftOut !== undefined) expect(file.leftOut).toContain(leftOut);
  });

  it('gives the prices that the layouts say', async () => {
    const first = async (name: string, options: BarFileOptions = {}) => {
      const file = await openBarFile(sharedFile(name), options);
      try {
        for await (const { timestamp, open, high, low, close, volume } of file.series[0]!.blocks()) {
          return [new Date(timestamp[0]!).toISOString().slice(0, 10), open[0], high[0], low[0], close[0], volume[0]];
        }
        return [];
      } finally {
        await file.close();
      }
    };
    expect(await first('vendors/lean_aapl_daily.csv', { symbol: 'AAPL' })).toEqual([
      ...['1998-01-02', 1_363_000_000n, 1_625_000_000n, 1_350_000_000n, 1_625_000_000n, 6_315_000n],
    ]);
    expect(await first('vendors/yf_multiheader_SPY_2000_2024.csv', { round: true })).toEqual([
      ...['2000-01-03', 9_392_438_785n, 9_392_438_785n, 9_115_258_889n, 9_214_251_709n, 8_164_300n],
    ]);
    expect(await first('vendors/stooq_jpm.us.txt', { volume: 'round' })).toEqual([
      ...['1970-01-02', 270_388_000n, 270_388_000n, 267_490_000n, 270_388_000n, 34_042n],
    ]);
  });
});
