import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatInstant, InvalidInputError, openStore } from '../../src/index.js';
import { hasSharedData, sharedFile } from '../setup/shared-data.js';
import { createTestDatabase, openTestStore } from '../setup/test-database.js';

const HEADER = 'date,open,high,low,close,volume';
const IMPORTER = fileURLToPath(new URL('./import-process.ts', import.meta.url));

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wyckoff-import-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function csv(name: string, ...rows: string[]): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, [HEADER, ...rows, ''].join('\n'));
  return path;
}

async function run(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(statement);
  await client.end();
  return rows;
}

test('a file goes in once, with an audit event for each run and revisions that name theirs', async () => {
  const { store, url } = await openTestStore({ applicationName: 'importer-test' });
  const path = await csv(
    'IMP_1d.csv',
    '2024-01-02,10,12,9,11,100',
    '2024-01-03,11,12,10,12,200',
    '2024-01-03,11,12,10,12,200',
  );
  const [first] = (await store.files.import({ paths: [path], onError: 'stop' })).files;
  expect(first).toMatchObject({
    series: [{ symbol: 'IMP', timeframe: '1d', inserted: 2 }],
    rows: 3,
    inserted: 2,
    changed: 0,
    unchanged: 0,
    duplicates: 1,
    error: null,
  });
  const [second] = (await store.files.import({ paths: [path], onError: 'stop' })).files;
  expect(second).toMatchObject({
    status: 'skipped',
    id: first!.id,
    inserted: 0,
    changed: 0,
    unchanged: 2,
    duplicates: 1,
  });

  const corrected = await csv(
    'IMP.csv',
    '2024-01-02,10,12,9,11,100',
    '2024-01-03,11,12,10,11.5,200',
    '2024-01-04,11,12,10,12,300',
  );
  const [third] = (await store.files.import({ paths: [corrected], timeframe: '1d' })).files;
  expect(third).toMatchObject({ inserted: 1, changed: 1, unchanged: 1 });
  const revisions = await store.bars.revisions({ symbol: 'IMP', timeframe: '1d' });
  expect(revisions).toMatchObject([{ timestamp: new Date('2024-01-03'), reason: 'change', runId: third!.id }]);
  expect(revisions[0]!.close.toString()).toBe('12');

  const events = await run(
    url,
    `SELECT event_type, actor, action, metadata, correlation_id, row_hash = audit_trail_hash(event) AS whole
     FROM audit_trail event ORDER BY created_at`,
  );
  expect(events).toHaveLength(2);
  expect(events[1]).toEqual({
    event_type: 'BARS_IMPORTED',
    actor: 'importer-test',
    action: 'imported 3 bars of IMP 1d',
    metadata: { source: corrected, inserted: 1, changed: 1, unchanged: 1 },
    correlation_id: third!.id,
    whole: true,
  });
});

test('a file that fails leaves nothing and does not keep the others out', async () => {
  const { store } = await openTestStore();
  const bad = await csv(
    'BAD_1d.csv',
    '2024-01-02,10,12,9,11,100',
    '2024-01-03,10,12,9,11,x',
    '2024-01-04,10,12,9,11,100',
  );
  const good = await csv('GOOD_1d.csv', '2024-01-02,10,12,9,11,100');
  const phases = new Set<string>();
  const { files: results } = await store.files.import({
    paths: [bad, join(directory, 'NONE_1d.csv'), good],
    onError: 'stop',
    onProgress: ({ path, phase, done, total }) => done === total && phases.add(`${path} ${phase}`),
  });
  expect(results).toMatchObject([
    { series: [], rows: 3, rejected: 1, inserted: 0, error: { code: 'DECIMAL_INVALID' } },
    { series: [], rows: 0, inserted: 0, error: { code: 'FILE_MISSING' } },
    { series: [{ symbol: 'GOOD' }], rows: 1, rejected: 0, inserted: 1, error: null },
  ]);
  expect(results[0]!.error).toBeInstanceOf(InvalidInputError);
  expect(results[0]!.error!.message).toBe('invalid file, 1 of 3 rows: line 3, volume: "x": not a decimal number');
  expect(new Set(results.map(({ id }) => id)).size).toBe(3);
  expect(phases).toEqual(
    new Set([
      `${bad} read`,
      `${bad} done`,
      `${join(directory, 'NONE_1d.csv')} done`,
      `${good} read`,
      `${good} write`,
      `${good} done`,
    ]),
  );
  expect((await store.bars.series()).map(({ symbol, count }) => [symbol, count])).toEqual([['GOOD', 1]]);

  const [skipped] = (await store.files.import({ paths: [bad], onError: 'skip' })).files;
  expect(skipped).toMatchObject({
    rows: 3,
    rejected: 1,
    inserted: 2,
    error: null,
    problems: [{ code: 'DECIMAL_INVALID', line: 3 }],
  });
  expect(await store.bars.existingTimestamps({ symbol: 'BAD', timeframe: '1d' })).toEqual([
    new Date('2024-01-02'),
    new Date('2024-01-04'),
  ]);
});

