/** `wyckoff verify`, `bars gaps` and `bars delete` as a user runs them, and real files. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Timeframe } from '../../src/index.js';
import { importTickFile } from '../../src/transfer/import/tick-import.js';
import { openFile } from '../../src/transfer/read/open-file.js';
import { wyckoff } from '../setup/commands.js';
import { weekdayBars } from '../setup/daily-bars.js';
import { openRawClient } from '../setup/raw-client.js';
import { hasSharedData, sharedFile } from '../setup/shared-data.js';
import { openTestStore } from '../setup/test-database.js';
import { file, useCsvDirectory } from './csv-files.js';

useCsvDirectory();

test('verify says what differs, with examples and what to do, and exits 1', async () => {
  const { store, url } = await openTestStore();
  const bars = weekdayBars('CLI', '2024-01-01', '2024-02-10');
  await store.bars.upsert(bars);
  const rows = bars.map(({ timestamp, open, high, low, close, volume }) =>
    [(timestamp as Date).toISOString().slice(0, 10), open, high, low, close, volume].join(),
  );
  const header = 'date,open,high,low,close,volume';
  const path = await file([header, ...rows, ''].join('\n'), 'CLI_1d.csv');
  const broken = await file([header, ...rows, '2024-02-12,1,2,3,1,1', ''].join('\n'), 'CLI_1d.csv');
  const [same, , differs, json] = await wyckoff(
    ...[url, `verify ${path}`, 'bars delete CLI 1d --from 2024-01-03 --to 2024-01-04 --yes'],
    ...[`verify ${path} ${broken} /nowhere/X_1d.csv`, `verify ${broken} --on-error skip --sample 4 --json`],
  );
  expect(same!.code).toBe(0);
  for (const line of [
    /^\S+CLI_1d\.csv: the same, 30 rows in [\d.]+ s$/m,
    /^ {2}CLI 1d: all 30 bars compared, from 2024-01-01T00:00:00Z to 2024-02-09T00:00:00Z$/m,
    /^ {4}the database has 30 bars there, as of 20\S+Z$/m,
    /^reads of the last year \(up to 30 bars\) of CLI 1d: p50 [\d.]+ ms, p95 [\d.]+ ms in 50 runs$/m,
    /^Nothing differs\.$/m,
  ])
    expect(same!.output).toMatch(line);

  expect(differs!.code).toBe(1);
  for (const text of [
    '    missing, 1: in the file and not in the database\n      line 4, 2024-01-03T00:00:00Z\n      hint: wyckoff import',
    '    rejected, 1: rows of the file that cannot be read\n      line 32, high: "2": high is not below low (3)\n',
    '/nowhere/X_1d.csv: not verified. invalid file: "/nowhere/X_1d.csv": there is no such file [FILE_MISSING]\n',
    '\nThere are differences: of 3 files 2 differ, 1 was not verified.\n',
  ])
    expect(differs!.output).toContain(text);

  expect(json!.code).toBe(1);
  expect(JSON.parse(json!.output)).toMatchObject({
    passed: false,
    files: [
      {
        ...{ kind: 'bars', passed: false, rows: 31, rejected: 1, differences: [], error: null },
        series: [
          {
            ...{ symbol: 'CLI', first: '2024-01-01T00:00:00Z', bars: 30, stored: 29, compared: 30, sample: null },
            differences: [
              {
                ...{ kind: 'missing', count: 1, fields: {} },
                examples: [{ line: 4, timestamp: '2024-01-03T00:00:00Z', field: null, expected: null, found: null }],
              },
            ],
          },
        ],
      },
    ],
    storage: { layout: 'plain', judged: false },
    reads: { runs: 50, bars: 29, series: ['CLI 1d'] },
  });
});

test('gaps and delete: what is printed, what is asked, and the exit status', async () => {
  const { store, url } = await openTestStore();
  await store.bars.upsert(weekdayBars('CLI', '2024-01-01', '2024-02-10'));
  const window = 'CLI 1d --from 2024-01-08 --to 2024-01-10';
  const [gaps, refused, unbounded, whole, deleted, again, missing, unknown, list, latest, range] = await wyckoff(
    ...[url, 'bars gaps CLI 1d --from 2024-01-02 --calendar nyse', `bars delete ${window}`],
    ...['bars delete CLI 1d --yes', 'bars list --json', `bars delete ${window} --yes --json`],
    ...[`bars delete ${window} --yes`, 'bars gaps CLI 1d --json', 'bars gaps CLI 1m', 'bars list --json'],
    ...['bars latest CLI 1d --limit 1 --json', 'bars range CLI 1d --to 2024-01-03 --json'],
  );
  expect(gaps!.code).toBe(0);
  expect(gaps!.output).toMatch(
    /^CLI 1d against the calendar nyse\n2024-01-02 to 2024-02-10: 29 bars, 28 bars expected\nNo bar is missing\.\n1 bar beside/,
  );
  expect(gaps!.output).toMatch(/^2024-01-15 +2024-01-15 +1 {2}Martin Luther King Jr\. Day$/m);

  expect(refused).toMatchObject({
    code: 2,
    output: expect.stringMatching(/^error: there is no terminal to ask on: say --yes/),
  });
  expect(unbounded!.code).toBe(2);
  expect(JSON.parse(whole!.output)).toMatchObject([{ count: 30 }]);
  expect(deleted!.code).toBe(0);
  expect(JSON.parse(deleted!.output)).toEqual({
    ...{ symbol: 'CLI', timeframe: '1d', from: '2024-01-08T00:00:00Z', to: '2024-01-10T00:00:00Z' },
    deleted: 2,
  });
  expect(again).toMatchObject({
    code: 0,
    output: expect.stringMatching(/^There is nothing to delete: 0 bars of CLI 1d from/),
  });
  const [series] = await store.bars.series();
  const { rows: events } = await store.audit.byEntity('BAR_SERIES', series!.id);
  expect(events).toMatchObject([{ eventType: 'BARS_DELETED', action: 'deleted 2 bars of CLI 1d' }]);

  expect(missing!.code).toBe(1);
  expect(JSON.parse(missing!.output)).toMatchObject({
    ...{ calendar: 'forex', guessedBy: 'it has bars on weekdays, those of US holidays included', missing: 2, extra: 0 },
    gaps: [{ from: '2024-01-08T00:00:00Z', to: '2024-01-10T00:00:00Z', bars: 2, reason: 'holiday?' }],
  });
  expect(unknown).toMatchObject({
    code: 1,
    output: expect.stringContaining('[SERIES_UNKNOWN]\nhint: there are CLI 1d'),
  });
  expect(JSON.parse(list!.output)).toMatchObject([{ symbol: 'CLI', count: 28 }]);
  expect(JSON.parse(latest!.output)).toMatchObject([{ timestamp: '2024-02-09T00:00:00Z' }]);
  expect(JSON.parse(range!.output)).toHaveLength(2);
});

test('a folder, a pattern, rounding and ticks: what an import takes, verification takes', async () => {
  const { store, url } = await openTestStore();
  const bars = await file('date,open,high,low,close,volume\n2024-01-02,10.123456785,12,9,11,100\n', 'x-CLI-1d.csv');
  const folder = dirname(bars);
  const time = (ms: number) => String(1_704_153_600_000 + ms);
  const trades = ['1,100.5,0.25,25.125,', '2,100.75,0.5,50.375,'].map((row, at) => `${row}${time(at)},True,True`);
  await writeFile(join(folder, 'BTCUSDT-trades-2024-01-02.csv'), [...trades, ''].join('\n'));
  await writeFile(join(folder, 'notes.md'), 'none of ours');
  const request = { paths: [folder], pattern: 'x-{symbol}-{timeframe}.csv', round: true, onError: 'stop' } as const;
  const missing = await store.files.verify(request);
  expect(missing.leftOut).toMatchObject([{ path: join(folder, 'notes.md') }]);
  expect(missing.files.map(({ kind, passed }) => [kind, passed])).toEqual([
    ['bars', false],
    ['trades', false],
  ]);
  expect(missing.files.flatMap(({ series }) => series[0]!.differences[0]!.kind)).toEqual([
    'series-missing',
    'series-missing',
  ]);
  await store.files.import({ ...request, paths: [bars] });
  const ticks = await openFile(join(folder, 'BTCUSDT-trades-2024-01-02.csv'));
  if (ticks.kind === 'bars') throw new Error('trades were read as bars');
  const client = await openRawClient(url);
  await client.query('BEGIN');
  await importTickFile(client, ticks, { id: randomUUID(), actor: 'test', source: ticks.path });
  await client.query('COMMIT');
  await ticks.close();
  expect(await store.files.verify(request)).toMatchObject({
    passed: true,
    files: [
      { kind: 'bars', rounded: { prices: 1, volumes: 0 }, series: [{ symbol: 'CLI' }] },
      { kind: 'trades', rows: 2 },
    ],
  });
  await expect(store.files.verify({ ...request, pattern: 'x' })).rejects.toMatchObject({ code: 'PATTERN_INVALID' });
});

test.runIf(hasSharedData)('real files verify, have no gap, and their closures are known', async () => {
  const { store } = await openTestStore();
  const read = async (name: string, symbol: string, timeframe: Timeframe, timezone?: string) => {
    const request = { paths: [sharedFile(name)], symbol, timeframe, timezone, onError: 'stop' } as const;
    const { files: imported } = await store.files.import(request);
    expect(imported[0]!.error).toBeNull();
    const { passed, files } = await store.files.verify(request);
    expect({ passed, differences: files[0]!.series[0]!.differences }).toEqual({ passed: true, differences: [] });
    return store.gaps({ symbol, timeframe });
  };
  expect(await read('plain/yahoo_INTC_1995_2004.csv', 'INTC', '1d')).toMatchObject({
    ...{ calendar: 'nyse', missing: 0, extra: 0, expected: 1072, notJudged: [{ bars: 1263 }] },
    closures: [{ from: '2001-09-11', to: '2001-09-14' }],
  });
  expect(await read('plain/yahoo_AAPL_2004_2018.csv', 'AAPL', '1d')).toMatchObject({
    ...{ calendar: 'nyse', missing: 0, extra: 0, expected: 3379, bars: 3379, notJudged: [] },
    closures: [{ from: '2007-01-02' }, { from: '2012-10-29', to: '2012-10-30' }],
  });
  const minutes = await read('plain/mpf_SP500_1min_OCHL_crlf.csv', 'SP500', '1m', 'America/New_York');
  // The file has a bar of the closing minute at 16:00, but for its last day.
  expect(minutes).toMatchObject({ calendar: 'nyse', expected: 4 * 390, missing: 0, extra: 3 });
  expect(minutes.extraBars.map(({ first }) => first.toISOString().slice(11, 16))).toEqual(['21:00', '21:00', '21:00']);
});
