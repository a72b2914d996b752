import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import type { Session } from '../../src/database/session.js';
import { type BarInput, type BarStore, type InvalidInputError, openBarStore } from '../../src/index.js';
import { dualReads } from '../../src/observability/dual-reads.js';
import { BarRepository } from '../../src/repositories/bars/bar-repository.js';
import type { DualBars } from '../../src/transfer/backends/dual/dual-bars.js';
import { Cutover } from '../../src/transfer/cutover/cutover.js';
import { history, instantOf } from '../setup/bar-arbitraries.js';
import { BarModel, printBars } from '../setup/bar-model.js';
import { createTestDatabase } from '../setup/test-database.js';
import { Writer } from './transfer-writers.js';

const AT = '2024-01-02T00:00:00Z';
const KEY = { symbol: 'BTC/USDT', timeframe: '1m' } as const;
const row = (minute: number, close = '1.5', volume = '1') => ({
  ...KEY,
  timestamp: instantOf(minute),
  ...{ open: '1', high: '2', low: '1', close, volume },
});

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'wyckoff-backends-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function open(
  kind: string,
): Promise<{ store: BarStore; reopen: () => Promise<BarStore>; barsDirectory: string }> {
  const barsDirectory = await folder();
  const database = kind === 'database' || kind === 'dual' ? await createTestDatabase() : undefined;
  const reopen = async () => {
    const store = await openBarStore({
      backend: kind === 'database' ? 'postgres' : kind === 'dual' ? 'dual' : 'files',
      barsDirectory,
      ...(kind === 'parquet' && { format: 'parquet' as const }),
      ...(database && { databaseUrl: database.url }),
    });
    onTestFinished(() => store.close());
    return store;
  };
  if (database) onTestFinished(() => database.drop());
  return { store: await reopen(), reopen, barsDirectory };
}

