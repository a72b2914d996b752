import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import type { BarFileOptions } from '../../src/transfer/read/bar-file.js';
import { openBarFile } from '../../src/transfer/read/open-file.js';
import { directory, file, refusal, useCsvDirectory } from './csv-files.js';

useCsvDirectory();

let files = 0;
/** Writes a query's rows. */
async function parquet(query: string, options = '', name = 'AAPL.parquet'): Promise<string> {
  files += 1;
  const path = join(directory, `${files}-${name}`);
  const db = await DuckDBInstance.create(':memory:');
  const connection = await db.connect();
  await connection.run(`SET TimeZone = 'UTC'; SET force_mbedtls_unsafe = 'true'`);
  await connection.run(`PRAGMA add_parquet_key('key', '0123456789112345')`);
  await connection.run(`COPY (${query}) TO '${path}' (FORMAT parquet${options && `, ${options}`})`);
  connection.closeSync();
  db.closeSync();
  return path;
}

type Row = string;

/** Each bar as a line: symbol timeframe time open high low close volume/10^scale [vwap] @line. */
async function read(path: string, options: BarFileOptions = {}) {
  const opened = await openBarFile(path, { symbol: 'AAPL', timeframe: '1d', ...options });
  try {
    const bars: Row[] = [];
    for (const { symbol, timeframe, volumeScale, blocks } of opened.series) {
      for await (const block of blocks()) {
        for (let index = 0; index < block.length; index += 1) {
          const prices = [block.open, block.high, block.low, block.close].map((prices) => Number(prices[index]) / 1e8);
          const time = new Date(block.timestamp[index]!).toISOString().replace(/(T00:00)?:00.000Z$/, '');
          const volume = `${block.volume[index]}${volumeScale ? `e-${volumeScale}` : ''}`;
          bars.push(`${symbol} ${timeframe} ${time} ${prices.join(' ')} ${volume} @${block.origin[index]}`);
        }
      }
    }
    return { ...opened, bars };
  } finally {
    await opened.close();
  }
}

const DAYS = `SELECT TIMESTAMP '2024-01-01' + to_days(i::INTEGER) AS Date, 10.25 + i AS Open, 12.5 + i AS High, 9.125 + i AS Low,
  11::DOUBLE + i AS Close, 100 * i AS Volume FROM range(3) t(i)`;
const BARS = [
  'AAPL 1d 2024-01-01 10.25 12.5 9.125 11 0 @1',
  'AAPL 1d 2024-01-02 11.25 13.5 10.125 12 100 @2',
  'AAPL 1d 2024-01-03 12.25 14.5 11.125 13 200 @3',
];

const day = (index: number) => new Date(Date.UTC(2024, 0, 1 + index));

/** Nanoseconds of the day, and the Julian day. */
function int96Day(index: number): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32LE(2_460_311 + index, 8);
  return new Uint8Array(bytes);
}

/** No writer at hand makes INT96 any more. It is twelve bytes, under another number in the schema and in the column's description. */
function asInt96(bytes: Buffer): Buffer {
  const latin = bytes.toString('latin1');
  expect(latin).toContain('\x15\x0e\x15\x18');
  return Buffer.from(
    latin.replaceAll('\x15\x0e\x15\x18', '\x15\x06\x15\x18').replaceAll('\x15\x0e\x19', '\x15\x06\x19'),
    'latin1',
  );
}