test('an aborted import leaves nothing', async () => {
  const { store } = await openTestStore();
  const path = await csv('STOP_1d.csv', '2024-01-02,10,12,9,11,100');
  const abort = new AbortController();
  const running = store.files.import({
    paths: [path],
    onError: 'stop',
    signal: abort.signal,
    onProgress: ({ phase }) => phase === 'write' && abort.abort(new Error('enough')),
  });
  await expect(running).rejects.toThrow('enough');
  expect(await store.bars.series()).toEqual([]);
});

describe.runIf(hasSharedData)('the real files', () => {
  const files = [
    { name: 'yahoo_AAPL_2004_2018.csv', symbol: 'AAPL', timeframe: '1d', rows: 3379, leftOut: ['Adj Close'] },
    { name: 'yahoo_INTC_1995_2004.csv', symbol: 'INTC', timeframe: '1d', rows: 2335, leftOut: ['Adj Close'] },
    { name: 'pandasta_SPY_1999_2020.csv', symbol: 'SPY', timeframe: '1d', rows: 5241, leftOut: [''] },
    {
      name: 'mpf_SP500_1min_OCHL_crlf.csv',
      symbol: 'SP500',
      timeframe: '1m',
      rows: 1563,
      leftOut: [],
      timezone: 'America/New_York',
    },
  ] as const;

  test.each(files)('$name comes back value for value', async ({ name, symbol, timeframe, rows, leftOut, ...zone }) => {
    const { store } = await openTestStore();
    const path = sharedFile(`plain/${name}`);
    const [result] = (await store.files.import({ paths: [path], symbol, timeframe, onError: 'stop', ...zone })).files;
    expect(result).toMatchObject({ rows, inserted: rows, changed: 0, rejected: 0, error: null });
    if (leftOut.length > 0 && leftOut[0] !== '') expect(result!.leftOut).toEqual(leftOut);
    const records: Record<string, string>[] = parse(readFileSync(path), {
      columns: (header: string[]) => header.map((column) => column.toLowerCase()),
      bom: true,
    });
    const bars = await store.bars.range({ symbol, timeframe });
    expect(bars).toHaveLength(rows);
    for (const [index, record] of records.entries()) {
      const bar = bars[index]!;
      // New York was five hours behind UTC on these days of November 2019, after the clocks went back on the 3rd.
      const written = record.date!.includes('/')
        ? new Date(`${record.date} GMT-0500`)
        : new Date(`${record.date!.slice(0, 10)}T00:00:00Z`);
      expect(formatInstant(bar.timestamp)).toBe(formatInstant(written));
      for (const field of ['open', 'high', 'low', 'close', 'volume'] as const)
        expect(bar[field].eq(record[field]!), `${name} ${record.date} ${field}`).toBe(true);
    }
  });
});

test.runIf(hasSharedData)(
  'a file of many series is one import: all of them go in, or none, and none goes where one was touched',
  async () => {
    const { store } = await openTestStore();
    const path = sharedFile('vendors/plotly_quandl_multisymbol.csv');
    const refused = await store.files.import({ paths: [path] });
    expect(refused.totals).toMatchObject({ failed: 1, inserted: 0 });
    expect(await store.bars.series()).toEqual([]);
    const result = await store.files.import({ paths: [path], round: true });
    expect(result.files).toMatchObject([{ status: 'imported', rows: 3634, inserted: 3634, error: null }]);
    expect(result.totals.rounded).toBeGreaterThan(48);
    const series = await store.bars.series();
    expect(series).toHaveLength(5);
    expect(result.files[0]!.series.map(({ symbol, inserted }) => [symbol, inserted])).toEqual(
      series.map(({ symbol, count }) => [symbol, count]),
    );
    expect((await store.files.import({ paths: [path], round: true })).totals).toMatchObject({
      skipped: 1,
      unchanged: 3634,
    });
    // One bar of one series that somebody has corrected since: none of the five goes.
    const [first] = await store.bars.latest(series[0]!);
    const { spread, spreadRatio, volumeRatio, createdAt, ...bar } = first!;
    await store.bars.upsert([
      { ...bar, symbol: series[0]!.symbol, timeframe: series[0]!.timeframe, volume: bar.volume.plus(1) },
    ]);
    await expect(store.files.undo(result.runId)).rejects.toMatchObject({
      touched: [{ symbol: series[0]!.symbol, count: 1 }],
    });
    expect(await store.bars.series()).toHaveLength(5);
    await store.bars.upsert([{ ...bar, symbol: series[0]!.symbol, timeframe: series[0]!.timeframe }]);
    await expect(store.files.undo(result.runId)).rejects.toMatchObject({ code: 'IMPORT_TOUCHED' }); // it is somebody else's now
  },
);

