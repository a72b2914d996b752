import { describe, expect, it } from 'vitest';
import type { BarFileOptions } from '../../src/transfer/read/bar-file.js';
import { openBarFile } from '../../src/transfer/read/open-file.js';
import { file, refusal, useCsvDirectory } from './csv-files.js';

useCsvDirectory();

const HEADER = 'symbol,timeframe,timestamp,open,high,low,close,volume';

async function outcome(path: string, options: BarFileOptions = {}) {
  const opened = await openBarFile(path, options);
  try {
    const series: string[] = [];
    for (const { symbol, timeframe, volumeScale, bars, first, last, blocks } of opened.series) {
      const lines: number[] = [];
      for await (const block of blocks()) lines.push(...block.origin.subarray(0, block.length));
      const range = [first, last].map((at) => at.toISOString().slice(5, 16)).join('..');
      series.push(`${symbol} ${timeframe} x${volumeScale} ${range} ${bars}: ${lines.join(' ')}`);
    }
    return { ...opened, series };
  } finally {
    await opened.close();
  }
}

describe('a file of many series', () => {
  it('has each of them, sorted, with duplicates and conflicts of their own', async () => {
    const path = await file(
      [
        HEADER,
        'MSFT,1d,2024-01-03,10,12,9,11,100',
        'AAPL,1d,2024-01-02,10,12,9,11,100',
        'AAPL,1m,2024-01-02T14:31:00Z,10,12,9,11,1.5',
        'aapl,D,2024-01-02,10,12,9,11,100.0',
        '"AAPL",1d,2024-01-03,"1e1",12,9,11,100',
        'AAPL,1m,2024-01-02T14:30:00Z,10,12,9,11,2',
        'MSFT,1d,2024-01-02,10,12,9,11,100',
        'MSFT,1d,2024-01-02,10,12,9,11,101',
        'A B,1d,2024-01-02,10,12,9,11,100',
        'MSFT,1w,2024-01-02,10,12,9,11,100',
        'MSFT,1d,2024-01-04,10,12,9,11,0.25',
      ].join('\n'),
      'prices.csv',
    );
    const read = await outcome(path, { volumeScale: 'auto' });
    expect(read.series).toEqual([
      'AAPL 1d x0 01-02T00:00..01-03T00:00 2: 3 6',
      'AAPL 1m x1 01-02T14:30..01-02T14:31 2: 7 4',
      'MSFT 1d x2 01-03T00:00..01-04T00:00 2: 2 12',
    ]);
    expect(read).toMatchObject({ rows: 11, duplicates: 1, rejected: 4, layout: 'csv' });
    expect(read.problems.map(({ line, code }) => `${line} ${code}`)).toEqual([
      '8 DUPLICATE_TIMESTAMP',
      '9 DUPLICATE_TIMESTAMP',
      '10 SYMBOL_INVALID',
      '11 TIMEFRAME_UNKNOWN',
    ]);
  });

  it('rejects what names no series where the others are all of one', async () => {
    const row = (symbol: string, day: number) => `${symbol},2024-01-0${day},10,12,9,11,100`;
    const rows = [row('AAPL', 2), row('', 3), row(' "" ', 3), row('A B', 4), row('AAPL', 5)];
    const read = await outcome(await file(`symbol,date,open,high,low,close,volume\n${rows.join('\n')}`), {
      timeframe: '1d',
    });
    expect(read).toMatchObject({ rows: 5, rejected: 3, series: ['AAPL 1d x0 01-02T00:00..01-05T00:00 2: 2 6'] });
    expect(read.problems.map(({ line, code }) => `${line} ${code}`)).toEqual([
      '3 SYMBOL_INVALID',
      '4 QUOTE_UNCLOSED',
      '5 SYMBOL_INVALID',
    ]);
  });

  it('judges the spacing of each, and tells the timeframe of one that is too short by the others', async () => {
    const days = (symbol: string, count: number, step = 1) =>
      Array.from({ length: count }, (_, day) => {
        const date = new Date(Date.UTC(2024, 0, 1 + day * step)).toISOString().slice(0, 10);
        return `${symbol},${date},10,12,9,11,100`;
      });
    const header = 'ticker,date,open,high,low,close,volume';
    const told = await outcome(await file([header, ...days('A', 5), ...days('B', 1)].join('\n'), 'prices.csv'));
    expect(told.series.map((series) => series.slice(0, 4))).toEqual(['A 1d', 'B 1d']);
    expect(told.notices).toEqual(['the timeframe 1d was told by the spacing of the bars']);
    const weekly = await file([header, ...days('A', 5), ...days('B', 30, 7)].join('\n'), 'prices.csv');
    expect(await refusal(weekly, { timeframe: '1d' })).toMatchObject({
      code: 'TIMEFRAME_MISMATCH',
      problems: [{ rule: 'bars of 1d stand 1 day apart; these of B stand 7 days apart (median)' }],
    });
  });

  it.each<[string, BarFileOptions, string[]]>([
    ['as they are', {}, ['AAPL.US', 'VOD.UK', 'XBTUSD']],
    ['by rules', { symbolRules: ['*.us=*', 'XBT*=BTC*', '*.UK=L:*'] }, ['AAPL', 'BTCUSD', 'L:VOD']],
  ])('names its symbols %s', async (_, options, symbols) => {
    const rows = ['XBTUSD', 'AAPL.US', 'VOD.UK'].map((symbol) => `${symbol},1d,2024-01-02,10,12,9,11,100`);
    const opened = await openBarFile(await file([HEADER, ...rows].join('\n')), options);
    await opened.close();
    expect(opened.series.map(({ symbol }) => symbol)).toEqual(symbols);
  });

  it('takes an option only where it is about one series', async () => {
    const row = (symbol: string) => `${symbol},1d,2024-01-02,10,12,9,11,100`;
    const one = await file([HEADER, row('AAPL.US')].join('\n'));
    expect((await outcome(one, { symbol: 'APPLE', timeframe: '1d' })).series[0]).toMatch(/^APPLE 1d/);
    expect(await refusal(one, { timeframe: '1h' })).toMatchObject({ code: 'TIMEFRAME_MISMATCH' });
    expect(await refusal(one, { symbolRules: ['.US'] })).toMatchObject({ code: 'SYMBOL_RULE_INVALID' });
    const two = await file([HEADER, row('A'), row('B')].join('\n'));
    expect(await refusal(two, { symbol: 'A' })).toMatchObject({ code: 'SYMBOL_AMBIGUOUS' });
  });

  it('may have a thousand series, in any order, which are sorted once', async () => {
    const rows: string[] = [];
    for (let day = 59; day >= 0; day -= 1) {
      const date = new Date(Date.UTC(2024, 0, 1 + day)).toISOString().slice(0, 10);
      for (let series = 0; series < 1_000; series += 1)
        rows.push(`S${(series * 7) % 1_000},1d,${date},10,12,9,11,${series}`);
    }
    const opened = await openBarFile(await file([HEADER, ...rows].join('\n')));
    let bars = 0;
    for (const { symbol, blocks } of opened.series) {
      let before = 0;
      for await (const block of blocks()) {
        bars += block.length;
        for (let index = 0; index < block.length; index += 1) {
          expect(`S${(Number(block.volume[index]) * 7) % 1_000}`).toBe(symbol);
          expect(block.timestamp[index]).toBeGreaterThan(before);
          before = block.timestamp[index]!;
        }
      }
    }
    await opened.close();
    expect([opened.series.length, bars, opened.rejected]).toEqual([1_000, 60_000, 0]);
  });
});
