import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import {
  BarBuilder,
  BinanceLive,
  BinanceRecording,
  type FeedAdapter,
  type FeedEvent,
  type IngestFeedReport,
  ingestFeed,
  type Store,
  type TradeBar,
  type WyckoffError,
} from '../../src/index.js';
import { ExchangeServer } from '../setup/exchange-server.js';
import { openIngest, temporaryDirectory } from '../setup/ingest.js';
import { openRawClient } from '../setup/raw-client.js';
import { SimulatedMarket } from '../setup/simulated-market.js';

const SYMBOL = 'SIMUSDT';
const T = 1_704_205_800_000_000n; // 2024-01-02T14:30:00Z

/** All rows of the four tables, without the instants at which the store learned of them. */
async function contentOf(store: Store) {
  const key = { symbol: SYMBOL };
  const [trades, quotes, books, bars] = await Promise.all([
    store.trades.range(key),
    store.quotes.range(key),
    store.orderBooks.range(key),
    store.bars.range({ ...key, timeframe: '1m' }),
  ]);
  const plain = (rows: readonly object[]) => rows.map((row) => ({ ...row, createdAt: undefined }) as object);
  return { trades: plain(trades), quotes: plain(quotes), books: plain(books), bars: plain(bars) };
}

/** One after the other; the last step may wait for the signal. */
function adapterOf(...steps: (FeedEvent | (() => unknown))[]): FeedAdapter {
  return {
    async *events() {
      for (const step of steps) {
        if (typeof step === 'function') await step();
        else yield step;
      }
    },
  };
}

const trade = (at: bigint, tradeId: number, change: object = {}): FeedEvent => ({
  kind: 'trade',
  row: { symbol: SYMBOL, timestamp: T + at, tradeId, price: '10', size: '1.5', ...change },
});
const quote = (at: bigint, bidPrice: string): FeedEvent => ({
  kind: 'quote',
  row: { symbol: SYMBOL, timestamp: T + at, bidPrice, bidSize: '1', askPrice: '11', askSize: '1' },
});
const MINUTE = 60_000_000n;

test('a live stream leaves the same rows as its recording, from the socket to the tables', async () => {
  const market = new SimulatedMarket({ seed: 11 });
  const early = new SimulatedMarket({ seed: 11 });
  early.run(70);
  const messages = market.run(1_800);
  const snapshot = early.snapshot();

  const recorded = await openIngest({ durability: 'memory', interval: 50 });
  const path = join(recorded.directory, 'recording.txt');
  const lines = messages.toSpliced(90, 0, JSON.stringify(snapshot));
  await writeFile(path, lines.map((line, index) => `${1_704_205_800_000_000_000n + BigInt(index)} ${line}\n`).join(''));
  const bars = () => new BarBuilder({ from: T });
  const fromFile = await ingestFeed(recorded.store.ingest, new BinanceRecording({ path }), {
    bars: bars(),
    volumeScale: 3,
  });

  const server = await ExchangeServer.open();
  server.reply = () => snapshot;
  server.onConnection = async (socket) => {
    for (let sent = 0; sent < messages.length; sent += 100) {
      for (const message of messages.slice(sent, sent + 100)) socket.send(message);
      await sleep(1);
    }
  };
  const live = new BinanceLive({ url: server.url, snapshot: server.snapshotUrl });
  const taken = await openIngest({ durability: 'spool', interval: 50 });
  const stop = new AbortController();
  const feeding = ingestFeed(taken.store.ingest, live, { bars: bars(), volumeScale: 3, signal: stop.signal });
  const { trades, quotes, orderBooks, bars: made } = fromFile;
  const all = { accepted: trades + quotes + orderBooks + made };
  await vi.waitFor(() => expect(taken.store.ingest.stats).toMatchObject(all), { timeout: 120_000 });
  expect(live.stats).toMatchObject({ messages: messages.length, syncs: 1 });
  stop.abort();
  const fromSocket = await feeding;

  for (const { store } of [recorded, taken]) {
    await store.ingest.flush();
    expect(store.ingest.stats).toMatchObject({ deadLetters: 0, queued: 0 });
  }
  const [expected, found] = [await contentOf(recorded.store), await contentOf(taken.store)];
  expect(text(found)).toEqual(text(expected));
  const report: IngestFeedReport = {
    ...{ trades: market.trades.length, quotes: market.quotes, bars: expected.bars.length, refused: 0 },
    orderBooks: market.books.length - early.books.length + 1,
  };
  expect([fromFile, fromSocket]).toEqual([report, report]);

  // And they are what the market had.
  const content = { trades: found.trades.length, quotes: found.quotes.length, books: found.books.length };
  expect(content).toEqual({ trades: report.trades, quotes: report.quotes, books: report.orderBooks });
  expect(
    found.trades.map((row) => text(Object.values(pick(row, ['tradeId', 'timestamp', 'price', 'size', 'side'])))),
  ).toEqual(
    market.trades.map(({ id, timestamp, price, size, side }) =>
      text([`${id}`, timestamp, String(Number(price)), String(Number(size)), side]),
    ),
  );
  expect(found.books.map((row) => text(pick(row, ['timestamp', 'bids', 'asks'])))).toEqual(
    market.books.slice(early.books.length - 1).map((book) => text(book)),
  );
  const ofTrades = await taken.store.trades.bars({ symbol: SYMBOL, interval: '1m', at: market.time - 2_000_000n });
  expect(ofTrades.length).toBeGreaterThan(3);
  const own = ['timestamp', 'open', 'high', 'low', 'close', 'volume', 'vwap'];
  expect(found.bars.map((bar) => text(pick(bar, own)))).toEqual(ofTrades.map((bar) => text(pick(bar, own))));
});

