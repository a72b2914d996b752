import { lutimes, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openStore, QueueFullError, RowsNotWrittenError } from '../../src/index.js';
import { minuteBar, openIngest, openIngestByProxy } from '../setup/ingest.js';
import { openRawClient } from '../setup/raw-client.js';
import type { Loss } from '../setup/tcp-proxy.js';

const SERIES = { symbol: 'A', timeframe: '1m' } as const;

/** Cuts every connection of a store but the one that asks; answers when they are gone, and the store has heard of those that were idle. */
async function terminateAll(url: string): Promise<void> {
  const client = await openRawClient(url);
  await client.query(`SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'wyckoff-store'`);
  await client.end();
}

async function spoolsIn(directory: string): Promise<string[]> {
  return (await readdir(join(directory, 'spool'))).filter((name) => /^\d{15}-/.test(name));
}

test.each(['memory', 'spool'] as const)(
  'at %s, connections that are terminated under load cost nothing',
  async (durability) => {
    const { store, url } = await openIngest({ durability, interval: 5, batchSize: 20, writers: 8 });
    const retried: unknown[] = [];
    store.ingest.observe({ retried: (event) => retried.push(event) });
    for (let minute = 0; minute < 400; minute += 1) {
      await store.ingest.add(['A', 'B', 'C'].map((symbol) => minuteBar(symbol, minute)));
      if (minute % 40 === 20) await terminateAll(url);
    }
    await store.ingest.flush();
    for (const symbol of ['A', 'B', 'C']) expect(await store.bars.count({ symbol, timeframe: '1m' })).toBe(400);
    expect(store.ingest.stats).toMatchObject({ deadLetters: 0, written: 1200 });
  },
);

test('at database, who waits is told that the rows are not written, and the breaker answers the next ones at once', async () => {
  const { store, beside, proxy } = await openIngestByProxy({ durability: 'database', interval: 0, maxRetries: 1 });
  await store.ingest.add(minuteBar('A', 0));
  proxy.close();
  const failure = await store.ingest.add([minuteBar('A', 1), minuteBar('B', 1)]).catch((error) => error);
  expect(failure).toBeInstanceOf(RowsNotWrittenError);
  expect(failure.rows.map(({ row, outcome }: { row: number; outcome: string }) => [row, outcome])).toEqual([
    [0, 'unwritten'],
    [1, 'unwritten'],
  ]);
  expect(store.ingest.stats.breaker).toBe('open');
  const next = await store.ingest.add(minuteBar('A', 2)).catch((error) => error);
  expect(next.rows).toMatchObject([{ outcome: 'unwritten', error: { code: 'CIRCUIT_OPEN' } }]);
  expect(await beside.bars.existingTimestamps(SERIES)).toEqual([minuteBar('A', 0).timestamp]);
  expect(await store.ingest.close({ timeout: 100 })).toMatchObject({ written: 1, left: 3 });
});

const LOSSES: readonly Loss[] = ['answer', 'commit'];

test.each(LOSSES)('a COMMIT whose %s is lost is settled: nothing is written twice or lost', async (loss) => {
  const { store, beside, proxy, url } = await openIngestByProxy({ durability: 'spool', interval: 0 });
  await store.ingest.add(minuteBar('A', 0, 5));
  await store.ingest.flush();
  proxy.loseCommit(loss, async () => {
    // Somebody corrects the bar before the ingest knows what became of its own value.
    if (loss === 'answer') await beside.bars.upsert([minuteBar('A', 1, 7)]);
  });
  await store.ingest.add(minuteBar('A', 1, 6));
  await store.ingest.flush();
  const [, bar] = await beside.bars.range(SERIES);
  expect(bar!.close.toString()).toBe(loss === 'answer' ? '7' : '6');
  const client = await openRawClient(url);
  const { rows } = await client.query('SELECT sum(position)::int AS sum FROM ingest_positions');
  expect(rows[0].sum).toBe(2);
});

test('rows that a process left are written by the next one; what it had written stays corrected', async () => {
  const { store, beside, proxy, directory, url } = await openIngestByProxy({ durability: 'spool', interval: 0 });
  await store.ingest.add(minuteBar('A', 0, 5));
  await store.ingest.flush();
  await beside.bars.upsert([minuteBar('A', 0, 9)]);
  proxy.close();
  await store.ingest.add([minuteBar('A', 0, 6), minuteBar('A', 1, 6)]);
  await store.ingest.add([minuteBar('A', 2, 6)]);
  expect(await store.ingest.close({ timeout: 100 })).toEqual({
    written: 1,
    spooled: 3,
    left: 0,
    dropped: 0,
    deadLetters: 0,
  });
  const next = await openStore({ databaseUrl: url, logLevel: 'silent', ingest: { directory, durability: 'memory' } });
  await next.ingest.add(minuteBar('A', 2, 8));
  await next.ingest.flush();
  expect((await next.bars.range(SERIES)).map(({ close }) => close.toString())).toEqual(['6', '6', '8']);
  expect((await next.bars.revisions(SERIES)).map(({ close }) => close.toString())).toEqual(['5', '9', '6']);
  expect(await next.ingest.close()).toMatchObject({ written: 4, spooled: 0 });
  expect(await spoolsIn(directory)).toEqual([]);
  await next.close();
});

