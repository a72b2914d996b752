import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/errors.js';
import { csv, days, directory, file, HEADER, read, refusal, useCsvDirectory } from './csv-files.js';

useCsvDirectory();

describe('rejected rows', () => {
  const good = '2024-01-01,10,12,9,11,100';
  it.each<[string, string, Partial<Problem>[]]>([
    ['a bad number', '2024-01-02,abc,12,9,11,100', [{ code: 'DECIMAL_INVALID', path: 'open', value: 'abc' }]],
    ['an empty value', '2024-01-02,10,12,9,,100', [{ code: 'DECIMAL_INVALID', path: 'close', value: '' }]],
    [
      'a comma that separates no thousands',
      '2024-01-02,10,12,9,11,"4,787,69"',
      [{ code: 'DECIMAL_INVALID', path: 'volume', value: '4,787,69' }],
    ],
    ['high below low', '2024-01-02,10,8,9,9,100', [{ code: 'HIGH_BELOW_LOW', path: 'high', value: '8' }]],
    [
      'a close above high',
      '2024-01-02,10,12,9,12.01,100',
      [{ code: 'PRICE_OUTSIDE_BAR', path: 'close', value: '12.01' }],
    ],
    ['a price of zero', '2024-01-02,10,12,0,11,100', [{ code: 'PRICE_NOT_POSITIVE', path: 'low', value: '0' }]],
    ['negative volume', '2024-01-02,10,12,9,11,-5', [{ code: 'VOLUME_NEGATIVE', path: 'volume', value: '-5' }]],
    [
      'fractional volume',
      '2024-01-02,10,12,9,11,100.5',
      [{ code: 'VOLUME_TOO_PRECISE', path: 'volume', value: '100.5' }],
    ],
    [
      '9 decimals',
      '2024-01-02,10.123456789,12,9,11,100',
      [{ code: 'PRICE_TOO_PRECISE', path: 'open', value: '10.123456789' }],
    ],
    [
      '11 digits',
      '2024-01-02,10,12345678901,9,11,100',
      [{ code: 'PRICE_TOO_LARGE', path: 'high', value: '12345678901' }],
    ],
    [
      'no value',
      '2024-01-02,null,12,9,11,100',
      [{ code: 'DECIMAL_INVALID', path: 'open', hint: 'no value stands there: --on-error skip leaves such rows out' }],
    ],
    [
      'a price below zero',
      '2024-01-02,10,12,-9,11,100',
      [{ code: 'PRICE_NOT_POSITIVE', path: 'low', hint: expect.stringContaining('bars.upsert()') }],
    ],
    ['a bad date', '11:34,10,12,9,11,100', [{ code: 'INSTANT_INVALID', path: 'timestamp', value: '11:34' }]],
    [
      'a day that is not',
      '2024-02-30,10,12,9,11,100',
      [{ code: 'INSTANT_INVALID', path: 'timestamp', value: '2024-02-30' }],
    ],
    [
      'a year out of range',
      '1599-01-02,10,12,9,11,100',
      [{ code: 'INSTANT_OUT_OF_RANGE', path: 'timestamp', value: '1599-01-02' }],
    ],
    [
      'a time of day in a 1d bar',
      '2024-01-02 09:30,10,12,9,11,100',
      [{ code: 'TIMESTAMP_MISALIGNED', path: 'timestamp', value: '2024-01-02 09:30' }],
    ],
    ['a missing column', '2024-01-02,10,12,9,11', [{ code: 'ROW_WIDTH', path: '', value: '2024-01-02,10,12,9,11' }]],
    [
      'a column too many',
      '2024-01-02,10,12,9,11,100,',
      [{ code: 'ROW_WIDTH', path: '', value: '2024-01-02,10,12,9,11,100,' }],
    ],
    [
      'an open quote',
      '"2024-01-02,10,12,9,11,100',
      [{ code: 'QUOTE_UNCLOSED', path: '', value: '"2024-01-02,10,12,9,11,100' }],
    ],
    [
      'several faults at once',
      '2024-13-02,x,12,9,11,-1',
      [
        { code: 'INSTANT_INVALID', path: 'timestamp' },
        { code: 'DECIMAL_INVALID', path: 'open' },
        { code: 'VOLUME_NEGATIVE', path: 'volume' },
      ],
    ],
  ])('%s', async (_, row, problems) => {
    const result = await read(await file(csv(good, row, '2024-01-03,10,12,9,11,100')), { timeframe: '1d' });
    expect(result.problems).toMatchObject(problems.map((problem) => ({ ...problem, line: 3 })));
    expect(result.problems).toHaveLength(problems.length);
    expect(result).toMatchObject({ rows: 3, rejected: 1 });
    expect(result.bars.map((bar) => bar[6])).toEqual([2, 4]);
  });

  it('counts every one and keeps the first 1,000 problems', async () => {
    const rows = days(3000).map((row, index) => (index % 2 ? row : row.replace('10,', 'x,')));
    const result = await read(await file(csv(...rows)), { timeframe: '1d' });
    expect(result).toMatchObject({ rows: 3000, rejected: 1500 });
    expect(result.problems).toHaveLength(1000);
    expect(result.problems.at(-1)).toMatchObject({ code: 'DECIMAL_INVALID', path: 'open', line: 2000 });
    expect(result.bars).toHaveLength(1500);
  });
});

