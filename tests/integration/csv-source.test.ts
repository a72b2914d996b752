import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBarValues } from '../../src/domain/bar.js';
import { BarBlock } from '../../src/domain/bar-block.js';
import { Decimal } from '../../src/domain/decimal.js';
import { formatInstant } from '../../src/domain/time.js';
import { InvalidInputError, type Problem } from '../../src/errors.js';
import { type BarFileOptions, openBarFile } from '../../src/transfer/bar-file.js';
import { readWrittenTime } from '../../src/transfer/written-time.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wyckoff-csv-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const HEADER = 'Date,Open,High,Low,Close,Volume';

let files = 0;
async function file(content: string | Uint8Array, name?: string): Promise<string> {
  files += 1;
  const folder = join(directory, String(files));
  await mkdir(folder);
  const path = join(folder, name ?? 'AAPL.csv');
  await writeFile(path, content);
  return path;
}

type Row = [at: string, open: string, high: string, low: string, close: string, volume: string, line: number];

async function read(path: string, options: BarFileOptions = {}) {
  const opened = await openBarFile(path, options);
  try {
    const bars: Row[] = [];
    for await (const block of opened.blocks()) {
      const price = (scaled: bigint) => new Decimal(scaled.toString()).div(1e8).toString();
      for (let index = 0; index < block.length; index += 1) {
        bars.push([
          formatInstant(new Date(block.timestamp[index]!)),
          price(block.open[index]!),
          price(block.high[index]!),
          price(block.low[index]!),
          price(block.close[index]!),
          block.volume[index]!.toString(),
          block.origin[index]!,
        ]);
      }
    }
    return { ...opened, bars };
  } finally {
    await opened.close();
  }
}

async function refusal(path: string, options: BarFileOptions = {}): Promise<InvalidInputError> {
  const opened = await openBarFile(path, options).catch((error: unknown) => error);
  if (opened instanceof InvalidInputError) return opened;
  throw new Error(`not refused: ${String(opened)}`, { cause: opened });
}

/** Rows of 1d bars from 2024-01-01 on, one a day. */
function days(count: number): string[] {
  return Array.from(
    { length: count },
    (_, day) => `${new Date(Date.UTC(2024, 0, 1 + day)).toISOString().slice(0, 10)},10,12,9,11,100`,
  );
}

const csv = (...rows: string[]) => `${[HEADER, ...rows].join('\n')}\n`;

const plain = join(import.meta.dirname, '../../../shared/data/plain');
const haveRealFiles = existsSync(plain);
if (!haveRealFiles) console.log('the real files are not there (../shared/data/plain): their tests are skipped');

describe.runIf(haveRealFiles)('real files, value for value as another parser reads them', () => {
  it.each([
    ['yahoo_AAPL_2004_2018.csv', 3379, { timeframe: '1d' }, ['Adj Close'], []],
    ['yahoo_INTC_1995_2004.csv', 2335, {}, ['Adj Close'], ['the timeframe 1d was told by the spacing of the bars']],
    ['pandasta_SPY_1999_2020.csv', 5241, { timeframe: '1d' }, ['column 1'], []],
    [
      'mpf_SP500_1min_OCHL_crlf.csv',
      1563,
      { timeframe: '1m', timezone: 'America/New_York' },
      [],
      ['times without a zone were read as America/New_York', 'dates with slashes were read as month/day/year'],
    ],
  ])('%s', async (name, rows, options, leftOut, notices) => {
    const path = join(plain, name);
    const expected = parse(readFileSync(path), {
      bom: true,
      columns: (names: string[]) => names.map((n) => n.toLowerCase()),
    }).map((value: unknown, index: number): Row => {
      const record = value as Record<string, string>;
      const date = record.date!;
      const at = date.includes('/')
        ? DateTime.fromFormat(date, 'M/d/yyyy H:mm', { zone: 'America/New_York' }).toJSDate()
        : new Date(`${date}T00:00:00Z`);
      const number = (field: string) => new Decimal(record[field]!).toString();
      return [
        formatInstant(at),
        number('open'),
        number('high'),
        number('low'),
        number('close'),
        number('volume'),
        index + 2,
      ];
    });
    const result = await read(path, { symbol: 'TEST', ...options });
    expect(expected).toHaveLength(rows);
    expect(result.bars).toEqual(expected);
    expect(result).toMatchObject({ rows, rejected: 0, duplicates: 0, leftOut, notices });
    expect([result.first, result.last].map((at) => formatInstant(at!))).toEqual([expected[0]![0], expected.at(-1)![0]]);
  });

  it('reads 9:30 in New York as 14:30Z', async () => {
    const path = join(plain, 'mpf_SP500_1min_OCHL_crlf.csv');
    const { bars } = await read(path, { symbol: 'SP500', timeframe: '1m', timezone: 'America/New_York' });
    expect(bars[0]).toEqual(['2019-11-05T14:30:00Z', '3080.8', '3081.47', '3080.3', '3080.49', '0', 2]);
  });
});

