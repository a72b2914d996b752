import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import { type CutoverError, openBarStore, openStore } from '../../src/index.js';
import { Cutover } from '../../src/transfer/cutover/cutover.js';
import type { Phase } from '../../src/transfer/cutover/phase.js';
import { untilWaiting } from '../setup/other-sessions.js';
import { openRawClient } from '../setup/raw-client.js';
import { createTestDatabase } from '../setup/test-database.js';
import { randomNumbers } from './bars-workload.js';
import { killScript, startScript, Writer } from './transfer-writers.js';

/** More than one step copies. */
const HISTORY = 21_000;

/** A folder with bars of another program's, a database without any, and the cutover between them. */
async function openCutover(bars = HISTORY) {
  const folder = await mkdtemp(join(tmpdir(), 'wyckoff-cutover-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const directory = join(folder, 'bars');
  const archive = join(folder, 'archive');
  const created = await createTestDatabase();
  const database = await Database.open(readConfig({ databaseUrl: created.url, logLevel: 'silent' }));
  onTestFinished(async () => {
    await database.close();
    await created.drop();
  });
  const lines = Array.from({ length: bars }, (_, index) => {
    const time = new Date(Date.UTC(2023, 0, 1) + index * 60_000).toISOString().slice(0, 16).replace('T', ' ');
    return `${time},${100 + (index % 7)},110,90.25,100.5,${index % 1000}`;
  });
  await mkdir(directory);
  await writeFile(join(directory, 'OLD_1m.csv'), `timestamp,open,high,low,close,volume\n${lines.join('\n')}\n`);
  const environment = { WYCKOFF_DATABASE_URL: created.url, WYCKOFF_BACKEND: 'dual', WYCKOFF_BARS_DIR: directory };
  const open = async (backend: 'dual' | 'files' | 'postgres') => {
    const store = await openBarStore({
      backend,
      barsDirectory: directory,
      databaseUrl: created.url,
      logLevel: 'silent',
    });
    onTestFinished(() => store.close());
    return store;
  };
  const cutover = new Cutover(database, { directory, actor: 'test' });
  return { folder, directory, archive, url: created.url, database, cutover, environment, open };
}

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: CutoverError) => error.code,
  );

test('forward and back from every phase, with writers at work: nothing lost, nothing doubled', {
  timeout: 600_000,
}, async () => {
  const { folder, directory, archive, cutover, environment, open, database } = await openCutover();
  const writers = [
    new Writer(join(folder, 'one.log'), 'ONE', environment),
    new Writer(join(folder, 'two.log'), 'TWO', environment),
  ];
  await Promise.all(writers.map((writer) => writer.start()));
  const written = () => Promise.all(writers.map((writer) => writer.progress()));
  const reach = async (phase: Phase) => {
    expect((await cutover.state()).phase).toBe(phase);
    await written();
  };
  const verified = async () => {
    expect(await cutover.verify()).toMatchObject({ equal: true, missing: 0, extra: 0, different: 0, examples: [] });
    await reach('verified');
  };

  // What has no precondition is refused, and changes nothing.
  for (const step of ['verify', 'switch', 'finish', 'rollback'] as const)
    expect(await refusal(cutover[step]())).toBe('CUTOVER_STEP_REFUSED');
  await reach('files');
  const aborted = new AbortController();
  const start = cutover.start({ signal: aborted.signal, onProgress: () => aborted.abort(new Error('enough')) });
  await expect(start).rejects.toThrow('enough');
  await reach('dual');
  expect(await refusal(cutover.switch())).toBe('CUTOVER_STEP_REFUSED');
  await cutover.rollback(); // from dual
  await reach('files');
  await cutover.start();
  await reach('backfilled');
  await cutover.rollback(); // from backfilled
  await reach('files');
  await cutover.start();
  expect(await refusal(cutover.start())).toBe('CUTOVER_STEP_REFUSED');
  await verified();
  await cutover.rollback(); // from verified
  await reach('files');
  await cutover.start();
  await verified();
  await cutover.switch();
  await reach('switched');
  await cutover.rollback(); // from switched
  await reach('backfilled');
  expect(await refusal(cutover.switch())).toBe('CUTOVER_STEP_REFUSED');
  await verified();
  await cutover.switch();
  await cutover.finish();
  await reach('stopped');
  await cutover.rollback(); // from stopped
  await reach('backfilled');
  await verified();
  await cutover.switch();
  expect(await refusal(cutover.finish({ archive: directory }))).toBe('CUTOVER_ARCHIVE_REFUSED');
  await cutover.finish();
  await reach('stopped');
  expect(await cutover.verify()).toMatchObject({ equal: true });
  await cutover.finish({ archive });
  await reach('archived');
  expect((await readdir(archive)).sort()).toContain('OLD_1m.csv');
  expect((await readdir(directory)).filter((name) => name.endsWith('.csv'))).toEqual([]);
  await cutover.rollback(); // from archived
  await reach('backfilled');
  await verified();

  await Promise.all(writers.map((writer) => writer.stop()));
  for (const backend of ['dual', 'files', 'postgres'] as const) {
    const store = await open(backend);
    for (const writer of writers) expect(await writer.stored(store), backend).toEqual(writer.expected());
    expect(await store.count({ symbol: 'OLD', timeframe: '1m' })).toBe(HISTORY);
  }
  await cutover.switch();
  await cutover.finish({ archive: join(folder, 'archive2') });
  const { rows } = await database.pool.withClient((client) =>
    client.query(
      "SELECT event_type, metadata->>'after' AS after FROM audit_trail WHERE entity_type = 'CUTOVER' ORDER BY timestamp",
    ),
  );
  expect(rows.slice(-5).map((row) => `${row.event_type} ${row.after}`)).toEqual([
    'CUTOVER_VERIFIED verified',
    'CUTOVER_SWITCHED switched',
    'CUTOVER_STOPPED stopped',
    'CUTOVER_ARCHIVING archiving',
    'CUTOVER_ARCHIVED archived',
  ]);
});