/** Decimals and instants as text: to compare the objects takes half a minute. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}` : each));
}

function pick(row: object, names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, (row as Record<string, unknown>)[name]]));
}

test.each(['memory', 'database'] as const)('at %s, a row that is refused costs no other', async (durability) => {
  const { store } = await openIngest({ durability, interval: 10 });
  await store.trades.upsert([{ symbol: SYMBOL, timestamp: T, tradeId: 1, price: '9', size: '1' }]);
  const refused: string[] = [];
  const adapter = adapterOf(
    ...[trade(0n, 1), trade(1n, 2), trade(2n, 3, { size: '0' }), quote(1n, '10'), quote(2n, '12'), quote(3n, '10')],
  );
  const report = await ingestFeed(store.ingest, adapter, { onRefused: ({ code }) => refused.push(code) });
  await store.ingest.flush();
  expect((await store.trades.range({ symbol: SYMBOL })).map(({ tradeId, price }) => `${tradeId} ${price}`)).toEqual([
    '1 9',
    '2 10',
  ]);
  expect((await store.quotes.range({ symbol: SYMBOL })).map(({ timestamp }) => timestamp - T)).toEqual([1n, 3n]);
  // The trade that is stored with another price: at memory the dead letters alone know of it.
  const conflicts = durability === 'database' ? 1 : 0;
  expect(report).toEqual({ trades: 2 - conflicts, quotes: 2, orderBooks: 0, bars: 0, refused: 2 + conflicts });
  expect(refused.sort()).toEqual(['QUOTE_CROSSED', ...(conflicts ? ['ROWS_NOT_WRITTEN'] : []), 'SIZE_NOT_POSITIVE']);
  expect(store.ingest.stats.deadLetters).toBe(1);
});

test('bars come of the trades, and quotes alone let a minute end', async () => {
  const { store } = await openIngest({ durability: 'memory' });
  const heard: string[] = [];
  const adapter = adapterOf(
    ...[trade(0n, 1), trade(MINUTE - 1n, 2, { price: '12' }), quote(MINUTE + 2_000_000n, '10')],
    // What comes later still corrects it.
    () => store.ingest.flush(),
    trade(30_000_000n, 3, { price: '15' }),
  );
  const report = await ingestFeed(store.ingest, adapter, {
    bars: new BarBuilder({ intervals: ['1s', '1m'] }),
    volumeScale: (symbol) => (symbol === SYMBOL ? 1 : 0),
    source: 'live',
    onBars: (bars: readonly TradeBar[]) => heard.push(...bars.map(({ interval, high }) => `${interval} ${high}`)),
  });
  await store.ingest.flush();
  expect(report).toMatchObject({ trades: 3, quotes: 1, bars: 2 });
  expect(heard).toEqual(['1s 10', '1s 12', '1m 12', '1s 15', '1m 15']);
  const stored = await store.bars.range({ symbol: SYMBOL, timeframe: '1m' });
  expect(stored.map(({ high, volume, source }) => `${high} ${volume} ${source}`)).toEqual(['15 4.5 live']);
  expect((await store.bars.revisions({ symbol: SYMBOL, timeframe: '1m' })).map(({ high }) => `${high}`)).toEqual([
    '12',
  ]);
});

test('an ingest that has no room makes the adapter wait', async () => {
  for (const whenFull of ['block', 'reject'] as const) {
    const { store, url } = await openIngest({
      durability: 'memory',
      whenFull,
      queueSize: 1_000,
      batchSize: 500,
      interval: 1,
    });
    const client = await openRawClient(url);
    await client.query('BEGIN; LOCK TABLE trades IN EXCLUSIVE MODE');
    let given = 0;
    const adapter: FeedAdapter = {
      async *events() {
        for (; given < 20_000; given += 1) {
          yield trade(BigInt(given), given);
          if (given % 100 === 0) yield quote(BigInt(given), '12');
        }
      },
    };
    const done = ingestFeed(store.ingest, adapter);
    let before = -1;
    while (given !== before || given === 0) {
      before = given;
      await sleep(300);
    }
    expect(given).toBeLessThan(10_000);
    await client.query('COMMIT');
    expect(await done).toMatchObject({ trades: 20_000, quotes: 0, refused: 200 });
    await store.ingest.flush();
    expect((await client.query('SELECT count(*)::int AS count FROM trades')).rows).toEqual([{ count: 20_000 }]);
  }
});

test('what came before an adapter fails is added, and the failure is told', async () => {
  const { store } = await openIngest({ durability: 'memory' });
  const adapter = adapterOf(trade(0n, 1), trade(1n, 2), () => {
    throw new Error('the cable is out');
  });
  await expect(ingestFeed(store.ingest, adapter)).rejects.toThrow('the cable is out');
  await store.ingest.flush();
  expect(await store.trades.range({ symbol: SYMBOL })).toHaveLength(2);
});

test('ends when it is told to, and when the ingest is closed', async () => {
  const { store } = await openIngest({ durability: 'memory' });
  const endless: FeedAdapter = {
    async *events({ signal } = {}) {
      for (let id = 0; !signal?.aborted; id += 1) {
        yield trade(BigInt(id), id);
        await sleep(1);
      }
    },
  };
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 100);
  const { trades } = await ingestFeed(store.ingest, endless, { signal: stop.signal });
  await store.ingest.flush();
  expect(await store.trades.range({ symbol: SYMBOL })).toHaveLength(trades);
  const feeding = ingestFeed(store.ingest, endless).catch((error: WyckoffError) => error.code);
  await store.ingest.close();
  expect(await feeding).toBe('INGEST_CLOSED');
});

test('a recording that breaks off names its file and line, and leaves what came before', async () => {
  const { store } = await openIngest({ durability: 'memory' });
  const path = join(await temporaryDirectory(), 'broken.txt');
  const messages = new SimulatedMarket().run(50);
  await writeFile(path, `${[...messages, '{"stream":'].join('\n')}\n`);
  const failure = await ingestFeed(store.ingest, new BinanceRecording({ path })).catch((error) => error);
  expect(failure.code).toBe('MESSAGE_NOT_JSON');
  expect(failure.message).toBe(`invalid recording ${path}: line 51: "{\\"stream\\":": not JSON`);
  await store.ingest.flush();
  expect((await store.trades.range({ symbol: SYMBOL })).length).toBeGreaterThan(0);
});