describe('shapes of a file', () => {
  const expected = [
    ['2024-01-01T00:00:00Z', '10.5', '12', '9', '11', '100'],
    ['2024-01-02T00:00:00Z', '11', '12.25', '10', '12', '4006500'],
    ['2024-01-03T00:00:00Z', '12', '13', '0.00000001', '12', '7'],
  ];
  const rows = [
    '2024-01-01,10.5,12,9,11,100',
    '2024-01-02,11,12.25,10,12,4006500.0',
    '2024-01-03,12,13,0.00000001,12,7',
  ];
  const quoted = rows.map((row) => `"${row.replaceAll(',', '","')}"`);

  it.each<[string, string | Uint8Array, number[]]>([
    ['plain', csv(...rows), [2, 3, 4]],
    ['no final newline', csv(...rows).trimEnd(), [2, 3, 4]],
    ['CRLF', csv(...rows).replaceAll('\n', '\r\n'), [2, 3, 4]],
    ['mixed line ends', `${HEADER}\r\n${rows[0]}\n${rows[1]}\r\n\r\n${rows[2]}\n`, [2, 3, 5]],
    ['byte order mark', `\ufeff${csv(...rows)}`, [2, 3, 4]],
    ['quoted', csv(...quoted), [2, 3, 4]],
    ['partly quoted', csv(rows[0]!, quoted[1]!, rows[2]!.replace('13', '"13"')), [2, 3, 4]],
    ['descending', csv(...[...rows].reverse()), [4, 3, 2]],
    ['blank lines', `\n${HEADER}\n\n${rows[0]}\n   \n${rows[1]}\n${rows[2]}\n\n\n`, [4, 6, 7]],
    ['semicolons', csv(...rows).replaceAll(',', ';'), [2, 3, 4]],
    ['tabs', csv(...rows).replaceAll(',', '\t'), [2, 3, 4]],
    ['bars', csv(...rows).replaceAll(',', '|'), [2, 3, 4]],
    ['blanks around values', csv(...rows).replaceAll(',', ' , '), [2, 3, 4]],
    [
      'midnights with an offset, which a 1d bar ignores',
      csv(...rows).replaceAll(/(2024-01-0\d)/g, '$1 00:00:00-05:00'),
      [2, 3, 4],
    ],
    [
      'exponents',
      csv(
        rows[0]!.replace('10.5', '1.05e1'),
        rows[1]!.replace('4006500.0', '4.0065E+6'),
        rows[2]!.replace('0.00000001', '1e-8'),
      ),
      [2, 3, 4],
    ],
    ['more zeros than decimals', csv(rows[0]!.replace('10.5', '10.50000000000000'), rows[1]!, rows[2]!), [2, 3, 4]],
    [
      'a note with a comma in quotes',
      `${HEADER},Note\n${rows.map((row) => `${row},"a, ""b"""`).join('\n')}\n`,
      [2, 3, 4],
    ],
  ])('%s', async (_, content, lines) => {
    const result = await read(await file(content), { timeframe: '1d' });
    expect(result.bars.map((bar) => bar.slice(0, 6))).toEqual(expected);
    expect(result.bars.map((bar) => bar[6])).toEqual(lines);
    expect(result).toMatchObject({ series: { symbol: 'AAPL', timeframe: '1d' }, rows: 3, rejected: 0, duplicates: 0 });
  });

  it('takes a path with characters that are a pattern to DuckDB', async () => {
    const path = await file(csv(...rows), '[A]*?.csv');
    await writeFile(path.replace('[A]*?', 'Abc'), csv(...days(40)));
    expect((await read(path, { symbol: 'A', timeframe: '1d' })).rows).toBe(3);
  });

  it('takes a vwap, empty or not', async () => {
    const path = await file(`${HEADER},VWAP\n${rows[0]},10.75\n${rows[1]},\n${rows[2]},1.1e1\n`);
    const opened = await openBarFile(path, { timeframe: '1d' });
    const blocks: BarBlock[] = [];
    for await (const block of opened.blocks()) blocks.push(block);
    await opened.close();
    expect([0, 1, 2].map((index) => blocks[0]!.vwapAt(index))).toEqual([1_075_000_000n, null, 1_100_000_000n]);
    expect(opened.leftOut).toEqual([]);
  });

  it('gives fractional volumes of a series with a volume scale as its integers', async () => {
    const path = await file(
      csv('2024-01-01,10,12,9,11,0.12345', '2024-01-02,10,12,9,11,7', '2024-01-03,10,12,9,11,1.5e-4'),
    );
    const scales: unknown[] = [];
    const result = await read(path, {
      timeframe: '1d',
      volumeScale: (series) => {
        scales.push(series);
        return 5;
      },
    });
    expect(result.bars.map((bar) => bar[5])).toEqual(['12345', '700000', '15']);
    expect(scales).toEqual([{ symbol: 'AAPL', timeframe: '1d' }]);
  });

  it('gives the blocks again from the start', async () => {
    const opened = await openBarFile(await file(csv(...days(50))), { timeframe: '1d' });
    const lengths: number[] = [];
    for (let turn = 0; turn < 2; turn += 1) {
      for await (const block of opened.blocks()) {
        lengths.push(block.length);
        if (turn === 0) break;
      }
    }
    await opened.close();
    expect(lengths).toEqual([50, 50]);
  });

  it('gives a large file in blocks, in order', async () => {
    const minutes = 70_000;
    const lines = Array.from({ length: minutes }, (_, minute) => {
      const at = new Date(Date.UTC(2024, 0, 1, 0, minutes - minute));
      return `${at.toISOString()},10,12,9,11,${minute}`;
    });
    const opened = await openBarFile(await file(csv(...lines)));
    const sizes: number[] = [];
    let previous = 0;
    for await (const block of opened.blocks()) {
      sizes.push(block.length);
      for (let index = 0; index < block.length; index += 1) {
        if (block.timestamp[index]! <= previous) throw new Error(`out of order at line ${block.origin[index]}`);
        previous = block.timestamp[index]!;
      }
    }
    await opened.close();
    expect(sizes).toEqual([32_768, 32_768, 4_464]);
    expect(opened.notices).toEqual(['the timeframe 1m was told by the spacing of the bars']);
  });
});