test('no write straddles a step', async () => {
  const { cutover, open, url } = await openCutover(10);
  const dual = await open('dual');
  const key = { symbol: 'NEW', timeframe: '1m' } as const;
  const bar = (minute: number) => ({
    ...key,
    timestamp: new Date(minute * 60_000),
    open: 1,
    high: 1,
    low: 1,
    close: 1,
    volume: minute,
  });
  await dual.upsert([bar(0)]);
  await cutover.start();
  await cutover.verify();
  await cutover.switch();
  const step = await openRawClient(url);
  const ended = async (work: Promise<unknown>) => Promise.race([work.then(() => true), sleep(300).then(() => false)]);

  // A write that comes while a step is taken waits, and then does what the new phase says.
  await step.query('BEGIN');
  await step.query("UPDATE cutovers SET phase = 'stopped', stopped_at = clock_timestamp()");
  const late = dual.upsert([bar(1)]);
  expect(await ended(late)).toBe(false);
  await step.query('COMMIT');
  expect(await late).toMatchObject({ inserted: 1 });
  const { rows } = await step.query('SELECT count(*)::int AS pending FROM cutover_outbox');
  expect(rows).toEqual([{ pending: 0 }]);

  // A step that is taken while a write is under way waits, and has it.
  await step.query("BEGIN; SELECT FROM bar_series WHERE symbol = 'NEW' FOR UPDATE");
  const slow = dual.upsert([bar(2)]);
  await untilWaiting(await openRawClient(url));
  const back = cutover.rollback();
  expect(await ended(back)).toBe(false);
  await step.query('COMMIT');
  await Promise.all([slow, back]);
  expect((await cutover.state()).phase).toBe('backfilled');
  const files = await open('files');
  expect((await files.range(key)).map(({ volume }) => volume.toNumber())).toEqual([0, 1, 2]);
  expect(await cutover.verify()).toMatchObject({ equal: true });
});

test('while both sides are written, nothing is written to the database alone', async () => {
  const { folder, cutover, open, url } = await openCutover(10);
  const store = await openStore({ databaseUrl: url, logLevel: 'silent' });
  onTestFinished(() => store.close());
  const key = { symbol: 'OLD', timeframe: '1m' } as const;
  const bar = { ...key, timestamp: '2024-01-01', open: 1, high: 1, low: 1, close: 1, volume: 1 };
  const file = join(folder, 'NEW_1m.csv');
  await writeFile(file, 'timestamp,open,high,low,close,volume\n2024-01-01,1,1,1,1,1\n');
  const other = await openRawClient(url);
  const expectRefused = async () => {
    expect(await refusal(store.bars.upsert([bar]))).toBe('BARS_IN_CUTOVER');
    expect(await refusal(store.bars.insertIgnore([{ ...bar, symbol: 'NEW' }]))).toBe('BARS_IN_CUTOVER');
    expect((await store.files.import({ paths: [file] })).files).toMatchObject([{ error: { code: 'BARS_IN_CUTOVER' } }]);
  };

  // Who began before the start is waited for.
  await store.bars.upsert([{ ...bar, symbol: 'SLOW' }]);
  await other.query("BEGIN; SELECT FROM bar_series WHERE symbol = 'SLOW' FOR UPDATE");
  const start = cutover.start();
  expect(await Promise.race([start.then(() => true), sleep(300).then(() => false)])).toBe(false);
  await other.query('COMMIT');
  await start;
  await expectRefused();
  expect(await store.bars.delete({ ...key, from: '2024-01-01' })).toBe(0); // what is too much may go
  await cutover.verify();
  for (const step of ['switch', 'finish'] as const) {
    await expectRefused();
    expect(await refusal(store.bars.delete(key))).toBe('BARS_IN_CUTOVER');
    await cutover[step]();
  }
  // Whoever writes now: the way back has it.
  expect(await store.bars.upsert([bar])).toMatchObject({ inserted: 1 });
  expect(await store.bars.delete({ ...key, to: '2023-01-01T00:01:00Z' })).toBe(1);
  expect((await store.files.import({ paths: [file] })).totals.imported).toBe(1);
  await cutover.rollback();
  await cutover.rollback();
  const files = await open('files');
  expect(await files.count(key)).toBe(10);
  expect((await files.latest(key))[0]!.timestamp.toISOString()).toBe('2024-01-01T00:00:00.000Z');
  expect(await files.count({ ...key, symbol: 'NEW' })).toBe(1);
  expect(await store.bars.upsert([bar])).toMatchObject({ unchanged: 1 });
});