describe('types', () => {
  it.each(['snappy', 'gzip', 'zstd', 'brotli', 'lz4_raw', 'uncompressed'])('packed by %s', async (codec) => {
    expect((await read(await parquet(DAYS, `CODEC '${codec}'`))).bars).toEqual(BARS);
  });

  it.each(['DOUBLE', 'FLOAT', 'DECIMAL(18,8)', 'DECIMAL(9,3)', 'DECIMAL(38,10)', 'VARCHAR'])(
    'prices of %s',
    async (type) => {
      const query = `SELECT * REPLACE (Open::${type} AS Open, High::${type} AS High, Low::${type} AS Low, Close::${type} AS Close) FROM (${DAYS})`;
      const opened = await read(await parquet(query));
      expect(opened).toMatchObject({ layout: 'parquet', rows: 3, rejected: 0, leftOut: [], bars: BARS });
    },
  );

  it.each(['INTEGER', 'SMALLINT', 'UTINYINT', 'UBIGINT', 'BIGINT'])('prices of %s', async (type) => {
    const prices = ['open', 'high', 'low', 'close'].map((name) => `7::${type} AS ${name}`);
    const path = await parquet(`SELECT DATE '2024-01-01' AS date, ${prices.join(', ')}, 5 AS volume`);
    expect((await read(path)).bars).toEqual(['AAPL 1d 2024-01-01 7 7 7 7 5 @1']);
  });

  it.each(['DOUBLE', 'FLOAT', 'INTEGER', 'UBIGINT', 'DECIMAL(18,2)', 'VARCHAR'])('volumes of %s', async (type) => {
    expect((await read(await parquet(`SELECT * REPLACE (Volume::${type} AS Volume) FROM (${DAYS})`))).bars).toEqual(
      BARS,
    );
  });

  it.each(['TIMESTAMP', 'TIMESTAMP_S', 'TIMESTAMP_MS', 'TIMESTAMP_NS', 'TIMESTAMPTZ', 'DATE', 'VARCHAR'])(
    'times of %s',
    async (type) => {
      expect((await read(await parquet(`SELECT * REPLACE (Date::${type} AS Date) FROM (${DAYS})`))).bars).toEqual(BARS);
    },
  );

  it.each([
    ['seconds', 'epoch(Date)::BIGINT', 'whole numbers were read as times in seconds since 1970'],
    ['seconds of a float', 'epoch(Date)::DOUBLE', 'whole numbers were read as times in seconds since 1970'],
    ['milliseconds', 'epoch_ms(Date)', 'whole numbers were read as times in milliseconds since 1970'],
    ['microseconds', 'epoch_us(Date)', 'whole numbers were read as times in microseconds since 1970'],
    ['nanoseconds', 'epoch_ns(Date)', 'whole numbers were read as times in nanoseconds since 1970'],
    ['days', `strftime(Date, '%Y%m%d')::INTEGER`, undefined],
  ])('times as whole %s', async (_, time, notice) => {
    const { bars, notices } = await read(await parquet(`SELECT * REPLACE (${time} AS Date) FROM (${DAYS})`));
    expect(bars).toEqual(BARS);
    expect(notices).toEqual(notice ? [notice] : []);
  });

  it.each([
    ['milliseconds', day, (bytes: Buffer) => bytes],
    ['INT96', int96Day, asInt96],
  ])('times of %s, by another writer', async (_, dayOf, finish) => {
    const prices = ['open', 'high', 'low', 'close'].map((name) => ({
      name,
      data: [7.5, 7.5],
    }));
    const columns = [{ name: 'date', data: [dayOf(0), dayOf(1)], encoding: 'PLAIN' as const }, ...prices];
    const bytes = parquetWriteBuffer({
      columnData: [...columns, { name: 'volume', data: [1n, 2n] }],
      schema: [
        { name: 'root', num_children: 6 },
        dayOf === day
          ? { name: 'date', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'REQUIRED' }
          : { name: 'date', type: 'FIXED_LEN_BYTE_ARRAY', type_length: 12, repetition_type: 'REQUIRED' },
        ...prices.map(({ name }) => ({ name, type: 'DOUBLE' as const, repetition_type: 'REQUIRED' as const })),
        { name: 'volume', type: 'INT64', repetition_type: 'REQUIRED' },
      ],
      codec: 'UNCOMPRESSED',
      statistics: false,
    });
    const path = await file(finish(Buffer.from(bytes)), 'AAPL.parquet');
    expect((await read(path)).bars).toEqual([
      'AAPL 1d 2024-01-01 7.5 7.5 7.5 7.5 1 @1',
      'AAPL 1d 2024-01-02 7.5 7.5 7.5 7.5 2 @2',
    ]);
  });

  it('written by polars: zstd, a dictionary of symbols, a list that is left out', async () => {
    const path = fileURLToPath(new URL('../fixtures/polars-zstd.parquet', import.meta.url));
    expect((await readFile(path)).length).toBeLessThan(4_000);
    const opened = await read(path, { symbol: undefined, timeframe: undefined });
    expect(opened).toMatchObject({ rows: 5, rejected: 0, leftOut: ['tags'] });
    expect(opened.bars).toEqual([
      'AAPL 1d 2024-01-01 10.1 12.5 9.5 11.2 100 @1',
      'AAPL 1d 2024-01-02 11.25 13 10 12.1 300 @3',
      'AAPL 1d 2024-01-03 12 14 11 13.3 500 @5',
      'MSFT 1d 2024-01-01 20.1 22 19 21.7 200 @2',
      'MSFT 1d 2024-01-02 21.3 23 20 22.2 400 @4',
    ]);
  });
});

