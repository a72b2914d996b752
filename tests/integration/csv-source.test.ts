import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import type { BarBlock } from '../../src/domain/bar-block.js';
import { Decimal } from '../../src/domain/decimal.js';
import { formatInstant } from '../../src/domain/time.js';
import { openBarFile } from '../../src/transfer/read/open-file.js';
import { hasSharedData, sharedFile } from '../setup/shared-data.js';
import { blocksOf, csv, days, file, HEADER, type Row, read, refusal, useCsvDirectory } from './csv-files.js';

useCsvDirectory();

describe.runIf(hasSharedData)('real files, value for value as another parser reads them', () => {
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
    const path = sharedFile(`plain/${name}`);
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
    expect([result.series[0]!.first, result.series[0]!.last].map((at) => formatInstant(at))).toEqual([
      expected[0]![0],
      expected.at(-1)![0],
    ]);
  });

  it('reads 9:30 in New York as 14:30Z', async () => {
    const path = sharedFile('plain/mpf_SP500_1min_OCHL_crlf.csv');
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
    [
      "Excel's declaration",
      `\ufeffsep=;\r\n${csv(...rows)
        .replaceAll(',', ';')
        .replaceAll('\n', '\r\n')}`,
      [3, 4, 5],
    ],
    ['a declaration behind a blank line, in quotes', `\n"SEP=\t"\n${csv(...rows).replaceAll(',', '\t')}`, [4, 5, 6]],
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
    expect(result).toMatchObject({
      series: [{ symbol: 'AAPL', timeframe: '1d' }],
      rows: 3,
      rejected: 0,
      duplicates: 0,
    });
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
    for await (const block of blocksOf(opened)) blocks.push(block);
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
      for await (const block of blocksOf(opened)) {
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
    for await (const block of blocksOf(opened)) {
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
