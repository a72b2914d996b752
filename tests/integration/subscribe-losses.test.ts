import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { readChanges, readPresent } from '../../src/feed/subscribe/read-arrivals.js';
import { openStore } from '../../src/index.js';
import { startWriter, takeAll } from '../setup/followed-writers.js';
import { minuteBar } from '../setup/ingest.js';
import { openRawClient } from '../setup/raw-client.js';
import { follow } from '../setup/subscriber.js';
import { openTcpProxy } from '../setup/tcp-proxy.js';
import { openTestStore } from '../setup/test-database.js';

const START = (minuteBar('A', 0).timestamp as Date).getTime();

/** The connections that listen. */
async function terminateListeners(raw: pg.Client): Promise<number> {
  const { rowCount } = await raw.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND query LIKE '%pg_%advisory_%shared(1465472838)%' AND pid <> pg_backend_pid()`,
  );
  return rowCount ?? 0;
}

test('two processes write, a third follows, and the connection that listens is ended again and again', async () => {
  const { store, url } = await openTestStore({ logLevel: 'silent' });
  const raw = await openRawClient(url);
  const following = await follow(store, ['A', 'B']);
  const taken = takeAll(following, ['A', 'B'], 150);
  const first = startWriter(url, 'A', 150);
  let second: Promise<unknown> | undefined;
  let ended = 0;
  let over = false;
  const trouble = (async () => {
    while (!over) {
      ended += await terminateListeners(raw);
      if (ended > 1) second ??= startWriter(url, 'B', 150); // however fast the first one is, there is more to come
      await sleep(150);
    }
  })();
  await taken;
  over = true;
  await Promise.all([first, second, trouble]);
});

test('the network is cut again and again, for writers and readers: nothing is lost or out of order', async () => {
  const { url } = await openTestStore({ logLevel: 'silent' });
  const proxy = await openTcpProxy(url);
  const store = await openStore({ databaseUrl: proxy.url, logLevel: 'silent' });
  onTestFinished(() => store.close());
  const following = await follow(store, ['A']);
  const writer = startWriter(proxy.url, 'A', 150);
  let over = false;
  const trouble = (async () => {
    for (let round = 0; !over; round += 1) {
      await sleep(100 + 10 * round); // a busy machine takes longer to come back, and is to come to the end
      if (round % 5 === 4) {
        proxy.close();
        await sleep(200);
        await proxy.reopen(url);
      } else proxy.cut();
    }
  })();
  await takeAll(following, ['A'], 150);
  over = true;
  await trouble;
  await writer;
});

/** As the store writes it: the row, and what is told of it. */
async function writeLate(raw: pg.Client): Promise<void> {
  await raw.query(`INSERT INTO ohlcv_bars (symbol, timeframe, timestamp, open, high, low, close, volume, spread, spread_ratio, volume_ratio)
    VALUES ('LATE', '1m', '2024-01-02', 10, 20, 1, 12, 1, 19, 1, 1)`);
  await raw.query(`INSERT INTO arrivals (xid, kind, symbol, timeframe, first_timestamp, last_timestamp, known_from)
    VALUES (pg_current_xact_id()::text::bigint, 'bar', 'LATE', '1m', '2024-01-02', '2024-01-02', now())`);
}

test('a transaction that commits late delays nobody, and is not lost', async () => {
  const { store, url } = await openTestStore();
  await store.bars.upsert([minuteBar('LATE', 5)]);
  const raw = await openRawClient(url);
  const following = await follow(store, '*');
  // It has an older id than what is committed meanwhile, and its rows are told of before those...
  await raw.query('BEGIN');
  await writeLate(raw);
  for (let minute = 0; minute < 3; minute += 1) await store.bars.upsert([minuteBar('A', minute)]);
  const before = await following.take(3);
  expect(before.map((arrival) => arrival.kind === 'bar' && arrival.bar.symbol)).toEqual(['A', 'A', 'A']);
  // ...and comes when it is committed; also to who goes on from a cursor of the time before.
  await raw.query('COMMIT');
  for (const late of [following, await follow(store, '*', { from: before.at(-1)!.cursor })]) {
    const [arrival] = await late.take(1);
    expect(arrival).toMatchObject({ kind: 'bar', bar: { symbol: 'LATE' } });
  }
});

test.each(['this server', 'another one, which the database was copied from'])(
  'what is older than a day is pruned by who writes; a cursor of before is a typed error, one of after goes on; floor of %s',
  async (origin) => {
    const { store, url } = await openTestStore();
    const raw = await openRawClient(url);
    if (origin !== 'this server')
      await raw.query(`
      UPDATE arrivals SET xid = 9000000000000;
      INSERT INTO arrivals (xid, id, kind, symbol, timeframe, first_timestamp, last_timestamp, known_from) OVERRIDING SYSTEM VALUE
      VALUES (8000000000000, 1, 'bar', 'A', '1m', 'epoch', 'epoch', 'epoch')`);
    const old = await store.feed.cursor();
    await store.bars.upsert([minuteBar('A', 0)]);
    // A cursor of a moment at which other databases of the server have older transactions under way cannot be told from one that is too old.
    const first = await raw.query<{ xid: string }>(
      "SELECT max(xid) AS xid FROM arrivals WHERE kind = 'bar' AND xid < 8000000000000",
    );
    let later = await store.feed.cursor();
    while (BigInt(later.split(':')[0]!) <= BigInt(first.rows[0]!.xid)) {
      await sleep(20);
      later = await store.feed.cursor();
    }
    await store.bars.upsert([minuteBar('A', 1)]);
    await raw.query(
      "UPDATE arrivals SET known_from = known_from - INTERVAL '25 hours' WHERE kind <> 'floor' AND xid = (SELECT min(xid) FROM arrivals WHERE kind <> 'floor')",
    );
    await raw.query('ALTER TABLE arrivals ALTER COLUMN id RESTART WITH 1000');
    await store.bars.upsert([minuteBar('A', 2)]);
    const { rows } = await raw.query(
      "SELECT count(*)::int AS kept FROM arrivals WHERE kind <> 'floor' AND xid < 8000000000000",
    );
    expect(rows[0].kept).toBe(2);
    await expect((await follow(store, ['A'], { from: old })).take(1)).rejects.toMatchObject({
      name: 'FeedGapError',
      code: 'FEED_GAP',
    });
    const taken = await (await follow(store, ['A'], { from: later })).take(2);
    expect(taken.map((arrival) => arrival.kind === 'bar' && arrival.bar.timestamp.getTime() - START)).toEqual([
      60_000, 120_000,
    ]);
  },
);

test('a cursor of another server, and what is no cursor', async () => {
  const { store } = await openTestStore();
  await expect((await follow(store, ['A'], { from: '9000000000000:9000000000000:' })).take(1)).rejects.toMatchObject({
    code: 'FEED_GAP',
  });
  expect(() => store.feed.subscribe(['A'], { from: 'yesterday' })).toThrow(
    expect.objectContaining({ code: 'CURSOR_INVALID' }),
  );
  expect(() => store.feed.subscribe([])).toThrow(expect.objectContaining({ code: 'SUBSCRIPTION_INVALID' }));
  expect(() => store.feed.subscribe(['A'], { kinds: ['news' as never] })).toThrow(
    expect.objectContaining({ code: 'CHOICE_UNKNOWN' }),
  );
});

test('a signal ends it with its reason; closing the store ends it; nobody is left who listens', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  const abort = new AbortController();
  const following = await follow(store, ['A'], { signal: abort.signal });
  const next = following.take(1);
  await sleep(100);
  abort.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
  const iterator = store.feed.subscribe(['A']);
  const last = iterator.next();
  await sleep(100);
  await store.close();
  expect(await last).toEqual({ value: undefined, done: true });
  const others = async () => {
    const { rowCount } = await raw.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
    return rowCount;
  };
  // The server takes a moment to end the process of a connection that is closed.
  await expect.poll(others, { timeout: 30_000 }).toBe(0);
});

test('a network that goes silent under a question holds up neither who stops nor the store', async () => {
  const { url } = await openTestStore();
  const proxy = await openTcpProxy(url);
  const store = await openStore({ databaseUrl: proxy.url, logLevel: 'silent' });
  const abort = new AbortController();
  const stopped = store.feed.subscribe('*', { signal: abort.signal }).next();
  const closed = store.feed.subscribe('*').next();
  await sleep(300);
  proxy.silence();
  // Both ask again after a second.
  await sleep(1_500);
  abort.abort(new Error('enough'));
  await expect(stopped).rejects.toThrow('enough');
  await store.close();
  expect(await closed).toEqual({ value: undefined, done: true });
});

test('a transaction that is under way for long has nobody read again what came since it began', async () => {
  const { url } = await openTestStore();
  const raw = await openRawClient(url);
  const old = await openRawClient(url);
  await old.query('BEGIN; SELECT pg_current_xact_id()');
  await raw.query(`INSERT INTO arrivals (xid, kind, symbol, timeframe, first_timestamp, last_timestamp, known_from)
    SELECT pg_current_xact_id()::text::bigint, 'bar', 'A', '1m', now(), now(), now() FROM generate_series(1, 10000)`);
  await raw.query('ANALYZE arrivals');
  const cursor = await readPresent(raw);
  const returned = async () => {
    await raw.query('SELECT pg_stat_force_next_flush()');
    const { rows } = await raw.query<{ read: number }>(
      `SELECT (seq_tup_read + idx_tup_fetch)::int AS read FROM pg_stat_user_tables WHERE relname = 'arrivals'`,
    );
    return rows[0]!.read;
  };
  const before = await returned();
  expect(await readChanges(raw, cursor, {}, 500)).toMatchObject({ changes: [], full: false });
  expect((await returned()) - before).toBeLessThan(100);
});

test('a consumer that is slow holds a page, not all that comes', async () => {
  const { store } = await openTestStore();
  const following = await follow(store, ['A']);
  await store.bars.upsert(Array.from({ length: 10_000 }, (_, minute) => minuteBar('A', minute)));
  const first = await following.take(1);
  for (let close = 11; close <= 15; close += 1) await store.bars.upsert([minuteBar('A', 9_999, close)]);
  const rest = await following.take(9_999);
  expect(first.concat(rest).map((arrival) => arrival.kind === 'bar' && arrival.bar.timestamp.getTime())).toEqual(
    Array.from({ length: 10_000 }, (_, minute) => START + minute * 60_000),
  );
  // Of five corrections it sees the last one.
  expect(rest.at(-1)).toMatchObject({ corrected: true, bar: { close: expect.objectContaining({ d: [15] }) } });
});
