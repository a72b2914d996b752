import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { FeedEvent } from '../../src/ingest/adapters/adapter.js';
import { BinanceLive } from '../../src/ingest/adapters/binance/live.js';
import type { BinanceLiveOptions } from '../../src/ingest/adapters/binance/live-options.js';
import type { BinanceObserver } from '../../src/ingest/adapters/binance/observer.js';
import { ExchangeServer } from '../setup/exchange-server.js';
import { type ExpectedBook, SimulatedMarket } from '../setup/simulated-market.js';

interface Listening {
  readonly events: FeedEvent[];
  readonly told: string[];
  readonly live: BinanceLive;
  readonly stop: () => Promise<void>;
}

/** A live feed that is listened to; what it tells stands in `told`. */
function listenTo(server: ExchangeServer, options: Partial<BinanceLiveOptions> = {}): Listening {
  const told: string[] = [];
  const names = ['missedTrades', 'bookSynced', 'bookLost', 'connected', 'disconnected', 'badMessage', 'snapshotFailed'];
  const observer = Object.fromEntries(
    names.map((name) => [
      name,
      (event: { reason?: string; first?: number; last?: number }) =>
        told.push(
          name === 'bookLost'
            ? `${name} ${event.reason}`
            : name === 'missedTrades'
              ? `${name} ${event.first}-${event.last}`
              : name,
        ),
    ]),
  ) as BinanceObserver;
  const live = new BinanceLive({
    url: server.url,
    snapshot: server.snapshotUrl,
    reconnect: { initialDelay: 5, maxDelay: 40 },
    observer,
    ...options,
  });
  const stopping = new AbortController();
  const events: FeedEvent[] = [];
  const done = (async () => {
    for await (const event of live.events({ signal: stopping.signal })) events.push(event);
  })();
  const stop = () => {
    stopping.abort();
    return done;
  };
  onTestFinished(() => stop().catch(() => {}));
  return { events, told, live, stop };
}

const booksOf = (events: readonly FeedEvent[]): ExpectedBook[] =>
  events
    .flatMap(({ kind, row }) => (kind === 'orderBook' ? [row as unknown as ExpectedBook] : []))
    .map(({ timestamp, bids, asks }) => ({ timestamp, bids, asks }));
const tradesOf = (events: readonly FeedEvent[]) =>
  events.flatMap(({ kind, row }) => (kind === 'trade' ? [row.tradeId] : []));

/** Every book that came is one that the market had, and the newest one has come. */
function expectTrueBooks(events: readonly FeedEvent[], market: SimulatedMarket): void {
  const had = new Map(market.books.map((book) => [book.timestamp, book]));
  for (const book of booksOf(events)) expect(book).toEqual(had.get(book.timestamp));
  expect(booksOf(events).at(-1)).toEqual(market.books.at(-1));
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 5 });

interface Following {
  readonly server: ExchangeServer;
  readonly market: SimulatedMarket;
  readonly events: FeedEvent[];
}

/** Goes on with the market until its newest book has come. */
async function follow({ server, market, events }: Following) {
  const isThere = () => booksOf(events).at(-1)?.timestamp === market.books.at(-1)!.timestamp;
  for (let attempt = 0; attempt < 500 && !isThere(); attempt += 1) {
    server.send(market.run(3));
    await vi.waitFor(() => expect(isThere()).toBe(true), { timeout: 20, interval: 2 }).catch(() => {});
  }
  expectTrueBooks(events, market);
}

async function openMarket(spot = false, autoPong = true) {
  const server = await ExchangeServer.open({ autoPong });
  const market = new SimulatedMarket({ spot, seed: 7 });
  server.reply = () => market.snapshot();
  return { server, market };
}