describe.each(['database', 'csv', 'parquet', 'dual'])('%s', (kind) => {
  test('keeps what the model keeps, whatever is written, deleted and read', async () => {
    const { store, reopen } = await open(kind);
    const runs = kind === 'csv' || kind === 'database' ? 40 : 10;
    let round = 0;
    await fc.assert(
      fc.asyncProperty(history('X', 6), fc.integer({ min: 0, max: 20_200 }), async (steps, minute) => {
        round += 1;
        const model = new BarModel(`X${round}`, '1m');
        for (const step of steps) {
          if (step.kind === 'delete') {
            expect(await store.delete({ ...model.key, from: step.from, to: step.to })).toBe(
              model.delete(step.from, step.to),
            );
            continue;
          }
          const bars = step.bars.map((bar) => ({ ...bar, symbol: model.key.symbol }));
          expect(await store.upsert(bars)).toEqual(model.upsert(bars));
        }
        const reader = round % 10 === 0 ? await reopen() : store;
        expect(printBars(await reader.range(model.key))).toEqual(model.rows);
        const at = instantOf(minute);
        const before = model.rows.filter((_, index) => model.bars[index]!.timestamp < at);
        expect(printBars(await reader.range({ ...model.key, to: at }))).toEqual(before);
        expect(await reader.count({ ...model.key, from: at })).toBe(model.rows.length - before.length);
        expect(printBars(await reader.latest({ ...model.key, limit: 7 }))).toEqual(model.rows.slice(-7));
        expect(printBars(await reader.asOf({ ...model.key, at, limit: 3 }))).toEqual(
          model.rows.filter((_, index) => +model.bars[index]!.timestamp + 60_000 <= +at).slice(-3),
        );
        const first = await reader.first(model.key);
        expect(first ? printBars([first]) : []).toEqual(model.rows.slice(0, 1));
        const [catalog] = await reader.series({ symbol: model.key.symbol });
        expect(catalog && { first: catalog.first, last: catalog.last, count: catalog.count }).toEqual(model.catalog);
      }),
      { numRuns: runs },
    );
  });

  test('answers and refuses alike', async () => {
    const { store, reopen } = await open(kind);
    const code = async (work: Promise<unknown>) =>
      work.then(
        () => 'none',
        (error) => (error as InvalidInputError).code,
      );
    expect(await store.series()).toEqual([]);
    expect(await store.range(KEY)).toEqual([]);
    expect(await store.delete(KEY)).toBe(0);
    expect(await store.upsert([])).toEqual({ inserted: 0, changed: 0, unchanged: 0 });
    expect(await store.upsert([row(1, '1.5', '0.00000001'), row(0)], { volumeScale: 8 })).toEqual({
      ...{ inserted: 2, changed: 0, unchanged: 0 },
    });
    expect(await store.upsert([row(1, '1.5', '0.00000001'), row(0, '1.25'), row(2), row(2)])).toEqual({
      ...{ inserted: 1, changed: 1, unchanged: 2 },
    });
    // What another batch has wrong: nothing of it is written.
    expect(await code(store.upsert([row(3), row(4, '3')]))).toBe('PRICE_OUTSIDE_BAR');
    expect(await code(store.upsert([row(3), row(3, '1.25')]))).toBe('DUPLICATE_TIMESTAMP');
    expect(await code(store.upsert([row(3), { ...row(4), symbol: 'a b' }]))).toBe('SYMBOL_INVALID');
    expect(await code(store.upsert([row(3, '1.5', '0.000000001')]))).toBe('VOLUME_TOO_PRECISE');
    expect(await code(store.upsert([row(3)], { volumeScale: 9 }))).toBe('VOLUME_SCALE_INVALID');
    expect(await code(store.upsert(row(3) as never))).toBe('BARS_INVALID');
    expect(await code(store.range({ ...KEY, from: AT, to: '2024-01-01' }))).toBe('WINDOW_REVERSED');
    expect(await code(store.latest({ ...KEY, limit: 0 }))).toBe('LIMIT_INVALID');
    const odd = { ...row(0), symbol: 'CL', low: '-37.63', source: 'a "b",\nc', vwap: '-1' };
    expect(await code(store.upsert([odd]))).toBe('PRICE_NOT_POSITIVE');
    expect(await store.upsert([odd], { allowNonPositive: true })).toMatchObject({ inserted: 1 });
    const stream = (async function* () {
      for (let minute = 0; minute < 6_000; minute += 1) yield { ...row(minute), symbol: 'LONG' };
    })();
    expect(await store.upsert(stream)).toEqual({ inserted: 6_000, changed: 0, unchanged: 0 });
    for (const reader of [store, await reopen()]) {
      const bars = await reader.range(KEY);
      expect(bars.map((bar) => [bar.volume.toFixed(), bar.close.toFixed(), bar.symbol])).toEqual([
        ['1', '1.25', 'BTC/USDT'],
        ['0.00000001', '1.5', 'BTC/USDT'],
        ['1', '1.5', 'BTC/USDT'],
      ]);
      const [oil] = await reader.range({ symbol: 'CL', timeframe: '1m' });
      expect([oil!.low.toFixed(), oil!.source, oil!.vwap!.toFixed(), oil!.spread.toFixed()]).toEqual([
        ...['-37.63', 'a "b",\nc', '-1', '39.63'],
      ]);
      expect((await reader.series()).map((one) => [one.symbol, one.count, one.volumeScale])).toEqual([
        ['BTC/USDT', 3, 8],
        ['CL', 1, 0],
        ['LONG', 6_000, 0],
      ]);
      expect(await reader.count({ timeframe: '1m' })).toBe(6_004);
      expect(await reader.count({ timeframe: '1d' })).toBe(0);
      let streamed = 0;
      for await (const bar of reader.iterate({ symbol: 'LONG', timeframe: '1m', from: instantOf(10) }))
        streamed += bar.volume.toNumber();
      expect(streamed).toBe(5_990);
    }
    // A series without bars keeps its scale.
    expect(await store.delete(KEY)).toBe(3);
    expect((await (await reopen()).series()).map((one) => one.symbol)).toEqual(['CL', 'LONG']);
    expect(await (await reopen()).upsert([row(0, '1.5', '0.00000001')])).toMatchObject({ inserted: 1 });
  });
});

