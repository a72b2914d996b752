import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { ExportOptions, ExportProgress } from '../../src/index.js';
import { ExportDirectory } from '../../src/transfer/export/directory.js';
import { wyckoff } from '../setup/commands.js';
import { writeEveryKind } from '../setup/every-kind.js';
import { manifestOf, sha256Of, temporaryDirectory, writeHardBars, writeLedger } from '../setup/exported.js';
import { minuteBars } from '../setup/minute-bars.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';
import { WYCKOFF_IN_SHELL } from '../setup/wyckoff-program.js';

const PROCESS = fileURLToPath(new URL('export-process.ts', import.meta.url));

/** 50,000 bars, some 14 MB of NDJSON, past the store: its own checks would take longer than the test. */
async function manyBars() {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  await raw.query(`
    INSERT INTO ohlcv_bars (symbol, timeframe, timestamp, open, high, low, close, volume, spread, spread_ratio, volume_ratio)
      SELECT 'AAPL', '1m', '2024-01-01Z'::timestamptz + minute * interval '1 minute', 10, 12, 9, 11, minute, 3, 1, 1
      FROM generate_series(0, 49999) AS minute;
    INSERT INTO bar_series (symbol, timeframe, first_timestamp, last_timestamp, bar_count)
      SELECT symbol, timeframe, min(timestamp), max(timestamp), count(*) FROM ohlcv_bars GROUP BY 1, 2`);
  return { store, url, raw, directory: await temporaryDirectory() };
}

test('rows are selected by kind, symbol, timeframe and time; what cannot be is refused', async () => {
  const { store, url } = await openTestStore();
  await writeHardBars(store);
  await writeEveryKind(url);
  await writeLedger(store, url);
  const directory = await temporaryDirectory();
  let count = 0;
  const counts = async (options: Partial<ExportOptions>) => {
    count += 1;
    const { files } = await store.files.export({ format: 'csv', directory: join(directory, `${count}`), ...options });
    return Object.fromEntries(
      files.map(({ kind, rows, series }) => [kind, series ? series.map((one) => [one.symbol, one.rows]) : rows]),
    );
  };
  expect(await counts({ symbols: ['AAPL'], timeframes: ['1d'] })).toEqual({
    ...{ bars: [['AAPL', 1]], 'trading-ranges': 2, patterns: 2, campaigns: 1, signals: 1, 'backtest-results': 1 },
  });
  const window = { from: '2024-01-01T00:10:00Z', to: '2024-01-01T00:20:00Z' };
  expect(await counts({ kinds: ['bars'], ...window })).toEqual({
    bars: [
      ['AAPL', 10],
      ['MSFT', 10],
    ],
  });
  expect(await counts({ kinds: ['trades', 'audit-trail'], from: '2024-01-02' })).toEqual({
    trades: [['MSFT', 2]],
    'audit-trail': 16,
  });
  // A window that begins or ends with a series has its first instant, and not the one behind it.
  const [opened, closed] = ['2024-01-01T00:00:00Z', '2024-01-01T00:03:00Z']; // the first and the last minute
  const coins = { kinds: ['bars'], symbols: ['BTC/USDT'] } as const;
  expect(await counts({ ...coins, from: closed })).toEqual({ bars: [['BTC/USDT', 1]] });
  expect(await counts({ ...coins, to: closed })).toEqual({ bars: [['BTC/USDT', 3]] });
  expect(await counts({ ...coins, from: opened, to: closed })).toEqual({ bars: [['BTC/USDT', 3]] });
  await expect(counts({ ...coins, to: opened })).rejects.toMatchObject({ code: 'EXPORT_EMPTY' });
  expect((await manifestOf(join(directory, '2'))).selection).toEqual({
    symbols: null,
    timeframes: null,
    from: '2024-01-01T00:10:00Z',
    to: '2024-01-01T00:20:00Z',
  });
  const code = (options: Partial<ExportOptions>) =>
    counts(options).then(
      () => undefined,
      ({ code, message }) => `${code}: ${message}`,
    );
  expect(await code({ kinds: ['bars'], symbols: ['NOPE'] })).toMatch(/^EXPORT_EMPTY/);
  expect(await code({ kinds: ['audit-trail'], symbols: ['AAPL'] })).toMatch(/^EXPORT_NOT_SELECTABLE: .*no symbol/);
  expect(await code({ kinds: ['audit-chains'], ...window })).toMatch(/^EXPORT_NOT_SELECTABLE: .*no time/);
  expect(await code({ kinds: ['barz' as never] })).toMatch(/^CHOICE_UNKNOWN/);
  expect(await code({ compression: 'snappy' })).toMatch(/^COMPRESSION_UNUSABLE: .*none or gzip/);
  expect(await code({ from: '2024-01-02', to: '2024-01-01' })).toMatch(/^WINDOW_REVERSED/);
  expect(await code({ directory: undefined })).toMatch(/^EXPORT_TARGET/);
  expect(await code({ directory: undefined, output: new PassThrough() })).toMatch(/^EXPORT_TARGET/);
  // What is there is kept unless it is said.
  const there = join(directory, 'there');
  await counts({ kinds: ['bars'], symbols: ['AAPL'], directory: there });
  const before = await sha256Of(join(there, 'bars.csv'));
  expect(await code({ kinds: ['bars'], directory: there })).toMatch(/^EXPORT_EXISTS: .*bars\.csv/);
  expect(await sha256Of(join(there, 'bars.csv'))).toBe(before);
  expect(await counts({ kinds: ['bars'], directory: there, overwrite: true })).toMatchObject({
    bars: [
      ['AAPL', 3_000],
      ['AAPL', 1],
      ['BTC/USDT', 4],
      ['MSFT', 3_997],
      ['MSFT', 1],
    ],
  });
  expect((await manifestOf(there)).files).toMatchObject([
    { kind: 'bars', rows: 7_003, sha256: await sha256Of(join(there, 'bars.csv')) },
  ]);
  await writeFile(join(directory, 'file'), '');
  expect(await code({ directory: join(directory, 'file', 'in') })).toMatch(/^EXPORT_UNWRITABLE/);
  const out = join(directory, 'cli');
  const [piped, wrong, done, again] = await wyckoff(
    url,
    'export bars --symbol BTC/USDT --out - --format csv',
    `export bars --format parq --out ${out}`,
    `export ledger --out ${out} --format ndjson --compression gzip --json`,
    `export ledger --out ${out} --format ndjson --compression gzip`,
  );
  expect(piped!.output.split('\n').slice(0, 2)).toEqual([
    'symbol,timeframe,timestamp,open,high,low,close,volume,vwap,source,volume_scale,spread,spread_ratio,volume_ratio',
    'BTC/USDT,1m,2024-01-01T00:00:00Z,9999999999.99999999,9999999999.99999999,9999999999.99999999,9999999999.99999999,90071992547.40993001,9999999999.99999999,"a, ""b"" c",8,0.00000000,1.0000,1.0000',
  ]);
  expect([piped!.code, wrong!.code, done!.code, again!.code]).toEqual([0, 2, 0, 1]);
  expect(JSON.parse(done!.output).files.map(({ path }: { path: string }) => path)).toContain('audit-trail.ndjson.gz');
  expect(again!.output).toContain('[EXPORT_EXISTS]');
});