describe.each([
  ['futures', false],
  ['spot', true],
])('a live stream of %s', (_, spot) => {
  it('gives trades, quotes, and the book once a snapshot has come, message for message', async () => {
    const { server, market } = await openMarket(spot);
    let answer!: (snapshot: object) => void;
    const early = new SimulatedMarket({ spot, seed: 7 });
    early.run(150);
    server.reply = () => new Promise((resolve) => (answer = resolve));
    const { events, live, told, stop } = listenTo(server);
    await until(() => expect(live.stats.connected).toBe(true));
    server.send(market.run(300));
    await until(() => expect(tradesOf(events)).toHaveLength(market.trades.length));
    expect(booksOf(events)).toEqual([]);
    await until(() => expect(server.asked).toHaveLength(1));
    // The snapshot is of a moment in the middle of what has come already.
    answer(early.snapshot());
    // Of futures, the message that the snapshot ends with is the first of the book.
    const missing = early.books.length - (spot ? 0 : 1);
    await until(() => expect(booksOf(events)).toEqual(market.books.slice(missing)));
    server.send(market.run(100));
    await until(() => expect(booksOf(events)).toEqual(market.books.slice(missing)));
    expect(events.filter(({ kind }) => kind === 'quote')).toHaveLength(market.quotes);
    expect(tradesOf(events)).toEqual(market.trades.map(({ id }) => id));
    expect(server.asked).toEqual(['SIMUSDT']);
    await stop();
    expect(told).toEqual(['connected', 'bookSynced']);
    expect(live.stats).toEqual({
      ...{ messages: 400, ignored: 0, missedTrades: 0, syncs: 1, gaps: 0 },
      ...{ connected: false, reconnects: 0, badMessages: 0, snapshotFailures: 0 },
    });
  });

  it('gives no book behind a gap until there is another snapshot', async () => {
    const { server, market } = await openMarket(spot);
    const { events, live } = listenTo(server);
    await until(() => expect(live.stats.connected).toBe(true));
    server.send(market.run(50));
    await follow({ server, market, events });
    for (let gap = 1; gap <= 5; gap += 1) {
      while (!market.step()[0]!.includes('depthUpdate'));
      server.send(market.run(50));
      await until(() => expect(live.stats.gaps).toBe(gap));
      await follow({ server, market, events });
      expect(live.stats.syncs).toBe(gap + 1);
    }
    expect(live.stats).toMatchObject({ gaps: 5, reconnects: 0 });
  });

  it('takes a newer snapshot where the first is older than what it was told', async () => {
    const { server, market } = await openMarket(spot);
    const old = market.snapshot();
    market.run(100);
    server.reply = () => (server.asked.length < 3 ? old : market.snapshot());
    const { events, told, live } = listenTo(server);
    await until(() => expect(live.stats.connected).toBe(true));
    server.send(market.run(50));
    await until(() => expect(server.asked).toHaveLength(3));
    server.send(market.run(50));
    await until(() => expectTrueBooks(events, market));
    expect(told.filter((name) => name !== 'connected')).toEqual([
      'bookLost old-snapshot',
      'bookLost old-snapshot',
      'bookSynced',
    ]);
    expect(live.stats.gaps).toBe(0);
  });
});

it('comes back from every cut with a true book, and says which trades it missed', async () => {
  const { server, market } = await openMarket();
  const { events, told, live } = listenTo(server);
  let missed = 0;
  for (let round = 0; round < 6; round += 1) {
    await until(() => expect(live.stats).toMatchObject({ connected: true, reconnects: round }));
    server.send(market.run(60));
    await until(() => expectTrueBooks(events, market));
    server.drop();
    await until(() => expect(told.filter((name) => name === 'disconnected')).toHaveLength(round + 1));
    if (round === 5) break;
    const before = market.trades.length;
    market.run(30);
    missed += market.trades.length - before;
  }
  expect(missed).toBeGreaterThan(0);
  expect(live.stats).toMatchObject({ missedTrades: missed, syncs: 6, gaps: 0 });
  expect(new Set(tradesOf(events)).size).toBe(market.trades.length - missed);
  expect(told.filter((name) => name.startsWith('missedTrades'))).toHaveLength(5);
});

it('waits longer and longer for a server that is away, and finds it when it comes', async () => {
  const { server, market } = await openMarket();
  const pauses: number[] = [];
  server.onConnection = (socket) => {
    if (server.connections <= 8) socket.terminate();
  };
  const { live, events } = listenTo(server, {
    reconnect: { initialDelay: 10, maxDelay: 160 },
    observer: { disconnected: ({ retryIn }) => pauses.push(retryIn) },
  });
  await until(() => expect(server.connections).toBe(9));
  await until(() => expect(live.stats.connected).toBe(true));
  server.send(market.run(30));
  await until(() => expectTrueBooks(events, market));
  expect(pauses).toHaveLength(8);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(160);
  expect(Math.max(...pauses.slice(4))).toBeGreaterThan(pauses[0]!);
});