describe('times', () => {
  const at = (...times: string[]) => csv(...times.map((time) => `${time},10,12,9,11,100`));

  it('reads a time without a zone as UTC, and says so once', async () => {
    const result = await read(await file(at('2024-01-02 14:30', '2024-01-02T14:31:00', '2024-01-02 09:32:00-05:00')), {
      timeframe: '1m',
    });
    expect(result.bars.map(([time]) => time)).toEqual([
      '2024-01-02T14:30:00Z',
      '2024-01-02T14:31:00Z',
      '2024-01-02T14:32:00Z',
    ]);
    expect(result.notices).toEqual(['times without a zone were read as UTC']);
  });

  it('says nothing where every time has its zone', async () => {
    const result = await read(await file(at('2024-01-02 14:30Z', '2024-01-02T14:31:00+0000')), {
      timeframe: '1m',
      timezone: 'America/New_York',
    });
    expect(result.bars.map(([time]) => time)).toEqual(['2024-01-02T14:30:00Z', '2024-01-02T14:31:00Z']);
    expect(result.notices).toEqual([]);
  });

  it('keeps the calendar date of a 1d bar whatever the zone', async () => {
    const result = await read(await file(at('2024-01-02', '2024-01-03')), { timeframe: '1d', timezone: 'Asia/Tokyo' });
    expect(result.bars.map(([time]) => time)).toEqual(['2024-01-02T00:00:00Z', '2024-01-03T00:00:00Z']);
    expect(result.notices).toEqual(['1d bars keep the calendar date as written: the time zone was not used']);
  });

  it('rejects what the clocks skipped or showed twice, with line and value', async () => {
    const times = [
      '11/3/2019 0:59',
      '11/3/2019 1:30',
      '11/3/2019 2:00',
      '3/10/2019 1:59',
      '3/10/2019 2:30',
      '3/10/2019 3:00',
    ];
    const result = await read(await file(at(...times)), { timeframe: '1m', timezone: 'America/New_York' });
    expect(result.bars.map(([time, , , , , , line]) => [time, line])).toEqual([
      ['2019-03-10T06:59:00Z', 5],
      ['2019-03-10T07:00:00Z', 7],
      ['2019-11-03T04:59:00Z', 2],
      ['2019-11-03T07:00:00Z', 4],
    ]);
    expect(result.problems).toMatchObject([
      { code: 'LOCAL_TIME_REPEATED', path: 'timestamp', value: '11/3/2019 1:30', line: 3 },
      { code: 'LOCAL_TIME_SKIPPED', path: 'timestamp', value: '3/10/2019 2:30', line: 6 },
    ]);
    expect(result).toMatchObject({ rows: 6, rejected: 2 });
  });

  it('refuses a file whose slashed dates prove that the day stands first, also where only one row does', async () => {
    const error = await refusal(await file(at('1/2/2019', '2/2/2019', '13/2/2019', '14/2/2019')), { timeframe: '1d' });
    expect(error.problems).toMatchObject([{ code: 'DATE_DAY_FIRST', value: '13/2/2019', line: 4 }]);
  });

  it('refuses an unknown zone', async () => {
    expect(await refusal(await file(at('2024-01-02')), { timeframe: '1d', timezone: 'Mars/Olympus' })).toMatchObject({
      code: 'TIMEZONE_UNKNOWN',
    });
  });
});