describe('times', () => {
  const minutes = (time: string) =>
    `SELECT ${time} AS timestamp, 7 AS open, 7 AS high, 7 AS low, 7 AS close, 5 AS volume FROM range(3) t(i)`;

  it('without a zone are of the zone that is named, and with one are instants', async () => {
    const path = await parquet(minutes(`TIMESTAMP '2024-01-02 09:30' + to_minutes(i)`));
    const options = { timeframe: '1m', timezone: 'America/New_York' };
    expect((await read(path, options)).bars[0]).toBe('AAPL 1m 2024-01-02T14:30 7 7 7 7 5 @1');
    const { bars, notices } = await read(path, { timeframe: '1m' });
    expect(bars[0]).toBe('AAPL 1m 2024-01-02T09:30 7 7 7 7 5 @1');
    expect(notices).toEqual(['times without a zone were read as UTC']);
    const zoned = await parquet(minutes(`TIMESTAMPTZ '2024-01-02 09:30:00Z' + to_minutes(i)`));
    expect((await read(zoned, options)).bars[0]).toBe('AAPL 1m 2024-01-02T09:30 7 7 7 7 5 @1');
  });

  it('of a 1d bar with a zone keep the date of the zone that pandas names, or a person', async () => {
    const query = minutes(`TIMESTAMPTZ '2024-01-02 05:00:00Z' + to_days(i::INTEGER)`);
    const note = JSON.stringify({
      index_columns: [],
      columns: [{ name: 'timestamp', metadata: { timezone: 'America/New_York' } }],
    });
    const noted = await read(await parquet(query, `KV_METADATA {pandas: '${note}'}`));
    expect(noted.bars[0]).toBe('AAPL 1d 2024-01-02 7 7 7 7 5 @1');
    expect(noted.notices).toEqual(['the date of a 1d bar is that of America/New_York']);
    const named = await read(await parquet(query), { timezone: 'America/New_York' });
    expect(named.bars[2]).toBe('AAPL 1d 2024-01-04 7 7 7 7 5 @3');
    expect(named.notices).toEqual(noted.notices);
    expect(await read(await parquet(query))).toMatchObject({
      rejected: 3,
      problems: [1, 2, 3].map((line) => ({
        code: 'TIMESTAMP_MISALIGNED',
        line,
        hint: expect.stringContaining('pass the --timezone of the exchange'),
      })),
    });
    const closings = minutes(`TIMESTAMPTZ '2024-01-02 15:59:59Z' + to_hours(i::INTEGER)`);
    expect((await read(await parquet(closings), { timeframe: '1h' })).problems).toMatchObject(
      [1, 2, 3].map(() => ({ code: 'TIMESTAMP_MISALIGNED', hint: expect.stringContaining('is this when it closed?') })),
    );
  });

  it('finer than a millisecond, infinite, missing or no time are rejected', async () => {
    const times = [
      `TIMESTAMP '2024-01-02 09:30'`,
      `TIMESTAMP '2024-01-02 09:31:00.000001'`,
      `'infinity'::TIMESTAMP`,
      'NULL',
    ];
    const path = await parquet(
      minutes(`CASE i ${times.map((time, index) => `WHEN ${index} THEN ${time}`).join(' ')} END`).replace(
        'range(3)',
        'range(4)',
      ),
    );
    expect(await read(path, { timeframe: '1m' })).toMatchObject({
      rows: 4,
      rejected: 3,
      problems: [
        { code: 'INSTANT_TOO_FINE', line: 2 },
        { code: 'INSTANT_INVALID', line: 3, value: 'infinity' },
        { code: 'INSTANT_INVALID', line: 4, value: '' },
      ],
    });
  });
});

