import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, inject, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import type { BarInput, Differences, SeriesVerification, VerifiedFile } from '../../src/index.js';
import { BarRepository } from '../../src/repositories/bars/bar-repository.js';
import type { BarFile } from '../../src/transfer/read/bar-file.js';
import { openBarFile } from '../../src/transfer/read/open-file.js';
import { verifyBarFile } from '../../src/transfer/verify/verify-file.js';
import { weekdayBars } from '../setup/daily-bars.js';
import { minuteBars } from '../setup/minute-bars.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestDatabase, openTestStore } from '../setup/test-database.js';
import { file, useCsvDirectory } from './csv-files.js';

useCsvDirectory();

const at = (bar: BarInput) => (bar.timestamp as Date).toISOString().replace('.000Z', 'Z');

function csv(bars: readonly BarInput[]): Promise<string> {
  const rows = bars.map((bar) => [at(bar), bar.open, bar.high, bar.low, bar.close, bar.volume].join());
  return file(
    ['timestamp,open,high,low,close,volume', ...rows, ''].join('\n'),
    `${bars[0]!.symbol}_${bars[0]!.timeframe}.csv`,
  );
}

/** 30 weekdays from Monday 2024-01-01 on. */
const days = (symbol: string) => weekdayBars(symbol, '2024-01-01', '2024-02-10');

/** What was found of a file's one series: kind, how many, and of which fields. */
function kinds({ series, differences }: VerifiedFile) {
  const all = [differences, ...series.map((one) => one.differences)].flat() as readonly Differences[];
  return all.map(({ kind, count, fields }) => [kind, count, ...Object.entries(fields).flat()].join(' '));
}