test('a series that a file before has made keeps its scale, also for a file that was read meanwhile', async () => {
  const { store } = await openTestStore();
  const early = await csv(
    '2024-01-S.csv',
    ...Array.from({ length: 20 }, (_, day) => `2024-01-${`${day + 1}`.padStart(2, '0')},10,12,9,11,1.25`),
  );
  const later = await csv('2024-02-S.csv', '2024-02-01,10,12,9,11,3', '2024-02-02,10,12,9,11,4.5');
  const settings = { symbol: 'SCALE', timeframe: '1d', volumeScale: 'auto' } as const;
  const { files } = await store.files.import({ paths: [later, early], ...settings });
  expect(files.map(({ path, inserted, error }) => [path, inserted, error])).toEqual([
    [early, 20, null],
    [later, 2, null],
  ]);
  expect(await store.bars.series()).toMatchObject([{ symbol: 'SCALE', volumeScale: 2, count: 22 }]);
  expect((await store.bars.latest({ symbol: 'SCALE', timeframe: '1d' }))[0]!.volume.toFixed()).toBe('4.5');
});

/** Runs an import in a process of its own and kills it `delay` milliseconds after it began to write. */
async function killedImport(url: string, path: string, delay: number): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', IMPORTER, url, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  for (let said = ''; !said.includes('writing'); ) said += String((await once(child.stdout, 'data'))[0]);
  await sleep(delay);
  child.kill('SIGKILL');
  await closed;
}

test('an import that was killed leaves nothing, and runs again to the exact rows', async () => {
  const database = await createTestDatabase();
  const rows = 200_000;
  const lines = Array.from({ length: rows }, (_, index) => {
    const open = 100 + (index % 97);
    return `${new Date(Date.UTC(2020, 0, 1) + index * 60_000).toISOString()},${open},${open + 2}.5,${open - 1},${open + 1},${index % 1013}`;
  });
  const path = await csv('KILL_1m.csv', lines.join('\n'));
  // At the first block, and a little and a lot later: inside COPY, between blocks, near the commit.
  for (const delay of [0, 150, 600]) await killedImport(database.url, path, delay);
  const store = await openStore({ databaseUrl: database.url });
  try {
    await store.files.import({ paths: [path], onError: 'stop' });
    const [series] = await store.bars.series();
    expect(series).toMatchObject({
      symbol: 'KILL',
      count: rows,
      first: new Date('2020-01-01'),
      last: new Date(Date.UTC(2020, 0, 1) + (rows - 1) * 60_000),
    });
    const columns = await store.bars.columns({ symbol: 'KILL', timeframe: '1m' });
    expect(columns.length).toBe(rows);
    let wrong = 0;
    for (let index = 0; index < rows; index += 1) {
      const open = BigInt(100 + (index % 97)) * 100_000_000n;
      const right =
        columns.timestamp[index] === Date.UTC(2020, 0, 1) + index * 60_000 &&
        columns.open.values[index] === open &&
        columns.high.values[index] === open + 250_000_000n &&
        columns.low.values[index] === open - 100_000_000n &&
        columns.volume.values[index] === BigInt(index % 1013);
      if (!right) wrong += 1;
    }
    expect(wrong).toBe(0);
    expect(await store.bars.recomputeRatios({ symbol: 'KILL', timeframe: '1m' })).toBe(0);
    expect(await store.bars.revisions({ symbol: 'KILL', timeframe: '1m' })).toEqual([]);
  } finally {
    await store.close();
    await database.drop();
  }
});