it('takes a server that answers nothing any more for dead', async () => {
  const { server, market } = await openMarket(false, false);
  const errors: (string | undefined)[] = [];
  const { live } = listenTo(server, {
    silence: 1_000,
    observer: { disconnected: ({ code, error }) => errors.push(`${code} ${error?.message.replace(/\d+ ms/, 'x ms')}`) },
  });
  await until(() => expect(live.stats.connected).toBe(true));
  server.send(market.run(10));
  await until(() => expect(live.stats.reconnects).toBeGreaterThan(1));
  expect(new Set(errors)).toEqual(new Set(['1006 nothing was heard for x ms']));
});

it('keeps a connection on which nobody trades while pings are answered', async () => {
  const { server, market } = await openMarket();
  const { live, events } = listenTo(server, { silence: 1_500 });
  await until(() => expect(live.stats.connected).toBe(true));
  await sleep(2_500);
  server.send(market.run(20));
  await until(() => expect(tradesOf(events)).toHaveLength(market.trades.length));
  expect(live.stats.reconnects).toBe(0);
});

it('leaves out what it cannot read, and goes on', async () => {
  const { server, market } = await openMarket();
  const { events, live, told } = listenTo(server);
  await until(() => expect(live.stats.connected).toBe(true));
  const bad = [
    ...['{', '[]', '""', 'null', '{"stream":1,"data":{}}', '{"stream":"x@trade","data":{"e":"trade"}}'],
    '{"e":"trade","s":"A","t":1,"p":"1e5","q":"1","T":1,"m":true}',
    '{"e":"depthUpdate","s":"SIMUSDT","U":1,"u":1,"pu":0,"E":1,"b":[["1.123456789","1"]],"a":[]}',
  ];
  const ignored = ['{"result":null,"id":1}', '{"stream":"a@kline_1m","data":{"e":"kline"}}'];
  for (let index = 0; index < 10; index += 1) server.send([...market.run(10), ...bad, ...ignored]);
  await until(() => expectTrueBooks(events, market));
  await until(() => expect(live.stats).toMatchObject({ badMessages: 80, ignored: 20, gaps: 0, reconnects: 0 }));
  expect(told.filter((name) => name === 'badMessage')).toHaveLength(80);
  expect(tradesOf(events)).toEqual(market.trades.map(({ id }) => id));
});

it('asks again for a snapshot that it does not get', async () => {
  const { server, market } = await openMarket();
  server.reply = () =>
    server.asked.length < 4 ? [500, 429, { code: -1121 }][server.asked.length - 1]! : market.snapshot();
  const { events, live, told } = listenTo(server);
  await until(() => expect(live.stats.connected).toBe(true));
  server.send(market.run(50));
  await until(() => expect(live.stats.syncs + server.asked.length).toBeGreaterThanOrEqual(4));
  server.send(market.run(50));
  await until(() => expectTrueBooks(events, market));
  expect(live.stats.snapshotFailures).toBe(3);
  expect(told.filter((name) => name === 'snapshotFailed')).toHaveLength(3);
});

it('takes snapshots from a function', async () => {
  const { server, market } = await openMarket();
  const { events, live } = listenTo(server, {
    snapshot: async (symbol) => (symbol === 'SIMUSDT' ? market.snapshot() : {}),
  });
  await until(() => expect(live.stats.connected).toBe(true));
  server.send(market.run(20));
  await until(() => expect(live.stats.connected).toBe(true));
  server.send(market.run(20));
  await until(() => expectTrueBooks(events, market));
  expect(server.asked).toEqual([]);
});

it('connects again, and ends, where a function that answers snapshots never does', async () => {
  const { server, market } = await openMarket();
  let asked = 0;
  const snapshot = () => {
    asked += 1;
    return new Promise(() => {});
  };
  const { events, live, stop } = listenTo(server, { snapshot });
  await until(() => expect(live.stats.connected).toBe(true));
  server.send(market.run(20));
  await until(() => expect(asked).toBe(1));
  server.drop();
  await until(() => expect(live.stats).toMatchObject({ connected: true, reconnects: 1 }));
  server.send(market.run(20));
  await until(() => expect(tradesOf(events)).toContain(market.trades.at(-1)!.id));
  await stop();
});