test('bars behind the last are put behind the file as it is, and others into it', async () => {
  const [grown, whole, barsDirectory] = [await folder(), await folder(), await folder()];
  const rows = [0, 1, 2, 40, 41, 42, 43].map((minute) => row(minute));
  const path = async (directory: string) => {
    const [name] = (await readdir(directory)).filter((entry) => entry.endsWith('.csv'));
    return join(directory, name!);
  };
  const linesOf = async (directory: string) =>
    (await readFile(await path(directory), 'utf8')).split('\n').map((line) => line.replace(/,[^,]*$/, '')); // created_at
  const store = await openBarStore({ backend: 'files', barsDirectory: grown });
  for (const one of [rows.slice(0, 2), rows.slice(2, 3), rows.slice(1, 5), [rows[6]!], [rows[5]!]])
    await store.upsert(one);
  await (await openBarStore({ backend: 'files', barsDirectory: whole })).upsert(rows);
  expect(await linesOf(grown)).toEqual(await linesOf(whole));
  expect(await linesOf(grown)).toHaveLength(rows.length + 2);
  // What somebody else has written meanwhile is not taken for what the store had written.
  const edited = await openBarStore({ backend: 'files', barsDirectory });
  await edited.upsert(rows.slice(0, 6));
  const text = await readFile(await path(barsDirectory), 'utf8');
  await writeFile(await path(barsDirectory), text.trimEnd());
  await edited.upsert([rows[6]!]);
  expect(await linesOf(barsDirectory)).toEqual(await linesOf(whole));
  const changed = { ...rows[6]!, source: 'other' };
  expect(await edited.upsert([changed])).toMatchObject({ changed: 1 });
  await edited.delete({ ...KEY, from: changed.timestamp, to: '2100-01-01' });
  expect(await linesOf(barsDirectory)).toHaveLength(rows.length + 1);
  await edited.upsert([rows[6]!]);
  expect(await linesOf(barsDirectory)).toEqual(await linesOf(whole));
});

test('two writers of one series take turns, whoever they are', async () => {
  const barsDirectory = await folder();
  const stores = await Promise.all([0, 1].map(() => openBarStore({ backend: 'files', barsDirectory })));
  await Promise.all(
    Array.from({ length: 40 }, (_, minute) =>
      stores[minute % 2]!.upsert([row(minute), { ...row(minute), symbol: `S${minute}` }]),
    ),
  );
  expect(await stores[0]!.count(KEY)).toBe(40);
  expect((await stores[1]!.series()).length).toBe(41);
});

test('processes that write files at the same time, and are killed, leave whole writes', async () => {
  const barsDirectory = await folder();
  const environment = { WYCKOFF_BACKEND: 'files', WYCKOFF_BARS_DIR: barsDirectory };
  const [steady, killed] = ['ONE', 'TWO'].map(
    (prefix) => new Writer(join(barsDirectory, `${prefix}.log`), prefix, environment),
  );
  const store = await openBarStore({ backend: 'files', barsDirectory });
  await steady!.start();
  for (let round = 0; round < 3; round += 1) {
    await killed!.start();
    await sleep(round * 37);
    await killed!.kill();
    await killed!.settle(store);
  }
  while (steady!.operations.length <= 30) await steady!.progress();
  await steady!.stop();
  for (const writer of [steady!, killed!]) expect(await writer.stored(store)).toEqual(writer.expected());
});