test('an export is of one instant, whatever is written meanwhile; writers go on', async () => {
  const { store, raw, directory } = await manyBars();
  await store.bars.upsert(minuteBars('MSFT', 100));
  const output = new PassThrough({ highWaterMark: 1 });
  let stood = false;
  const exported = store.files.export({
    kinds: ['bars'],
    format: 'csv',
    output,
    onProgress: ({ rows }) => {
      stood ||= rows > 0;
    },
  });
  const chunks: Buffer[] = [];
  const [first] = (await once(output, 'data')) as [Buffer];
  output.pause();
  chunks.push(first);
  // It is in the middle of AAPL: nobody takes what it writes.
  await store.bars.upsert(minuteBars('MSFT', 200).map((bar) => ({ ...bar, close: '2.5' })));
  await store.bars.delete({ symbol: 'AAPL', timeframe: '1m', from: '2024-02-01', to: '2024-03-01' });
  await raw.query('CREATE TABLE somebody_else ()');
  expect(stood).toBe(false);
  output.on('data', (chunk: Buffer) => chunks.push(chunk)).resume();
  const { files } = await exported;
  expect(files[0]!.series).toMatchObject([
    { symbol: 'AAPL', rows: 50_000 },
    { symbol: 'MSFT', rows: 100 },
  ]);
  const lines = Buffer.concat(chunks).toString().split('\n');
  expect(lines).toHaveLength(50_102);
  expect(lines.filter((line) => line.startsWith('MSFT') && line.includes(',2.50000000,'))).toEqual([]);
  expect(files[0]!.sha256).toHaveLength(64);
  void directory;
});