describe('columns', () => {
  const wide = (symbols: readonly string[], first: boolean) =>
    `SELECT ${symbols
      .flatMap((symbol, index) =>
        ['Open', 'High', 'Low', 'Close', 'Volume'].map((field) => {
          const name = first ? `('${field}', '${symbol}')` : `('${symbol}', '${field}')`;
          const value = field === 'Volume' ? '5' : '7.5';
          return `CASE WHEN i < ${3 - index} THEN ${value}::DOUBLE ELSE 'nan'::DOUBLE END AS "${name}"`;
        }),
      )
      .join(', ')}, TIMESTAMP '2024-01-01' + to_days(i::INTEGER) AS "Date" FROM range(3) t(i)`;
  const bars = (symbol: string, days: number, from: number) =>
    Array.from({ length: days }, (_, day) => `${symbol} 1d 2024-01-0${day + 1} 7.5 7.5 7.5 7.5 5 @${from + day}`);

  it.each([true, false])('named by pairs of one symbol', async (first) => {
    const path = await parquet(wide(['MSFT'], first), '', 'prices.parquet');
    expect((await read(path, { symbol: undefined })).bars).toEqual(bars('MSFT', 3, 1));
  });

  it.each([true, false])('named by pairs of several symbols; where one has no value it has no bar', async (first) => {
    const opened = await read(await parquet(wide(['SPY', 'BRK-B'], first)), { symbol: undefined });
    expect(opened.bars).toEqual([...bars('BRK-B', 2, 4), ...bars('SPY', 3, 1)]);
    expect(opened).toMatchObject({ rows: 5, rejected: 0 });
    expect(opened.notices).toEqual([
      'each symbol has columns of its own: row 3 is the last of the first symbol, row 4 the first of the second',
      'where a symbol has no value at all in a row it has no bar: 1 times',
    ]);
  });

  it.each([
    ['__index_level_0__', ''],
    ['Handelstag', `KV_METADATA {pandas: '{"index_columns": ["Handelstag"], "columns": []}'}`],
    ['calendar day', ''],
  ])('of time called %s, for it is the index or the only one', async (name, options) => {
    expect((await read(await parquet(`SELECT * RENAME (Date AS "${name}") FROM (${DAYS})`, options))).bars).toEqual(
      BARS,
    );
  });

  it.each(['close_time', 'bar_end', 'updated_at'])(
    'of times called %s are not those at which bars opened',
    async (name) => {
      const refused = await refusal(await parquet(`SELECT * RENAME (Date AS "${name}") FROM (${DAYS})`));
      expect(refused.problems).toMatchObject([{ code: 'COLUMN_MISSING', path: 'timestamp' }]);
    },
  );

  it('that are nested or unknown are left out', async () => {
    const query = `SELECT *, 1 AS "Adj Close", {a: 1} AS nested, [1] AS list FROM (${DAYS})`;
    expect(await read(await parquet(query))).toMatchObject({ leftOut: ['Adj Close', 'nested', 'list'], bars: BARS });
  });

  it('that are missing or there twice are named', async () => {
    const missing = await refusal(await parquet(`SELECT * EXCLUDE (Volume) FROM (${DAYS})`));
    expect(missing.problems).toMatchObject([{ code: 'COLUMN_MISSING', path: 'volume' }]);
    const repeated = await refusal(await parquet(`SELECT *, Date AS timestamp FROM (${DAYS})`));
    expect(repeated.problems).toMatchObject([{ code: 'COLUMN_REPEATED', path: 'timestamp' }]);
    const prices = ['open', 'high', 'low', 'close', 'Close', 'volume'];
    const columnData = [
      { name: 'date', data: ['2024-01-02'], type: 'STRING' as const },
      ...prices.map((name) => ({ name, data: [name === 'Close' ? 2 : 1], type: 'DOUBLE' as const })),
    ];
    const cased = await refusal(await file(new Uint8Array(parquetWriteBuffer({ columnData })), 'AAPL.parquet'));
    expect(cased.problems).toMatchObject([{ code: 'COLUMN_REPEATED', path: 'close' }]);
  });

  it('of integer prices are refused where they are those of Databento, x 10^9', async () => {
    const prices = ['Open', 'High', 'Low', 'Close'].map((name) => `5250000000 AS "${name}"`);
    const query = `SELECT * REPLACE (${prices.join(', ')}), 2 AS publisher_id, 7 AS instrument_id FROM (${DAYS})`;
    expect(await refusal(await parquet(query))).toMatchObject({ code: 'PRICE_SCALE_UNCLEAR' });
  });

  it('of any name, by a mapping', async () => {
    const names = { Date: 'Tag', Open: 'Auf', High: 'Hoch', Low: 'Tief', Close: 'Zu', Volume: 'Stück' };
    const renamed = Object.entries(names).map(([from, to]) => `${from} AS "${to}"`);
    const path = await parquet(`SELECT ${renamed.join(', ')}, 'MSFT' AS Papier FROM (${DAYS})`);
    const columns = { timestamp: 'Tag', open: 'auf', high: ['H', 'Hoch'], low: 'Tief', close: 'Zu', volume: 'Stück' };
    const map = { layout: 'german', columns: { ...columns, symbol: 'Papier' } };
    const opened = await read(path, { symbol: undefined, timeframe: undefined, map: { ...map, timeframe: '1d' } });
    expect(opened).toMatchObject({ layout: 'german', rejected: 0, leftOut: [] });
    expect(opened.bars).toEqual(BARS.map((bar) => bar.replace('AAPL', 'MSFT')));
    const without = await refusal(path, { map: { ...map, columns: { ...columns, close: 'Last' } } });
    expect(without.problems).toMatchObject([
      { code: 'COLUMN_MISSING', path: 'close', rule: 'no column is named last' },
    ]);
    const textual = await refusal(path, { map: { ...map, delimiter: ';' } });
    expect(textual.problems).toMatchObject([{ code: 'MAP_INVALID', path: 'delimiter' }]);
  });

  it('of an export of ours: volumes in units, many series', async () => {
    const query = `SELECT * FROM (VALUES
      ('BTCUSDT', '1h', TIMESTAMPTZ '2024-01-01 00:00:00Z', 7.5, 7.5, 7.5, 7.5, 123456, 7.25, 'binance', 5::TINYINT),
      ('AAPL', '1d', TIMESTAMPTZ '2024-01-01 00:00:00Z', 7.5, 7.5, 7.5, 7.5, 42, NULL, NULL, 0::TINYINT),
      ('AAPL', '1d', TIMESTAMPTZ '2024-01-02 00:00:00Z', 7.5, 7.5, 7.5, 7.5, -1, NULL, NULL, 0::TINYINT))
      t(symbol, timeframe, timestamp, open, high, low, close, volume, vwap, source, volume_scale)`;
    const prices = ['open', 'high', 'low', 'close', 'vwap'].map((name) => `${name}::DECIMAL(18,8) AS ${name}`);
    const path = await parquet(
      `SELECT * REPLACE (${prices.join(', ')}, volume::BIGINT AS volume), now() AS created_at FROM (${query})`,
    );
    const opened = await read(path, { symbol: undefined, timeframe: undefined });
    expect(opened).toMatchObject({ layout: 'wyckoff', rows: 3, rejected: 1, leftOut: ['created_at'] });
    expect(opened.problems).toMatchObject([{ code: 'VOLUME_NEGATIVE', path: 'volume', value: '-1', line: 3 }]);
    expect(opened.bars).toEqual([
      'AAPL 1d 2024-01-01 7.5 7.5 7.5 7.5 42 @2',
      'BTCUSDT 1h 2024-01-01 7.5 7.5 7.5 7.5 123456e-5 @1',
    ]);
    const unscaled = await parquet(`SELECT * REPLACE (if(line < 2, 2, NULL) AS volume_scale) FROM (
      SELECT *, row_number() OVER () AS line FROM '${path}' WHERE volume > 0)`);
    const half = await read(unscaled, { symbol: undefined, timeframe: undefined });
    expect(half.problems).toMatchObject([{ code: 'DECIMAL_INVALID', path: 'volume', line: 2 }]);
    for (const type of ['DOUBLE', 'DECIMAL(18,2)', 'VARCHAR']) {
      const again = await parquet(`SELECT * REPLACE (volume::${type} AS volume) FROM '${path}'`);
      expect(await refusal(again)).toMatchObject({ code: 'VOLUME_SCALE_UNCLEAR' });
    }
  });

  it('of a folder name their series', async () => {
    const path = await parquet(DAYS, '', 'part-0.parquet');
    const hive = await file(await readFile(path), 'part-0.parquet').then(async () => {
      const { mkdir, copyFile } = await import('node:fs/promises');
      const folder = join(directory, 'symbol=MSFT', 'timeframe=1d');
      await mkdir(folder, { recursive: true });
      await copyFile(path, join(folder, 'part-0.parquet'));
      return join(folder, 'part-0.parquet');
    });
    const { series } = await read(hive, { symbol: undefined, timeframe: undefined });
    expect(series).toMatchObject([{ symbol: 'MSFT', timeframe: '1d', bars: 3 }]);
  });
});