test('a file of another program is read as an import would, and kept when it is written for the first time', async () => {
  const barsDirectory = await folder();
  const text = 'Date,Open,High,Low,Close,Volume\n2024-01-03,10.5,11,10,10.75,1.25\n2024-01-02,9,10,8,9.5,3\n';
  await writeFile(join(barsDirectory, 'BRK.B_1d.csv'), text);
  await writeFile(join(barsDirectory, 'notes.csv'), 'not bars');
  const key = { symbol: 'BRK.B', timeframe: '1d' } as const;
  const store = await openBarStore({ backend: 'files', barsDirectory });
  expect(printBars(await store.range(key))).toEqual([
    '2024-01-02T00:00:00.000Z 9 10 8 9.5 3 2 1 1  ',
    '2024-01-03T00:00:00.000Z 10.5 11 10 10.75 1.25 1 0.5 0.4167  ',
  ]);
  expect(
    await store.upsert([{ ...key, timestamp: '2024-01-04', open: 10, high: 10, low: 10, close: 10, volume: '0.5' }]),
  ).toMatchObject({ inserted: 1 });
  expect(await readFile(join(barsDirectory, '.wyckoff/originals/BRK.B_1d.csv'), 'utf8')).toBe(text);
  expect((await readFile(join(barsDirectory, 'BRK.B_1d.csv'), 'utf8')).split('\n')[1]).toMatch(
    /^BRK.B,1d,2024-01-02T00:00:00Z,9,10,8,9.5,3.00,,,2,2,1,1,\d{4}-/,
  );
  // What somebody makes of the store's own file is read again, and checked.
  const own = await readFile(join(barsDirectory, 'BRK.B_1d.csv'), 'utf8');
  await writeFile(join(barsDirectory, 'BRK.B_1d.csv'), own.replace(',9.5,', ',99.5,'));
  await expect(store.range(key)).rejects.toMatchObject({ code: 'PRICE_OUTSIDE_BAR', problems: [{ line: 2 }] });
  await writeFile(join(barsDirectory, 'BRK.B_1d.csv'), own.replace(',9.5,', ',9.25,'));
  expect((await store.first(key))!.close.toFixed()).toBe('9.25');
  await expect(store.range({ ...key, knownAt: '2024-01-01' })).rejects.toMatchObject({ code: 'KNOWN_AT_UNSUPPORTED' });
});