test('every kind of difference is found, counted and shown, and nothing else', async () => {
  const { store, url } = await openTestStore();
  const client = await openRawClient(url);
  const symbols = ['SAME', 'VALUE', 'MISSING', 'EXTRA', 'RATIO', 'RULE', 'CATALOG'];
  const paths: string[] = [];
  for (const symbol of symbols) {
    await store.bars.upsert(days(symbol));
    paths.push(await csv(days(symbol)));
  }
  paths.push(await csv(days('GONE')), await file('date,open,high,low,close,volume\n', 'BAD_1d.csv'));
  // What lies before the file's first bar and behind its last is not the file's affair, and its ratios begin with those before.
  const before = weekdayBars('SAME', '2023-12-01', '2023-12-20');
  await store.bars.upsert([...before, ...weekdayBars('SAME', '2024-03-01', '2024-03-05')]);

  const clean = await store.files.verify({ paths: paths.slice(0, 7), onError: 'stop' });
  expect(clean.files.map(kinds)).toEqual(symbols.map(() => []));
  expect(clean).toMatchObject({ passed: true, storage: { layout: inject('layout'), differences: [] } });
  expect(clean.storage.judged).toBe(inject('layout') === 'timescale');
  expect(clean.files[0]).toMatchObject({ kind: 'bars', rows: 30, passed: true, error: null });
  expect(clean.files[0]!.series).toMatchObject([{ symbol: 'SAME', bars: 30, stored: 30, compared: 30, sample: null }]);

  const change = (symbol: string, date: string, what: string) =>
    client.query(`UPDATE ohlcv_bars SET ${what} WHERE symbol = '${symbol}' AND timestamp = '${date}Z'`);
  // The catalog still counts 30 of it; where a bar is missing or more, the ratios behind it are no longer right.
  await client.query("DELETE FROM ohlcv_bars WHERE symbol = 'MISSING' AND timestamp = '2024-02-08Z'");
  await client.query(`INSERT INTO ohlcv_bars (symbol, timeframe, timestamp, open, high, low, close, volume, spread, spread_ratio, volume_ratio)
    SELECT symbol, timeframe, timestamp + '1 day', open, high, low, close, volume, spread, spread_ratio, volume_ratio FROM ohlcv_bars WHERE symbol = 'EXTRA' AND timestamp = '2024-02-02Z'`);
  await change('VALUE', '2024-01-02', 'close = low, vwap = low');
  await change('VALUE', '2024-01-03', 'open = high - 0.00000001');
  await change('RATIO', '2024-01-04', 'volume_ratio = 7');
  await client.query(
    'ALTER TABLE ohlcv_bars DROP CONSTRAINT chk_ohlcv_bars_prices, DROP CONSTRAINT chk_ohlcv_bars_volume',
  );
  await change('RULE', '2024-01-05', 'close = high + 1');
  await client.query("UPDATE bar_series SET bar_count = 31, first_timestamp = '2023-12-31Z' WHERE symbol = 'CATALOG'");

  const { passed, files } = await store.files.verify({ paths, onError: 'stop' });
  expect(passed).toBe(false);
  expect(files.map(kinds)).toEqual([
    [],
    ['value 2 close 1 vwap 1 open 1'],
    ['catalog 1', 'ratio 1 volumeRatio 1', 'missing 1'],
    ['catalog 1', 'ratio 6 volumeRatio 6', 'extra 1'],
    ['ratio 1 volumeRatio 1'],
    ['rule 1 close 1', 'value 1 close 1'],
    ['catalog 1'],
    ['series-missing 30'],
    [],
  ]);
  const [, value, missing, extra, ratio, rule, catalog, gone, bad] = files.map(
    ({ series }) => (series as readonly SeriesVerification[])[0]?.differences.flatMap(({ examples }) => examples) ?? [],
  );
  const low = days('VALUE')[1]!.low as number;
  const high = days('VALUE')[2]!.high as number;
  const second = { line: 3, timestamp: new Date('2024-01-02') };
  expect(value).toEqual([
    { ...second, field: 'close', expected: `${low + 2}`, found: `${low}` },
    { ...second, field: 'vwap', expected: null, found: `${low}` },
    {
      line: 4,
      timestamp: new Date('2024-01-03'),
      field: 'open',
      expected: `${high - 3}`,
      found: `${high - 1}.99999999`,
    },
  ]);
  expect(missing!.at(-1)).toMatchObject({ line: 30, timestamp: new Date('2024-02-08') });
  expect(missing![0]).toMatchObject({
    expected: expect.stringMatching(/^29 bars/),
    found: expect.stringContaining('30 bars'),
  });
  expect(extra!.at(-1)).toMatchObject({ line: null, timestamp: new Date('2024-02-03') });
  expect(ratio).toEqual([
    { line: null, timestamp: new Date('2024-01-04'), field: 'volumeRatio', expected: '1.002', found: '7' },
  ]);
  expect(rule![0]).toMatchObject({ timestamp: new Date('2024-01-05'), field: 'close' });
  expect(catalog![0]!.found).toContain('31 bars');
  expect(gone).toMatchObject([{ expected: '30 bars', found: 'no such series' }]);
  expect(bad).toEqual([]);
  expect(files[8]).toMatchObject({ passed: false, kind: null, error: { code: 'FILE_HAS_NO_ROWS' } });

  // Whatever may be left out of a file: where nothing else is in it, nothing was compared.
  const wrong = await file('date,open,high,low,close,volume\n2024-01-02,2,1,3,2,1\n', 'wrong.csv');
  const skipped = await store.files.verify({ paths: [wrong], symbol: 'SAME', timeframe: '1d', onError: 'skip' });
  expect(skipped).toMatchObject({ passed: false, files: [{ rows: 1, rejected: 1, series: [] }] });
  expect(skipped.files.map(kinds)).toEqual([['rejected 1']]);

  // An export says of each bar where it came from, and of an empty source that nobody knows; other files say nothing of it.
  await store.bars.upsert(days('SOURCE').map((bar, index) => ({ ...bar, source: index === 2 ? null : 'feed' })));
  const output = new PassThrough();
  const [exported] = await Promise.all([
    text(output),
    store.files.export({ kinds: ['bars'], symbols: ['SOURCE'], format: 'csv', output }).then(() => output.end()),
  ]);
  const own = await file(exported, 'bars.csv');
  await store.bars.upsert([2, 3].map((index) => ({ ...days('SOURCE')[index]!, source: index === 2 ? 'feed' : null })));
  const sources = await store.files.verify({ paths: [own, await csv(days('SOURCE'))], onError: 'stop' });
  expect(sources.files.map(kinds)).toEqual([['value 2 source 2'], []]);
  expect((sources.files[0]!.series as readonly SeriesVerification[])[0]!.differences[0]!.examples).toMatchObject([
    { field: 'source', expected: null, found: 'feed' },
    { field: 'source', expected: 'feed', found: null },
  ]);

  const opened = await openBarFile(own);
  const database = await Database.open(readConfig({ databaseUrl: url }));
  const untold = await verifyBarFile(database.pool, { ...opened, mapping: {} }, { onError: 'stop' });
  expect(kinds(untold)).toEqual(['value 1 source 1']);
  await opened.close();
  await database.close();

  // It counts the whole series: once, however many files the series has.
  const again = await file(await readFile(paths[6]!, 'utf8'), 'again.csv');
  const twice = await store.files.verify({
    paths: [paths[6]!, again],
    symbol: 'CATALOG',
    timeframe: '1d',
    onError: 'stop',
  });
  expect(twice.files).toMatchObject([
    { rows: 30, passed: false },
    { rows: 30, passed: true },
  ]);
  expect(twice.files.map(kinds)).toEqual([['catalog 1'], []]);

  if (inject('layout') === 'timescale') {
    await client.query("SELECT remove_compression_policy('ohlcv_bars')");
    const { storage } = await store.files.verify({ paths: [paths[0]!], onError: 'stop' });
    expect(storage.differences).toMatchObject([{ object: 'ohlcv_bars', mend: 'wyckoff storage apply' }]);
  }
});