describe('duplicate timestamps', () => {
  it('collapses rows with the same values, however they are written', async () => {
    const result = await read(
      await file(
        csv(
          '2024-01-01,10,12,9,11,100',
          '2024-01-01,10.0,12,9,1.1e1,100.0',
          '2024-01-02,10,12,9,11,100',
          '2024-01-01,10,12,9,11,100',
        ),
      ),
      { timeframe: '1d' },
    );
    expect(result).toMatchObject({ rows: 4, duplicates: 2, rejected: 0, problems: [] });
    expect(result.bars.map((bar) => bar[6])).toEqual([2, 4]);
  });

  it('rejects rows with different values and names all their lines', async () => {
    const result = await read(
      await file(
        csv(
          '2024-01-01,10,12,9,11,100',
          '2024-01-02,10,12,9,11,100',
          '2024-01-01,10,12,9,11,101',
          '2024-01-01,10,12,9,11,100',
        ),
      ),
      { timeframe: '1d' },
    );
    const problem = {
      code: 'DUPLICATE_TIMESTAMP',
      path: 'timestamp',
      value: '2024-01-01T00:00:00Z',
      rule: 'lines 2, 4, 5 have different values for this instant',
      hint: 'keep the right one of them',
    };
    expect(result.problems).toEqual([2, 4, 5].map((line) => ({ ...problem, line })));
    expect(result).toMatchObject({ rows: 4, duplicates: 0, rejected: 3 });
    expect(result.bars.map((bar) => bar[6])).toEqual([3]);
  });

  it('does not take a missing vwap for the same as a given one', async () => {
    const path = await file(
      `${HEADER},vwap\n2024-01-01,10,12,9,11,100,\n2024-01-01,10,12,9,11,100,10\n2024-01-02,10,12,9,11,100,\n2024-01-02,10,12,9,11,100,\n`,
    );
    expect(await read(path, { timeframe: '1d' })).toMatchObject({ duplicates: 1, rejected: 2 });
  });
});