describe('values', () => {
  it('that are missing or no numbers are rejected with the number of their row', async () => {
    const cases = [`'nan'::DOUBLE`, `'inf'::DOUBLE`, 'NULL', '-1.5'];
    const query = `SELECT * REPLACE (CASE ${cases.map((value, row) => `WHEN Volume = ${100 * row} THEN ${value}`).join(' ')} ELSE Low END AS Low) FROM (${DAYS.replace('range(3)', 'range(5)')})`;
    expect(await read(await parquet(query))).toMatchObject({
      rows: 5,
      rejected: 4,
      problems: [
        { code: 'DECIMAL_INVALID', path: 'low', value: 'nan', line: 1 },
        { code: 'DECIMAL_INVALID', path: 'low', value: 'inf', line: 2 },
        { code: 'DECIMAL_INVALID', path: 'low', value: '', line: 3 },
        { code: 'PRICE_NOT_POSITIVE', path: 'low', line: 4 },
      ],
      bars: ['AAPL 1d 2024-01-05 14.25 16.5 13.125 15 400 @5'],
    });
  });

  it('are judged themselves, not by what the footer says of them', async () => {
    const whole = await readFile(await parquet(DAYS.replaceAll('100 * i', '123456789 + i'), `CODEC 'uncompressed'`));
    const volume = Buffer.alloc(8);
    volume.writeBigInt64LE(123_456_790n);
    const at = whole.indexOf(volume);
    expect(at).toBeGreaterThan(0);
    whole.writeBigInt64LE(-5n, at);
    expect(await read(await file(whole, 'AAPL_1d.parquet'))).toMatchObject({
      rejected: 1,
      problems: [{ code: 'VOLUME_NEGATIVE', line: 2 }],
    });
  });

  it('of a float are those that it was written as, and are rounded only when it is said', async () => {
    const fine = `SELECT * REPLACE (0.1::FLOAT + 12 AS Open, 10.123456785::DOUBLE AS Low, 1e-7::DOUBLE + 11 AS Close) FROM (${DAYS.replace('range(3)', 'range(1)')})`;
    const path = await parquet(fine);
    expect(await read(path)).toMatchObject({
      rejected: 1,
      problems: [{ code: 'PRICE_TOO_PRECISE', value: '10.123456785' }],
    });
    const rounded = await read(path, { round: true });
    expect(rounded.bars).toEqual(['AAPL 1d 2024-01-01 12.1 12.5 10.12345679 11.0000001 0 @1']);
    expect(rounded.rounded).toEqual({ prices: 1, volumes: 0 });
  });
});