describe('the two sides of dual', () => {
  async function openSides() {
    const barsDirectory = await folder();
    const created = await createTestDatabase();
    const database = await Database.open(readConfig({ databaseUrl: created.url, logLevel: 'silent' }));
    onTestFinished(async () => {
      await database.close();
      await created.drop();
    });
    const options = { barsDirectory, databaseUrl: created.url, logLevel: 'silent' } as const;
    const opened = async (backend: 'dual' | 'postgres' | 'files') => {
      const store = await openBarStore({ ...options, backend });
      onTestFinished(() => store.close());
      return store;
    };
    const [dual, inDatabase, inFiles] = [await opened('dual'), await opened('postgres'), await opened('files')];
    const cutover = new Cutover(database, { directory: barsDirectory, actor: 'test' });
    const pending = async () => (await cutover.plan()).pending;
    const environment = { WYCKOFF_DATABASE_URL: created.url, WYCKOFF_BACKEND: 'dual', WYCKOFF_BARS_DIR: barsDirectory };
    /** A write that takes no heed of the cutover. */
    const past = (bars: readonly BarInput[]) =>
      database.pool.transaction(async (client) => {
        await client.query("SELECT set_config('wyckoff.cutover', 'held', true)");
        const session: Session = { withClient: (use) => use(client), transaction: (use) => use(client) };
        return new BarRepository(session, { actor: 'test' }).upsert(bars);
      });
    return {
      barsDirectory,
      url: created.url,
      past,
      dual: dual as DualBars,
      inDatabase,
      inFiles,
      cutover,
      pending,
      environment,
    };
  }

  test('a process that is killed between the two leaves nothing behind', async () => {
    const { barsDirectory, dual, inDatabase, inFiles, cutover, pending, environment } = await openSides();
    await cutover.start();
    const writer = new Writer(join(barsDirectory, 'writer.log'), 'X', environment);
    for (let round = 0; round < 3; round += 1) {
      await writer.start();
      await sleep(round * 29);
      await writer.kill();
      await dual.upsert([row(round)]);
      await writer.settle(dual);
      expect(await pending()).toBe(0);
      for (const side of [inFiles, inDatabase]) expect(await writer.stored(side)).toEqual(writer.expected());
    }
    expect(await cutover.verify()).toMatchObject({ equal: true });
  });

  test('files that cannot be written keep nothing out for good', async () => {
    const { barsDirectory, dual, inDatabase, inFiles, cutover, pending } = await openSides();
    await dual.upsert([row(0)]);
    expect(await inDatabase.count(KEY)).toBe(0);
    await cutover.start();
    await expect(inFiles.upsert([row(1)])).rejects.toMatchObject({ code: 'FILES_IN_CUTOVER' });
    const blocked = join(barsDirectory, '.wyckoff/new');
    const block = async () => {
      await rm(blocked, { recursive: true, force: true });
      await writeFile(blocked, '');
    };
    await block();
    await expect(dual.upsert([row(1)])).rejects.toMatchObject({ code: 'FILES_BEHIND' });
    expect([await inDatabase.count(KEY), await inFiles.count(KEY), await pending()]).toEqual([2, 1, 1]);
    await expect(dual.upsert([row(2)])).rejects.toMatchObject({ code: 'FILES_UNUSABLE' });
    expect([await inDatabase.count(KEY), await pending()]).toEqual([2, 1]);
    await rm(blocked);
    expect(await dual.upsert([row(1)])).toEqual({ inserted: 0, changed: 0, unchanged: 1 });
    expect([await inFiles.count(KEY), await pending()]).toEqual([2, 0]);
    await cutover.verify();
    await cutover.switch();
    await block();
    // The database is read: its writes go on.
    expect(await dual.upsert([row(2), row(3)])).toMatchObject({ inserted: 2 });
    expect(await dual.delete({ ...KEY, from: instantOf(3) })).toBe(1);
    expect([(await dual.range(KEY)).length, await inFiles.count(KEY), await pending()]).toEqual([3, 2, 2]);
    await rm(blocked);
    await dual.upsert([row(4)]);
    expect([await inFiles.count(KEY), await pending()]).toEqual([4, 0]);
    expect(await cutover.verify()).toMatchObject({ equal: true });
  });

  test('a series that is written all the time is no difference', async () => {
    const { dual, cutover } = await openSides();
    await dual.upsert(Array.from({ length: 3_000 }, (_, minute) => row(minute)));
    await cutover.start();
    const counted = { ...dualReads };
    let writing = true;
    const writes = (async () => {
      for (let value = 1; writing; value += 1) await dual.upsert([row(0, '1.5', `${value}`)]);
    })();
    for (let read = 0; read < 40; read += 1) {
      await dual.range({ ...KEY, to: instantOf(1) });
      await sleep(10);
    }
    await dual.settled();
    writing = false;
    await writes;
    expect(dualReads).toEqual({ ...counted, compared: counted.compared + 40 });
    expect(await cutover.verify()).toMatchObject({ equal: true });
  });

  test('reads are compared behind the answer, and a difference is counted', async () => {
    const { dual, past, cutover } = await openSides();
    await dual.upsert([row(0), row(1)]);
    await cutover.start();
    const counted = { ...dualReads };
    await dual.range(KEY);
    await dual.latest(KEY);
    await dual.count(KEY);
    await dual.settled();
    expect(dualReads).toEqual({ ...counted, compared: counted.compared + 3 });
    await past([row(1, '1.25')]);
    expect((await dual.range(KEY))[1]!.close.toFixed()).toBe('1.5');
    await dual.range({ ...KEY, to: instantOf(1) });
    await dual.settled();
    expect(dualReads).toMatchObject({ compared: counted.compared + 5, mismatches: counted.mismatches + 1 });
    const found = await cutover.verify();
    expect(found).toMatchObject({ equal: false, missing: 0, extra: 0, different: 1 });
    expect(found.examples).toEqual([
      'BTC/USDT 1m 2024-01-01T00:01:00Z value close: 1.5 in the files, 1.25 in the database',
    ]);
    await past([row(1), row(5)]);
    expect(await cutover.verify()).toMatchObject({ equal: false, extra: 1 });
    expect((await cutover.state()).phase).toBe('backfilled');
  });
});