test('one that is aborted, killed, or finds no room leaves no file under its name, and can be done again', async () => {
  const { store, url, directory } = await manyBars();
  const aborted = join(directory, 'aborted');
  const controller = new AbortController();
  const told: ExportProgress[] = [];
  const onProgress = (progress: ExportProgress) => {
    told.push(progress);
    controller.abort(new Error('enough'));
  };
  const options = { kinds: ['bars'], format: 'parquet', directory: aborted } as const;
  await expect(store.files.export({ ...options, signal: controller.signal, onProgress })).rejects.toThrow('enough');
  expect(told[0]).toMatchObject({ kind: 'bars', allParts: 1 });
  expect(await readdir(aborted)).toEqual([]);

  const killed = join(directory, 'killed');
  const child = spawn(process.execPath, ['--import', 'tsx', PROCESS, url, killed, 'stop'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await readdir(killed)).toEqual([expect.stringMatching(/^bars\.ndjson\..+\.[0-9a-f-]{36}\.part$/)]);

  const full = join(directory, 'full');
  // Files of at most 4 MB: a disk of its own would need an administrator.
  const limited = `ulimit -f 4096; exec "${process.execPath}" --import tsx "${PROCESS}" "${url}" "${full}"`;
  const { stdout } = await promisify(execFile)('bash', ['-c', limited]);
  expect(stdout).toMatch(/^EXPORT_DISK_FULL: .*no room/);
  expect(await readdir(full)).toEqual([]);

  for (const path of [aborted, killed, full]) {
    const { files } = await store.files.export({ kinds: ['bars'], format: 'ndjson', directory: path });
    expect(files).toMatchObject([{ rows: 50_000, sha256: await sha256Of(join(path, 'bars.ndjson')) }]);
    expect((await readFile(join(path, 'bars.ndjson'), 'utf8')).split('\n')).toHaveLength(50_001);
    expect((await readdir(path)).sort()).toEqual(['bars.ndjson', 'manifest.json']);
  }
});

test('a reader of standard output that leaves early is no failure, a stream that breaks is a typed one', async () => {
  const { store, url } = await manyBars();
  const shell = (format: string, rest: string) =>
    promisify(execFile)(
      'bash',
      ['-c', `${WYCKOFF_IN_SHELL} export bars --out - ${format} ${rest}; echo "\${PIPESTATUS[*]}"`],
      { env: { ...process.env, WYCKOFF_DATABASE_URL: url } },
    );
  const head = await shell('--format csv', '| head -n 1');
  expect(head.stdout.split('\n').slice(0, 2)).toEqual([expect.stringMatching(/^symbol,/), '0 0']);
  expect(head.stderr).toBe('');
  expect(await shell('--format ndjson --compression gzip', '| head -c 2 | wc -c')).toEqual({
    stdout: '2\n0 0 0\n',
    stderr: '',
  });
  const output = new PassThrough();
  output.once('data', () => output.destroy());
  const broken = store.files.export({ kinds: ['bars'], format: 'csv', output });
  await expect(broken).rejects.toMatchObject({ code: 'EXPORT_UNWRITABLE' });
  const { files } = await store.files.export({ kinds: ['bars'], format: 'csv', output: new PassThrough().resume() });
  expect(files).toMatchObject([{ rows: 50_000 }]);
});

test('two exports to one directory leave the files of each other alone, and the later one hears of the earlier', async () => {
  const path = await temporaryDirectory();
  const bytes = async function* (text: string) {
    yield Buffer.from(text);
  };
  const begin = async (text: string, overwrite = false) => {
    const begun = await ExportDirectory.open(path, ['bars.csv'], overwrite);
    await begun.write('bars.csv', bytes(text), { gzip: false });
    return begun;
  };
  const publish = (directory: ExportDirectory) => directory.publish({ files: [] } as never);
  const [first, second, third] = [await begin('first'), await begin('second'), await begin('third')];
  await third.discard();
  await publish(first);
  await expect(publish(second)).rejects.toMatchObject({ code: 'EXPORT_EXISTS' });
  await second.discard();
  expect(await readFile(join(path, 'bars.csv'), 'utf8')).toBe('first');
  const over = await begin('over', true);
  await publish(over);
  await over.discard();
  expect(await readFile(join(path, 'bars.csv'), 'utf8')).toBe('over');
  expect((await readdir(path)).sort()).toEqual(['bars.csv', 'manifest.json']);
});

test('to overwrite replaces the kinds that are exported, in whatever format they were, and no others', async () => {
  const { store, url } = await openTestStore();
  await store.bars.upsert(minuteBars('AAPL', 20));
  await writeLedger(store, url);
  const directory = await temporaryDirectory();
  const names = async () => (await readdir(directory)).sort();
  await writeFile(join(directory, 'bars.txt'), 'of somebody else');
  const bars = { kinds: ['bars', 'trades'], directory, overwrite: true } as const;
  await store.files.export({ ...bars, format: 'csv' });
  expect(await names()).toEqual(['bars.csv', 'bars.txt', 'manifest.json']);
  await store.files.export({ ...bars, format: 'csv', compression: 'gzip' });
  await store.files.export({ ...bars, format: 'parquet' });
  expect(await names()).toEqual(['bars.parquet', 'bars.txt', 'manifest.json']);
  const all = { directory, format: 'ndjson', overwrite: true } as const;
  await store.files.export(all);
  const whole = await names();
  expect(whole).toEqual(expect.arrayContaining(['bars.ndjson', 'signals.ndjson', 'manifest.json']));
  expect(whole).not.toContain('bars.parquet');
  // Bars alone would leave a ledger that no manifest speaks of.
  const before = await sha256Of(join(directory, 'manifest.json'));
  await expect(store.files.export({ ...bars, format: 'csv' })).rejects.toMatchObject({
    code: 'EXPORT_EXISTS',
    problems: [{ value: expect.stringMatching(/\.ndjson$/), hint: expect.stringContaining('export its kind, too') }],
  });
  expect([await names(), await sha256Of(join(directory, 'manifest.json'))]).toEqual([whole, before]);
  await store.bars.delete({ symbol: 'AAPL', timeframe: '1m', from: '2000-01-01', to: '2100-01-01' });
  await store.files.export(all);
  expect(await names()).toEqual(whole.filter((name) => name !== 'bars.ndjson'));
});