test('a step or a program that has another folder changes nothing', async () => {
  const { folder, directory, archive, cutover, database, open, url } = await openCutover(10);
  const elsewhere = join(folder, 'elsewhere');
  const lost = new Cutover(database, { directory: elsewhere, actor: 'test' });
  const astray = await openBarStore({
    backend: 'dual',
    barsDirectory: elsewhere,
    databaseUrl: url,
    logLevel: 'silent',
  });
  onTestFinished(() => astray.close());
  const raw = await openRawClient(url);
  const key = { symbol: 'OLD', timeframe: '1m' } as const;
  const bar = { ...key, timestamp: '2024-01-01T00:00:00Z', open: '1', high: '1', low: '1', close: '1', volume: '1' };
  const differs = async (...steps: readonly ('start' | 'verify' | 'switch' | 'finish' | 'rollback')[]) => {
    const { phase } = await cutover.state();
    for (const step of steps) expect(await refusal(lost[step]()), `${step} in ${phase}`).toBe('CUTOVER_FOLDER_DIFFERS');
    expect((await cutover.state()).phase).toBe(phase);
  };
  const aborted = new AbortController();
  const start = cutover.start({ signal: aborted.signal, onProgress: () => aborted.abort(new Error('enough')) });
  await start.catch(() => {});
  await differs('start', 'rollback');
  expect(await refusal(astray.range(key))).toBe('CUTOVER_FOLDER_DIFFERS');
  if ((await cutover.state()).phase === 'dual') await cutover.start();
  await differs('verify', 'rollback');
  // A write that waits for the files is not made in others.
  const document = { bars: [{ ...bar, vwap: null, source: null }], scales: { 'OLD 1m': 0 } };
  await raw.query('INSERT INTO cutover_outbox (operation, document) VALUES ($1, $2)', ['upsert', document]);
  expect(await refusal(astray.upsert([bar]))).toBe('CUTOVER_FOLDER_DIFFERS');
  expect((await cutover.plan()).pending).toBe(1);
  expect(await (await open('dual')).upsert([bar])).toMatchObject({ unchanged: 1 });
  expect((await cutover.plan()).pending).toBe(0);
  await cutover.verify();
  await differs('switch', 'verify', 'rollback');
  await cutover.switch();
  await differs('finish', 'rollback');
  await cutover.finish({ archive });
  await differs('rollback');
  // What somebody put in the place of a file is not lost on the way back.
  await writeFile(join(directory, 'OLD_1m.csv'), 'mine');
  expect(await refusal(cutover.rollback())).toBe('CUTOVER_ARCHIVE_REFUSED');
  await rm(join(directory, 'OLD_1m.csv'));
  await cutover.rollback();
  expect((await readdir(directory)).filter((name) => name.endsWith('.csv'))).toEqual(['OLD_1m.csv']);
});

test('a command that is killed is gone on with, at every step, and a writer that is killed loses nothing', {
  timeout: 600_000,
}, async () => {
  const { folder, directory, archive, cutover, environment, open, url } = await openCutover();
  const writer = new Writer(join(folder, 'one.log'), 'ONE', environment);
  await writer.start();
  const random = randomNumbers(7);
  const settle = async () => {
    const store = await open('dual');
    // The next write makes good what the last one left.
    await store.upsert([
      { symbol: 'MEND', timeframe: '1m', timestamp: '2024-01-01', open: 1, high: 1, low: 1, close: 1, volume: 0 },
    ]);
    await writer.settle(store);
  };
  const killed = async (step: string, expected: Phase) => {
    const child = startScript('cutover-process.ts', [url, directory, archive, step], environment);
    await once(child.stdout!, 'data');
    await sleep(random(400));
    await killScript(child, url);
    if (random(2) === 0) {
      await writer.kill();
      await settle();
      await writer.start();
    }
    // Done before it was killed: to do it again would be another step.
    if (step === 'verify' || (await cutover.state()).phase !== expected) {
      const again = step === 'finish' ? cutover.finish({ archive }) : cutover[step as 'start']();
      expect(step === 'verify' ? ['done'] : ['done', 'CUTOVER_STEP_REFUSED']).toContain(await refusal(again));
    }
    expect((await cutover.state()).phase).toBe(expected);
  };
  await killed('start', 'backfilled');
  await killed('verify', 'verified');
  await killed('switch', 'switched');
  await killed('finish', 'archived');
  await killed('rollback', 'backfilled');
  await killed('rollback', 'files');
  await cutover.start();
  expect(await cutover.verify()).toMatchObject({ equal: true });
  await writer.stop();
  for (const backend of ['dual', 'files', 'postgres'] as const) {
    const store = await open(backend);
    expect(await writer.stored(store), backend).toEqual(writer.expected());
    expect(await store.count({ symbol: 'OLD', timeframe: '1m' })).toBe(HISTORY);
  }
});