it('fails where diffs come and nobody said where snapshots are', async () => {
  const { server, market } = await openMarket();
  const live = new BinanceLive({ url: server.url });
  server.onConnection = (socket) => market.run(30).forEach((message) => void socket.send(message));
  const reading = (async () => {
    for await (const _ of live.events());
  })();
  await expect(reading).rejects.toMatchObject({ code: 'SNAPSHOT_SOURCE_MISSING' });
});

it('lets the connection wait for a slow reader, and loses nothing', async () => {
  const { server, market } = await openMarket();
  const messages = market.run(20_000);
  server.onConnection = async (socket) => {
    for (let sent = 0; sent < messages.length; sent += 500) {
      for (const message of messages.slice(sent, sent + 500)) socket.send(message);
      await sleep(1);
    }
  };
  const { url, snapshotUrl: snapshot } = server;
  const live = new BinanceLive({ url, snapshot, silence: 1_000, reconnect: { initialDelay: 5, maxDelay: 40 } });
  let trades = 0;
  const stop = new AbortController();
  for await (const { kind } of live.events({ signal: stop.signal })) {
    if (kind !== 'trade') continue;
    if (trades === 0) {
      // Longer than a silence, until nothing moves any more.
      let before = -1;
      while (live.stats.messages !== before) {
        before = live.stats.messages;
        await sleep(1_500);
      }
      expect(before).toBeGreaterThan(1_000);
      expect(before).toBeLessThan(10_000);
    }
    trades += 1;
    if (trades === market.trades.length) stop.abort();
  }
  expect(trades).toBe(market.trades.length);
  expect(live.stats).toMatchObject({ reconnects: 0, missedTrades: 0 });
});

it('ends at once when it is told to, in each state', async () => {
  const { server, market } = await openMarket();
  await listenTo(server).stop();
  const connected = listenTo(server);
  await until(() => expect(connected.live.stats.connected).toBe(true));
  server.reply = () => new Promise(() => {});
  server.send(market.run(20));
  await until(() => expect(server.asked.length).toBeGreaterThan(0));
  await connected.stop();
  const away = listenTo(server, { url: 'ws://127.0.0.1:1/', reconnect: { initialDelay: 60_000, maxDelay: 60_000 } });
  await until(() => expect(away.told).toEqual(['disconnected']));
  await away.stop();
  const left = new BinanceLive({ url: server.url, snapshot: server.snapshotUrl });
  server.onConnection = (socket) => market.run(20).forEach((message) => void socket.send(message));
  for await (const _ of left.events()) break;
  expect(left.stats.connected).toBe(false);
});

it.each([
  [{ url: 'http://x/' }, 'URL_INVALID url'],
  [{ url: '' }, 'URL_INVALID url'],
  [{ snapshot: 'ws://x/' }, 'URL_INVALID snapshot'],
  [{ levels: 0 }, 'NUMBER_OUT_OF_RANGE levels'],
  [{ bookInterval: -1 }, 'NUMBER_OUT_OF_RANGE bookInterval'],
  [{ silence: 0 }, 'NUMBER_OUT_OF_RANGE silence'],
  [{ reconnect: { initialDelay: 50, maxDelay: 40 } }, 'NUMBER_OUT_OF_RANGE reconnect.maxDelay'],
])('refuses %o', (options, expected) => {
  const refused = (() => {
    try {
      return new BinanceLive({ url: 'wss://x/', ...options });
    } catch (error) {
      return (error as { problems: { code: string; path: string }[] }).problems.map(
        ({ code, path }) => `${code} ${path}`,
      );
    }
  })();
  expect(refused).toEqual([expected]);
});

it('refuses what are no options', () => {
  const none = undefined as unknown as BinanceLiveOptions;
  expect(() => new BinanceLive(none)).toThrow(expect.objectContaining({ code: 'OBJECT_EXPECTED' }));
});