describe('files that are refused as a whole', () => {
  it.each<[string, (bytes: Buffer) => Buffer, string]>([
    ['cut off', (bytes) => bytes.subarray(0, -100), 'PARQUET_DAMAGED'],
    ['only its first bytes', () => Buffer.from('PAR1'), 'PARQUET_DAMAGED'],
    ['no footer', () => Buffer.from('PAR1\0\0\0\0PAR1'), 'PARQUET_DAMAGED'],
    [
      'a footer longer than the file',
      (bytes) => {
        bytes.writeUInt32LE(0x7fffffff, bytes.length - 8);
        return bytes;
      },
      'PARQUET_DAMAGED',
    ],
    [
      'a footer of zeros',
      (bytes) => bytes.fill(0, bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8), bytes.length - 8),
      'PARQUET_DAMAGED',
    ],
    ['pages of zeros', (bytes) => bytes.fill(0, 4, 200), 'PARQUET_DAMAGED'],
    [
      'an encrypted footer',
      (bytes) => Buffer.from(bytes.toString('latin1').replaceAll('PAR1', 'PARE'), 'latin1'),
      'PARQUET_ENCRYPTED',
    ],
  ])('%s', async (_, damage, code) => {
    const whole = await readFile(await parquet(DAYS));
    const { code: told, message } = await refusal(await file(damage(whole), 'AAPL.parquet'), { timeframe: '1d' });
    expect(told).toBe(code);
    expect(message).toMatch(/^[\x20-\x7e]+$/);
  });

  it('encrypted ones, and ones without rows', async () => {
    const encrypted = await parquet(DAYS, `ENCRYPTION_CONFIG {footer_key: 'key'}`);
    expect(await refusal(encrypted, { symbol: 'AAPL' })).toMatchObject({ code: 'PARQUET_ENCRYPTED' });
    expect(await refusal(await parquet(`${DAYS} LIMIT 0`), { symbol: 'AAPL' })).toMatchObject({
      code: 'FILE_HAS_NO_ROWS',
    });
  });
});