describe('files that are refused as a whole', () => {
  it.each<[string, string | Uint8Array, string, Partial<Problem>]>([
    ['empty', '', 'FILE_EMPTY', {}],
    ['only blank lines', '\n \n\n', 'FILE_EMPTY', {}],
    ['header only', `${HEADER}\n`, 'FILE_HAS_NO_ROWS', {}],
    ['no header', '2024-01-01,10,12,9,11,100\n2024-01-02,10,12,9,11,100\n', 'HEADER_MISSING', { line: 1 }],
    ['a column missing', 'Date,Open,High,Low,Close\n2024-01-01,1,1,1,1\n', 'COLUMN_MISSING', { path: 'volume' }],
    ['a column twice', `${HEADER},close\n2024-01-01,1,1,1,1,1,1\n`, 'COLUMN_REPEATED', { path: 'close' }],
    ['NUL bytes', csv(...days(3), '2024-01-09,10,12,9,11,1\u000000'), 'FILE_NOT_TEXT', { line: 5 }],
    ['UTF-16', Buffer.from(`\ufeff${csv(...days(3))}`, 'utf16le'), 'FILE_NOT_TEXT', { line: 1 }],
    ['gzip that is cut off', Buffer.from('1f8b0800000000000003', 'hex'), 'ARCHIVE_DAMAGED', {}],
    ['bzip2', Buffer.from('BZh91AY&SY\0\0\0\0'), 'FILE_NOT_TEXT', { line: 1 }],
    [
      'invalid UTF-8',
      Buffer.concat([Buffer.from(csv(...days(3))), Buffer.from([0x41, 0xff, 0x0a])]),
      'FILE_NOT_UTF8',
      { line: 5 },
    ],
    ['a long line', csv(...days(2), 'x'.repeat(65_537)), 'LINE_TOO_LONG', { line: 4 }],
    ['a lone carriage return', csv(...days(3)).replace('11,100\n', '11\r,100\n'), 'LINE_END_INVALID', { line: 2 }],
    ['line ends of an old Macintosh', csv(...days(3)).replaceAll('\n', '\r'), 'LINE_END_INVALID', { line: 1 }],
  ])('%s', async (_, content, code, problem) => {
    const path = await file(content);
    const error = await refusal(path, { timeframe: '1d' });
    expect(error.code).toBe(code);
    expect(error.problems).toMatchObject([problem]);
  });

  it('a line of 100 MB', async () => {
    const path = await file(csv(...days(2)));
    const handle = await open(path, 'a');
    for (let written = 0; written < 100; written += 1) await handle.write('7'.repeat(1_000_000));
    await handle.close();
    const before = process.memoryUsage().rss;
    const error = await refusal(path, { timeframe: '1d' });
    expect(error.problems).toMatchObject([{ code: 'LINE_TOO_LONG', line: 4 }]);
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  });

  it('a file that is missing, and a directory', async () => {
    expect(await refusal(join(directory, 'AAPL.csv'))).toMatchObject({
      code: 'FILE_MISSING',
      hint: 'is the path right? It is taken from the current directory',
    });
    expect(await refusal(directory, { symbol: 'AAPL' })).toMatchObject({ code: 'FILE_NOT_REGULAR' });
  });

  it.each([
    ['no symbol', 'prices.csv', {}, 'SYMBOL_MISSING'],
    ['a symbol too long', 'AAPL.csv', { symbol: 'A'.repeat(21) }, 'SYMBOL_TOO_LONG'],
    ['a symbol too long in the name', `${'A'.repeat(21)}.csv`, {}, 'SYMBOL_TOO_LONG'],
    ['a symbol that is none', 'AAPL.csv', { symbol: 'A B' }, 'SYMBOL_INVALID'],
    ['an unknown timeframe', 'AAPL.csv', { timeframe: '1D' }, 'TIMEFRAME_UNKNOWN'],
  ])('%s', async (_, name, options, code) => {
    expect((await refusal(await file(csv(...days(3)), name), options)).code).toBe(code);
  });

  it('a timeframe that neither anybody nor the spacing tells', async () => {
    const path = await file(csv('2024-01-01,10,12,9,11,100', '2024-01-03,10,12,9,11,100', '2024-01-05,10,12,9,11,100'));
    expect(await refusal(path)).toMatchObject({
      code: 'TIMEFRAME_MISSING',
      hint: 'pass --timeframe, or name the file like AAPL_1d.csv; these bars stand 2 days apart (median)',
    });
  });

  it('minutes of the first days of a month, whose dates have the day first', async () => {
    const rows = ['05', '06', '07'].flatMap((day) =>
      ['09:00', '09:01', '09:02'].map((time) => `${day}/02/2024 ${time}`),
    );
    const minutes = csv(...rows.map((at) => `${at},10,12,9,11,100`));
    expect((await refusal(await file(minutes))).problems).toMatchObject([{ code: 'DATE_DAY_FIRST', line: 2 }]);
    expect((await read(await file(minutes.replaceAll('07/02', '07/03')))).rejected).toBe(0);
    const columns = { timestamp: 'date', open: 'open', high: 'high', low: 'low', close: 'close', volume: 'volume' };
    const told = (dates: 'day-first' | 'month-first') =>
      file(minutes).then((path) => read(path, { map: { layout: 'map', columns, dates } }));
    expect((await told('day-first')).bars.at(-1)![0]).toBe('2024-02-07T09:02:00Z');
    expect((await told('month-first')).bars.at(-1)![0]).toBe('2024-07-02T09:02:00Z');
  });

  it.each([
    [
      'times that nobody can read',
      ['20240415-09:30:00,10,12,9,11,100', '20240415-09:31:00,10,12,9,11,100'],
      { code: 'INSTANT_INVALID', value: '20240415-09:30:00', line: 2 },
    ],
    [
      'dates with the day first, most of which pass for others',
      ['02/01/2024', '03/01/2024', '04/01/2024', '15/01/2024'].map((date) => `${date},10,12,9,11,100`),
      { code: 'DATE_DAY_FIRST', value: '15/01/2024', line: 5 },
    ],
    [
      'dates with the day first, all of which do',
      ['02/01/2024', '03/01/2024', '04/01/2024'].map((date) => `${date},10,12,9,11,100`),
      { code: 'TIMEFRAME_MISSING', hint: expect.stringContaining('"dates": "day-first"') },
    ],
  ])('a timeframe that is missing on account of %s', async (_, rows, problem) => {
    expect(await refusal(await file(csv(...rows)))).toMatchObject({ problems: [problem] });
  });

  it.each([
    ['days as minutes', days(10), '1m', 'it looks like 1d: import it with --timeframe 1d'],
    [
      'minutes as days',
      ['14:30', '14:31', '14:32', '14:33'].map((time) => `2024-01-02 ${time},10,12,9,11,100`),
      '1d',
      'it looks like 1m: import it with --timeframe 1m',
    ],
    [
      'days of one month, read as months',
      ['02/01', '03/01', '04/01', '05/01'].map((date) => `${date}/2024,10,12,9,11,100`),
      '1d',
      'are they bars of a month, or written with the day before the month (then --map with "dates": "day-first")?',
    ],
    [
      'quoted with commas, minutes as 15 minutes',
      ['14:00', '14:01', '14:02', '14:03'].map((time) => `2024-01-02 ${time},1e1,12,9,11,100`),
      '15m',
      'it looks like 1m: import it with --timeframe 1m',
    ],
  ])('%s', async (_, rows, timeframe, hint) => {
    expect(await refusal(await file(csv(...rows)), { timeframe })).toMatchObject({ code: 'TIMEFRAME_MISMATCH', hint });
  });
});