describe('rejected rows', () => {
  const good = '2024-01-01,10,12,9,11,100';
  it.each<[string, string, Partial<Problem>[]]>([
    ['a bad number', '2024-01-02,abc,12,9,11,100', [{ code: 'DECIMAL_INVALID', path: 'open', value: 'abc' }]],
    ['an empty value', '2024-01-02,10,12,9,,100', [{ code: 'DECIMAL_INVALID', path: 'close', value: '' }]],
    [
      'a thousands separator',
      '2024-01-02,10,12,9,11,"4,787,699"',
      [{ code: 'DECIMAL_INVALID', path: 'volume', value: '4,787,699' }],
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
    ['gzip', Buffer.from('1f8b0800000000000003', 'hex'), 'FILE_NOT_TEXT', { line: 1 }],
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

  it.each([
    ['days as minutes', days(10), '1m', 'it looks like 1d: import it with --timeframe 1d'],
    [
      'minutes as days',
      ['14:30', '14:31', '14:32', '14:33'].map((time) => `2024-01-02 ${time},10,12,9,11,100`),
      '1d',
      'it looks like 1m: import it with --timeframe 1m',
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

describe('the two ways in', () => {
  const digits = fc.stringMatching(/^\d{1,11}$/);
  const decimals = fc.stringMatching(/^\d{1,10}$/);
  const number = fc.oneof(
    digits,
    fc.tuple(digits, decimals).map(([whole, part]) => `${whole}.${part}`),
    fc.constantFrom(
      '10',
      '12',
      '9',
      '11',
      '10.50',
      '.5',
      '5.',
      '+1',
      '-1',
      '1e1',
      '1E-8',
      '1e-9',
      ' 10 ',
      '"10"',
      '',
      'NaN',
      '0',
      '1,5',
      '0x10',
      '10.10000000000000',
      '100000000.000000010',
      '٣',
    ),
  );
  const time = fc.oneof(
    fc
      .date({ min: new Date('1590-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10)),
    fc.constantFrom(
      '2024-01-02 00:00',
      '2024-01-02T00:00:00Z',
      '2024-01-03 00:00:00+05:00',
      '1/4/2024',
      '01/05/2024 0:00',
      '2024-01-06 24:00',
      '2024-02-30',
      '2024-1-7',
      '2024-01-08T00:00:00.000',
      '2024-01-09 00:00:01',
      '2024-01-10T00:00-0800',
    ),
  );
  /** Prices between 9 and 12, volumes that are whole or nearly so: each row stands or falls by one value. */
  const near = fc.constantFrom(
    '10',
    '10.000000001',
    '10.123456789',
    '11.99999999',
    '12.00000001',
    '8.99999999',
    '1.05E1',
  );
  const volume = fc.oneof(
    number,
    fc.constantFrom('100.000000001', '100.00000000', '100.00000001', '999999999999999999'),
  );
  const right = fc.tuple(time, near, fc.constant('12'), fc.constant('9'), fc.constant('11'), volume);
  const row = fc.oneof(right, fc.tuple(time, number, number, number, number, number));

  it('SQL and the rules of the domain take the same rows, to the last digit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 30, maxLength: 60 }), async (rows) => {
        // A day apart from each other in years of their own, so that neither spacing nor duplicates come into it.
        const unique = rows.filter(
          ([at], index) => rows.findIndex(([other]) => other.slice(0, 10) === at.slice(0, 10)) === index,
        );
        const expected = new BarBlock();
        const wrong = new Set<number>();
        unique.forEach(([at, open, high, low, close, volume], index) => {
          const bare = (text: string) => text.replace(/^"(.*)"$/, '$1');
          const broken = [open, high, low, close, volume].some((text) => text.includes(','));
          const written = readWrittenTime(at, 'timestamp', () => {});
          const values = {
            open: bare(open),
            high: bare(high),
            low: bare(low),
            close: bare(close),
            volume: bare(volume),
          };
          const bar =
            !broken &&
            written &&
            readBarValues(
              { timestamp: new Date(written.local), ...values },
              { timeframe: '1d', volumeScale: 0 },
              () => {},
            );
          if (bar) expected.push(bar, index + 2);
          else wrong.add(index + 2);
        });
        const opened = await openBarFile(await file(csv(...unique.map((cells) => cells.join(',')))), {
          timeframe: '1d',
        }).catch((error: unknown) => error);
        if (opened instanceof InvalidInputError) {
          expect(opened.code).toBe('TIMEFRAME_MISMATCH');
          return;
        }
        if (opened instanceof Error) throw opened;
        const result = opened as Awaited<ReturnType<typeof openBarFile>>;
        const order = expected.timeOrder();
        let position = 0;
        for await (const block of result.blocks()) {
          for (let index = 0; index < block.length; index += 1, position += 1) {
            expect(block.origin[index]).toBe(expected.origin[order[position]!]);
            expect(block.timestamp[index]).toBe(expected.timestamp[order[position]!]);
            expect(block.sameValues(index, expected, order[position]!)).toBe(true);
          }
        }
        await result.close();
        expect(position).toBe(expected.length);
        expect(new Set(result.problems.map(({ line }) => line))).toEqual(wrong);
      }),
      { numRuns: 40 },
    );
  });
});