test('rows that a process left are written in batches of every lane in its turn', async () => {
  const { store, proxy, directory, url } = await openIngestByProxy({ durability: 'spool', interval: 0 });
  proxy.close();
  const symbols = Array.from({ length: 20 }, (_, index) => `S${index}`);
  for (let minute = 0; minute < 100; minute += 1)
    await store.ingest.add(symbols.map((symbol) => minuteBar(symbol, minute)));
  expect(await store.ingest.close({ timeout: 50 })).toMatchObject({ spooled: 2000 });
  const ingest = { directory, durability: 'memory', queueSize: 400, batchSize: 100 } as const;
  const next = await openStore({ databaseUrl: url, logLevel: 'silent', ingest });
  await next.ingest.flush();
  expect(next.ingest.stats.written).toBe(2000);
  expect(next.ingest.stats.batches).toBeLessThan(100);
  await next.close();
});

test('while the database is away, the spool takes far more rows than memory, and they come in their order', async () => {
  const { store, beside, proxy, url } = await openIngestByProxy({
    durability: 'spool',
    interval: 5,
    queueSize: 20,
    segmentSize: 4096,
  });
  await store.ingest.add(minuteBar('A', 0, 1));
  await store.ingest.flush();
  const { port } = new URL(proxy.url);
  proxy.close();
  const bars: Promise<void>[] = [];
  for (let close = 2; close <= 20; close += 1)
    for (let minute = 0; minute < 20; minute += 1)
      bars.push(store.ingest.add([minuteBar('A', minute, close), minuteBar('B', minute, close)]));
  await Promise.all(bars);
  expect(store.ingest.stats.spool.rows).toBe(760);
  expect(store.ingest.stats.queued).toBeLessThanOrEqual(20);
  expect(store.ingest.stats.spool.segments).toBeGreaterThan(3);
  await proxy.reopen(url);
  expect(new URL(proxy.url).port).toBe(port);
  await store.ingest.flush();
  for (const symbol of ['A', 'B']) {
    const stored = await beside.bars.range({ symbol, timeframe: '1m' });
    expect(stored.map(({ close }) => close.toString())).toEqual(new Array(20).fill('20'));
    const closes = new Map<number, number>();
    for (const { timestamp, close } of await beside.bars.revisions({ symbol, timeframe: '1m' })) {
      expect(close.toNumber()).toBeGreaterThan(closes.get(timestamp.getTime()) ?? 0);
      closes.set(timestamp.getTime(), close.toNumber());
    }
  }
  expect(store.ingest.stats.spool).toMatchObject({ rows: 0, blocked: undefined });
});

test('a spool that is full blocks or rejects, and takes rows again when the database is back', async () => {
  for (const whenFull of ['block', 'reject'] as const) {
    const { store, beside, proxy, url } = await openIngestByProxy({
      durability: 'spool',
      whenFull,
      interval: 0,
      segmentSize: 2048,
      spoolSize: 8192,
    });
    const blocked: unknown[] = [];
    store.ingest.observe({ spoolBlocked: (event) => blocked.push(event.code) });
    proxy.close();
    let [acknowledged, refused] = [0, 0];
    const adding = Array.from({ length: 100 }, (_, minute) =>
      store.ingest.add(minuteBar('A', minute)).then(
        () => (acknowledged += 1),
        (error) => {
          expect(error).toBeInstanceOf(QueueFullError);
          refused += 1;
        },
      ),
    );
    const settled = () => (whenFull === 'reject' ? acknowledged + refused === 100 : store.ingest.stats.spool.blocked);
    while (!settled()) await sleep(5);
    expect(acknowledged).toBeGreaterThan(5);
    expect(acknowledged).toBeLessThan(60);
    expect(refused).toBe(whenFull === 'reject' ? 100 - acknowledged : 0);
    expect(store.ingest.stats.spool.bytes).toBeLessThanOrEqual(8192);
    await proxy.reopen(url);
    await Promise.all(adding);
    await store.ingest.flush();
    await store.ingest.add(minuteBar('A', 100));
    await store.ingest.flush();
    expect(await beside.bars.count(SERIES)).toBe(acknowledged + 1);
    if (whenFull === 'block')
      expect([acknowledged, blocked[0], blocked.at(-1)]).toEqual([100, 'SPOOL_FULL', undefined]);
  }
});