test('a writer makes no difference: a series is read in one snapshot', async () => {
  const database = await openTestDatabase();
  const bars = new BarRepository(database.pool, { actor: 'writer' });
  const stored = minuteBars('LIVE', 35_000); // more than two pages, more than a block of the file
  await bars.upsert(stored);
  const opened = await openBarFile(await csv(stored));
  onTestFinished(() => opened.close());
  const [series] = opened.series;
  const write = async () => {
    await bars.upsert([{ ...stored[30_000]!, close: '2.5' }]);
    await bars.delete({
      symbol: 'LIVE',
      timeframe: '1m',
      from: stored[34_000]!.timestamp,
      to: stored[34_010]!.timestamp,
    });
  };
  let written = 0;
  async function* blocks() {
    await write();
    for await (const block of series!.blocks()) {
      yield block;
      written += block.length;
    }
  }
  const watched: BarFile = { ...opened, series: [{ ...series!, blocks }] };
  const progress: number[] = [];
  const first = await verifyBarFile(database.pool, watched, {
    onError: 'stop',
    onProgress: (done, total) => progress.push(done, total),
  });
  expect(written).toBe(35_000);
  expect(first).toMatchObject({ passed: true, series: [{ bars: 35_000, stored: 35_000, compared: 35_000 }] });
  expect(progress).toEqual([32_768, 35_000, 35_000, 35_000]);
  const second = await verifyBarFile(database.pool, opened, { onError: 'stop' });
  expect(kinds(second)).toEqual(['value 1 close 1', 'missing 10']);
  expect(second.series[0]!.asOf.getTime()).toBeGreaterThan(first.series[0]!.asOf.getTime());

  // A sample says how much of it was compared; the count finds what no stretch met.
  const sampled = await verifyBarFile(database.pool, opened, { onError: 'stop', sample: 3 });
  expect(sampled).toMatchObject({
    passed: false,
    series: [{ compared: 300, stored: 34_990, sample: { stretches: 3 } }],
  });
  expect(kinds(sampled)).toContain('count 1');
  const all = await verifyBarFile(database.pool, opened, { onError: 'stop', sample: 350 });
  expect(all.series).toMatchObject([{ compared: 35_000, sample: null }]);
  const aborted = AbortSignal.abort(new Error('enough'));
  await expect(verifyBarFile(database.pool, opened, { onError: 'stop', signal: aborted })).rejects.toThrow('enough');
});

test('volumes with decimals are compared in the scale of the series, and not at all in another', async () => {
  const database = await openTestDatabase();
  const bars = new BarRepository(database.pool, { actor: 'writer' });
  const stored = days('COIN').map((bar, index) => ({ ...bar, volume: `${index}.5` }));
  await bars.upsert(stored, { volumeScale: 5 });
  const path = await csv(stored);
  const right = await openBarFile(path, { volumeScale: 5 });
  const other = await openBarFile(path, { volumeScale: 1 });
  onTestFinished(async () => {
    await right.close();
    await other.close();
  });
  expect(await verifyBarFile(database.pool, right, { onError: 'stop' })).toMatchObject({ passed: true });
  const differing = await verifyBarFile(database.pool, other, { onError: 'stop' });
  expect(kinds(differing)).toEqual(['volume-scale 1']);
  await bars.upsert([{ ...stored[9]!, volume: '9.50001' }]);
  const changed = await verifyBarFile(database.pool, right, { onError: 'stop' });
  expect(changed.series[0]!.differences[0]!.examples).toMatchObject([
    { field: 'volume', expected: '9.5', found: '9.50001' },
  ]);
});
