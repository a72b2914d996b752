import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { BarBuilder, BinanceRecording, ingestFeed } from '../../src/index.js';
import { openIngest } from '../setup/ingest.js';
import { hasSharedData, sharedFile } from '../setup/shared-data.js';

const FILE = sharedFile('book/binance_usdm_btcusdt_20240808_ws.gz');
const key = { symbol: 'BTCUSDT' };

type Levels = [string, string][];

interface Diff {
  readonly u: number;
  readonly T: number;
  readonly b: Levels;
  readonly a: Levels;
}

interface Ticker {
  readonly u: number;
  readonly b: string;
  readonly B: string;
  readonly a: string;
  readonly A: string;
}

interface RawTrade {
  readonly t: number;
  readonly p: string;
  readonly q: string;
}

/** The file by a reader of its own: every line, unpacked by another program. */
function rawMessages() {
  const text = execFileSync('gzip', ['-dc', FILE], { maxBuffer: 1 << 28, encoding: 'utf8' });
  const all: { e?: string; lastUpdateId?: number; bids: Levels; asks: Levels }[] = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line.slice(20)))
    .map((json) => json.data ?? json);
  const of = (kind: string) => all.filter(({ e }) => e === kind) as unknown[];
  return {
    count: all.length,
    snapshot: all.find(({ lastUpdateId }) => lastUpdateId !== undefined)!,
    diffs: of('depthUpdate') as Diff[],
    tickers: of('bookTicker') as Ticker[],
    trades: of('trade') as RawTrade[],
  };
}

const plain = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

/** The sides of the book behind every diff from the snapshot on, by plain maps of the texts. */
function* referenceBooks({ snapshot, diffs }: ReturnType<typeof rawMessages>) {
  const sides = { b: new Map(snapshot.bids), a: new Map(snapshot.asks) };
  for (const diff of diffs) {
    if (diff.u < snapshot.lastUpdateId!) continue;
    for (const name of ['a', 'b'] as const)
      for (const [price, size] of diff[name]) {
        if (Number(size) === 0) sides[name].delete(price);
        else sides[name].set(price, size);
      }
    yield { diff, sides };
  }
}

function top(side: Map<string, string>, sign: number): Levels {
  return [...side]
    .sort(([a], [b]) => (Number(a) - Number(b)) * sign)
    .slice(0, 20)
    .map(([price, size]) => [plain(price), plain(size)]);
}

test.runIf(hasSharedData)('every book of a recording is the one of the exchange', async () => {
  const messages = rawMessages();
  const expected: string[] = [];
  let [next, agreed] = [0, 0];
  for (const { diff, sides } of referenceBooks(messages)) {
    const timestamp = diff.T * 1000;
    // To sort all of them takes minutes.
    const whole = expected.length % 20 === 0;
    expected.push(whole ? JSON.stringify([timestamp, top(sides.b, -1), top(sides.a, 1)]) : `${timestamp}`);
    // What the exchange itself says the best levels are at this update.
    while (next < messages.tickers.length && messages.tickers[next]!.u < diff.u) next += 1;
    const ticker = messages.tickers[next];
    if (ticker?.u !== diff.u) continue;
    expect(sides.b.get(ticker.b)).toBe(ticker.B);
    expect(sides.a.get(ticker.a)).toBe(ticker.A);
    agreed += 1;
  }
  expect(agreed).toBeGreaterThan(500);

  const found: string[] = [];
  const recording = new BinanceRecording({ path: FILE });
  for await (const { kind, row } of recording.events()) {
    if (kind !== 'orderBook') continue;
    const timestamp = Number(row.timestamp as bigint);
    found.push(found.length % 20 === 0 ? JSON.stringify([timestamp, row.bids, row.asks]) : `${timestamp}`);
  }
  expect(found).toEqual(expected);
  expect(recording.stats).toEqual({ messages: messages.count, ignored: 0, missedTrades: 0, syncs: 1, gaps: 0 });
});

test.runIf(hasSharedData)('its trades, quotes and bars are in the tables', async () => {
  const { trades, tickers } = rawMessages();
  const { store } = await openIngest({ durability: 'memory', interval: 100 });
  const from = new Date('2024-08-08T23:55:00Z');
  const bars = new BarBuilder({ intervals: ['1s', '1m'], from });
  const seconds: string[] = [];
  const report = await ingestFeed(store.ingest, new BinanceRecording({ path: FILE, bookInterval: 1_000 }), {
    bars,
    volumeScale: 3,
    onBars: (all) => seconds.push(...all.filter(({ interval }) => interval === '1s').map((bar) => JSON.stringify(bar))),
  });
  await store.ingest.flush();
  expect(report).toMatchObject({ trades: trades.length, quotes: tickers.length, refused: 0 });
  expect(store.ingest.stats.deadLetters).toBe(0);
  const stored = await store.trades.range(key);
  expect(stored.map(({ tradeId, price, size }) => `${tradeId} ${price} ${size}`)).toEqual(
    trades.map(({ t, p, q }) => `${t} ${plain(p)} ${plain(q)}`),
  );
  const minutes = await store.trades.bars({ ...key, interval: '1m', from });
  const kept = await store.bars.range({ ...key, timeframe: '1m' });
  const values = ({ timestamp, open, high, low, close, volume, vwap }: (typeof minutes)[number]) =>
    `${timestamp.toISOString()} ${open} ${high} ${low} ${close} ${volume} ${vwap}`;
  // The last minute is not over when the recording ends.
  expect(kept.map((bar) => values(bar as never))).toEqual(minutes.slice(0, -1).map(values));
  const all = await store.trades.bars({ ...key, interval: '1s', from });
  expect(seconds).toEqual(all.slice(0, seconds.length).map((bar) => JSON.stringify(bar)));
  expect(all.length - seconds.length).toBeLessThanOrEqual(3);
});