test('two stores share a directory, each with a spool of its own', async () => {
  const { store, url, directory } = await openIngest({ durability: 'spool', interval: 0 });
  const other = await openStore({ databaseUrl: url, logLevel: 'silent', ingest: { directory, interval: 0 } });
  expect(await spoolsIn(directory)).toHaveLength(2);
  await Promise.all([store.ingest.add(minuteBar('A', 0)), other.ingest.add(minuteBar('A', 1))]);
  await other.ingest.close();
  await other.close();
  await store.ingest.add(minuteBar('A', 2));
  await store.ingest.flush();
  expect(await store.bars.count(SERIES)).toBe(3);
  expect(await spoolsIn(directory)).toHaveLength(1);
});

test('a spool of another database is left alone', async () => {
  const { store, proxy, directory } = await openIngestByProxy({ durability: 'spool', interval: 0 });
  proxy.close();
  await store.ingest.add(minuteBar('A', 0));
  expect(await store.ingest.close({ timeout: 50 })).toMatchObject({ spooled: 1 });
  const { store: other } = await openIngest({ directory, durability: 'spool' });
  await other.ingest.flush();
  expect(await other.bars.count(SERIES)).toBe(0);
  expect(await other.ingest.close()).toMatchObject({ written: 0, spooled: 0 });
  expect(await spoolsIn(directory)).toHaveLength(1);
});

test('who waits for a lock is told so after a while, waits again, and holds up nobody else', async () => {
  const { store, url } = await openIngest({ durability: 'spool', interval: 0, batchSize: 5 });
  const client = await openRawClient(url);
  const names = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'];
  await store.ingest.add(names.map((symbol) => minuteBar(symbol, 0)));
  await store.ingest.flush();
  // The ingest's own limit, 18 s, is for where nobody has set one.
  await client.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET lock_timeout = '50ms'`);
  await terminateAll(url);
  const [states, failures]: [unknown[], { code?: string }[]] = [[], []];
  store.ingest.observe({
    breaker: ({ state }) => states.push(state),
    retried: ({ error }) => failures.push(error as { code?: string }),
  });
  await client.query(`BEGIN; SELECT FROM bar_series WHERE symbol = 'A' FOR UPDATE`);
  for (let minute = 1; minute < 20; minute += 1)
    await store.ingest.add(names.map((symbol) => minuteBar(symbol, minute)));
  const locked = () => failures.filter(({ code }) => code === 'LOCK_TIMEOUT').length;
  while (locked() < 5 || (await store.bars.count({ symbol: 'B', timeframe: '1m' })) < 20) await sleep(20);
  expect(await store.bars.count(SERIES)).toBe(1);
  expect(states).toEqual([]);
  await client.query('COMMIT');
  await store.ingest.flush();
  expect(await store.bars.count(SERIES)).toBe(20);
  expect(store.ingest.stats).toMatchObject({ written: 160, deadLetters: 0 });
});

/** A spool whose owner says that it is a process on another machine, or in another container. */
async function leaveForeignSpool(): Promise<{ directory: string; url: string; owner: string }> {
  const { store, proxy, directory, url } = await openIngestByProxy({ durability: 'spool', interval: 0 });
  proxy.close();
  await store.ingest.add(minuteBar('A', 0));
  await store.ingest.close({ timeout: 50 });
  const [name] = await spoolsIn(directory);
  const owner = join(directory, 'spool', name!, 'owner');
  await rm(owner);
  await symlink('1-1@elsewhere:1', owner);
  return { directory, url, owner };
}

test('a folder that a process of another machine uses is refused, and left as it is', async () => {
  const { directory, url, owner } = await leaveForeignSpool();
  const marking = setInterval(() => void lutimes(owner, new Date(), new Date()), 1_000);
  const opening = openStore({ databaseUrl: url, logLevel: 'silent', ingest: { directory } });
  await expect(opening).rejects.toMatchObject({ name: 'SpoolError', code: 'SPOOL_ELSEWHERE' });
  clearInterval(marking);
  expect(await readlink(owner)).toBe('1-1@elsewhere:1');
});

test('a spool of a machine that is gone is taken over', async () => {
  const { directory, url } = await leaveForeignSpool();
  const store = await openStore({ databaseUrl: url, logLevel: 'silent', ingest: { directory } });
  await store.ingest.flush();
  expect(await store.bars.count(SERIES)).toBe(1);
  await store.close();
  expect(await spoolsIn(directory)).toEqual([]);
});
