import { readFileSync } from 'node:fs';
import { Decimal } from 'decimal.js';
import { describe, expect, test } from 'vitest';
import { renderSampleFiles } from '../../seeds/generate/sample-files.js';

/*
 * The committed sample bars, read as a stranger would: nothing below uses the generator but the first test, which says that the files are
 * what it makes.
 */

interface BarRow {
  readonly symbol: string;
  readonly timeframe: string;
  readonly timestamp: string;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: number;
  readonly vwap: string;
  readonly source: string;
}

const bars: BarRow[] = JSON.parse(readSeed('sample-ohlcv.json'));

function readSeed(name: string): string {
  return readFileSync(new URL(`../../seeds/${name}`, import.meta.url), 'utf8');
}

function datesOf(symbol: string): string[] {
  return bars.filter((bar) => bar.symbol === symbol).map((bar) => bar.timestamp.slice(0, 10));
}

describe('the sample files', () => {
  test.each(['sample-ohlcv.json', 'sample-ledger.json'] as const)(
    '%s is what the generator makes, byte for byte',
    (name) => {
      expect(readSeed(name) === renderSampleFiles()[name], `stale: run npx tsx seeds/generate/main.ts`).toBe(true);
    },
  );
});

describe('the calendar of the sample bars', () => {
  // Rule 7.2 of the exchange: what it closed for in 2024.
  const holidays = `2024-01-01 2024-01-15 2024-02-19 2024-03-29 2024-05-27 2024-06-19 2024-07-04 2024-09-02 2024-11-28 2024-12-25`;

  test.each(['AAPL', 'TSLA', 'SPY'])('%s has a bar for each of the 252 trading days of 2024 and no other', (symbol) => {
    const weekdays = Array.from({ length: 366 }, (_, day) => new Date(Date.UTC(2024, 0, 1 + day)))
      .filter((date) => date.getUTCDay() >= 1 && date.getUTCDay() <= 5)
      .map((date) => date.toISOString().slice(0, 10));
    expect(datesOf(symbol)).toEqual(weekdays.filter((date) => !holidays.includes(date)));
    expect(datesOf(symbol)).toHaveLength(252);
  });

  test('half days are trading days, with less volume than the days around them', () => {
    for (const symbol of ['AAPL', 'TSLA', 'SPY']) {
      const series = bars.filter((bar) => bar.symbol === symbol);
      for (const date of ['2024-07-03', '2024-11-29', '2024-12-24']) {
        const index = series.findIndex((bar) => bar.timestamp === `${date}T00:00:00Z`);
        const near = [series[index - 1]!, series[index + 1]!];
        expect(series[index]!.volume).toBeLessThan(Math.max(...near.map((bar) => bar.volume)));
      }
    }
  });

  test('no other symbol, and three whole years', () => {
    expect(new Set(bars.map((bar) => bar.symbol))).toEqual(new Set(['AAPL', 'TSLA', 'SPY']));
    expect(bars).toHaveLength(756);
  });
});

describe('each sample bar', () => {
  test('is a 1d bar at 00:00 UTC with prices to the cent and a whole volume', () => {
    for (const bar of bars) {
      expect(bar).toMatchObject({ timeframe: '1d', source: 'sample' });
      expect(bar.timestamp).toMatch(/^2024-\d\d-\d\dT00:00:00Z$/);
      for (const price of [bar.open, bar.high, bar.low, bar.close]) expect(price).toMatch(/^\d{2,3}\.\d{2}$/);
      expect(bar.vwap).toMatch(/^\d{2,3}\.\d{4}$/);
      expect(Number.isSafeInteger(bar.volume)).toBe(true);
    }
  });

  test('keeps low <= open, close, vwap <= high', () => {
    for (const bar of bars) {
      for (const price of [bar.open, bar.close, bar.vwap]) {
        expect(new Decimal(price).gte(bar.low) && new Decimal(price).lte(bar.high), JSON.stringify(bar)).toBe(true);
      }
    }
  });

  test.each([
    { symbol: 'AAPL', first: [180, 195], spreadPct: [1, 2.2], volume: [40e6, 75e6] },
    { symbol: 'TSLA', first: [240, 260], spreadPct: [2.2, 4.5], volume: [65e6, 120e6] },
    { symbol: 'SPY', first: [465, 480], spreadPct: [0.5, 1.2], volume: [50e6, 100e6] },
  ])('of $symbol has the size of the real one', ({ symbol, first, spreadPct, volume }) => {
    const series = bars.filter((bar) => bar.symbol === symbol);
    const median = (values: number[]) => values.toSorted((one, other) => one - other)[126]!;
    const spreads = series.map((bar) => (100 * (Number(bar.high) - Number(bar.low))) / Number(bar.close));
    expectWithin(Number(series[0]!.close), first);
    expectWithin(median(spreads), spreadPct);
    expectWithin(median(series.map((bar) => bar.volume)), volume);
    const gaps = series.slice(1).map((bar, index) => Math.abs(Number(bar.open) / Number(series[index]!.close) - 1));
    expect(Math.max(...gaps)).toBeLessThan(0.05);
    expect(gaps.filter((gap) => gap > 0).length).toBeGreaterThan(240);
  });

  function expectWithin(value: number, [least, most]: number[]): void {
    expect(value).toBeGreaterThanOrEqual(least!);
    expect(value).toBeLessThanOrEqual(most!);
  }
});
