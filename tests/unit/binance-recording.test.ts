import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeedEvent } from '../../src/ingest/adapters/adapter.js';
import { BinanceRecording, type BinanceRecordingOptions } from '../../src/ingest/adapters/binance/recording.js';
import { SimulatedMarket } from '../setup/simulated-market.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wyckoff-recording-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function fileOf(name: string, content: string | Buffer): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

async function readAll(
  options: BinanceRecordingOptions,
): Promise<{ events: FeedEvent[]; error?: Error & { code: string; problems: { line?: number }[] } }> {
  const events: FeedEvent[] = [];
  try {
    for await (const event of new BinanceRecording(options).events()) events.push(event);
  } catch (error) {
    return { events, error: error as never };
  }
  return { events };
}

const booksOf = (events: readonly FeedEvent[]) =>
  events.flatMap(({ kind, row }) => (kind === 'orderBook' ? [row] : []));

/** A market whose snapshot is taken at its start, and lies behind some messages in the file. */
function recorded(seed: number, steps = 300) {
  const market = new SimulatedMarket({ seed });
  const snapshot = JSON.stringify(market.snapshot());
  const messages = market.run(steps);
  return { market, lines: messages.toSpliced(20, 0, snapshot) };
}

describe('a recording', () => {
  it('is the same packed or not, with times or without, with CRLF, blank lines, and no end of the last line', async () => {
    const { market, lines } = recorded(1);
    const files = [
      await fileOf('a.txt', `${lines.join('\n')}\n`),
      await fileOf('b.txt', lines.join('\r\n\r\n')),
      await fileOf('c.gz', gzipSync(lines.map((line) => `1723161255030314667 ${line}\n`).join(''))),
      // Two members, as `cat a.gz b.gz` makes.
      await fileOf(
        'd.bin',
        Buffer.concat([gzipSync(`${lines.slice(0, 9).join('\n')}\n`), gzipSync(lines.slice(9).join('\n'))]),
      ),
    ];
    for (const path of files) {
      const { events } = await readAll({ path });
      expect(booksOf(events)).toEqual(market.books.map((book) => ({ symbol: 'SIMUSDT', ...book })));
      const trades = events.flatMap(({ kind, row }) => (kind === 'trade' ? [row] : []));
      expect(trades).toEqual(
        market.trades.map(({ id, timestamp, ...values }) => ({ symbol: 'SIMUSDT', tradeId: id, timestamp, ...values })),
      );
      expect(events.filter(({ kind }) => kind === 'quote')).toHaveLength(market.quotes);
    }
  });

  it('may have its snapshot in front, and is read anew each time', async () => {
    const { market, lines } = recorded(2);
    const path = await fileOf('front.txt', [lines[20], ...lines.toSpliced(20, 1)].join('\n'));
    const recording = new BinanceRecording({ path });
    for (let time = 0; time < 2; time += 1) {
      const events: FeedEvent[] = [];
      for await (const event of recording.events()) events.push(event);
      expect(booksOf(events)).toHaveLength(market.books.length);
      expect(recording.stats).toEqual({ messages: 301, ignored: 0, missedTrades: 0, syncs: 1, gaps: 0 });
    }
  });

  it('gives books no more often than was asked for, with as many levels', async () => {
    const { market, lines } = recorded(3);
    const path = await fileOf('rare.txt', lines.join('\n'));
    const { events } = await readAll({ path, levels: 2, bookInterval: 5_000 });
    const expected: object[] = [];
    let next = 0n;
    for (const { timestamp, bids, asks } of market.books) {
      if (timestamp < next) continue;
      next = timestamp + 5_000_000n;
      expected.push({ symbol: 'SIMUSDT', timestamp, bids: bids.slice(0, 2), asks: asks.slice(0, 2) });
    }
    expect(booksOf(events)).toEqual(expected);
  });

  it('gives no book behind a gap until the next snapshot, and says what is missing', async () => {
    const { market, lines } = recorded(4);
    const later = JSON.stringify(market.snapshot());
    const more = market.run(100);
    const gap = lines.findIndex((line, index) => index > 100 && line.includes('depthUpdate'));
    const trade = lines.findIndex((line, index) => index > 150 && line.includes('"trade"'));
    const left = lines.filter((_, index) => index !== gap && index !== trade);
    const told: string[] = [];
    const path = await fileOf('gap.txt', [...left, later, ...more].join('\n'));
    const { events } = await readAll({
      path,
      observer: {
        bookLost: ({ symbol, reason }) => told.push(`${symbol} ${reason}`),
        missedTrades: ({ first, last }) => told.push(`missed ${first}-${last}`),
        bookSynced: () => told.push('synced'),
      },
    });
    const { data } = JSON.parse(lines[trade]!);
    expect(told).toEqual(['synced', 'SIMUSDT gap', `missed ${data.t}-${data.t}`, 'synced']);
    const gapAt = BigInt(JSON.parse(lines[gap]!).data.T) * 1000n;
    const first = JSON.parse(later).lastUpdateId;
    const from = more.map((line) => JSON.parse(line).data).find(({ e, u }) => e === 'depthUpdate' && u >= first).T;
    const expected = market.books.filter(({ timestamp }) => timestamp < gapAt || timestamp >= BigInt(from) * 1000n);
    // The last message before the snapshot ends where the snapshot does: of futures, it is in both.
    const end = market.books.filter(({ timestamp }) => timestamp < BigInt(from) * 1000n).at(-1)!;
    expect(booksOf(events).map((book) => book.timestamp)).toEqual(
      [...expected.map(({ timestamp }) => timestamp), end.timestamp].sort((a, b) => Number(a - b)),
    );
  });

  it('takes the time at which a message was received where it has none', async () => {
    const { market, lines } = (() => {
      const spot = new SimulatedMarket({ spot: true });
      return { market: spot, lines: spot.run(50) };
    })();
    const partial = '{"stream":"simusdt@depth5","data":{"lastUpdateId":1,"bids":[["1.0","2"]],"asks":[]}}';
    const path = await fileOf('spot.txt', [...lines, partial].map((line) => `1700000000000000999 ${line}`).join('\n'));
    const { events } = await readAll({ path });
    const quotes = events.flatMap(({ kind, row }) => (kind === 'quote' ? [row.timestamp] : []));
    expect(quotes).toEqual(new Array(market.quotes).fill(1_700_000_000_000_000n));
    expect(booksOf(events)).toEqual([
      { symbol: 'SIMUSDT', timestamp: 1_700_000_000_000_000n, bids: [['1', '2']], asks: [] },
    ]);
    const { error } = await readAll({ path: await fileOf('timeless.txt', partial) });
    expect(error).toMatchObject({ code: 'MESSAGE_WITHOUT_TIME', problems: [{ line: 1 }] });
  });

  it('leaves out a side on which nobody offers, trades off the book, and what it does not know', async () => {
    const ticker = (b: string, B: string, a: string, A: string) => ({
      e: 'bookTicker',
      u: 1,
      s: 'A',
      b,
      B,
      a,
      A,
      T: 5,
    });
    const trade = { e: 'trade', s: 'A', t: 1, p: '1', q: '2', T: 5, m: true };
    const lines = [
      ticker('0.00', '0.000', '2.5', '1'),
      ticker('0', '0', '0', '0'),
      trade,
      { ...trade, t: 2, X: 'ADL' },
      { e: 'kline' },
    ];
    const path = await fileOf('odd.txt', lines.map((line) => JSON.stringify(line)).join('\n'));
    const recording = new BinanceRecording({ path });
    const events: FeedEvent[] = [];
    for await (const event of recording.events()) events.push(event);
    expect(events).toEqual([
      { kind: 'quote', row: { symbol: 'A', timestamp: 5000n, sequence: 1n, askPrice: '2.5', askSize: '1' } },
      { kind: 'trade', row: { symbol: 'A', timestamp: 5000n, tradeId: 1, price: '1', size: '2', side: 'sell' } },
    ]);
    expect(recording.stats).toMatchObject({ messages: 5, ignored: 3, missedTrades: 0 });
  });

  it('ends where it is told to', async () => {
    const { lines } = recorded(5);
    const path = await fileOf('stopped.txt', lines.join('\n'));
    const stop = new AbortController();
    let events = 0;
    for await (const _ of new BinanceRecording({ path }).events({ signal: stop.signal })) {
      events += 1;
      if (events === 10) stop.abort();
    }
    expect(events).toBe(10);
  });
});

describe('a recording that cannot be read', () => {
  it('names its file, and the line', async () => {
    const { lines } = recorded(6);
    const packed = gzipSync(lines.join('\n'));
    const damaged = Buffer.from(packed);
    damaged.fill(0xff, damaged.length >> 1, (damaged.length >> 1) + 50);
    const two = [new SimulatedMarket({ symbol: 'ONE' }), new SimulatedMarket({ symbol: 'TWO' })];
    const cases: [path: string, code: string, line: number | undefined][] = [
      [join(folder, 'nowhere.txt'), 'FILE_MISSING', undefined],
      [folder, 'FILE_UNREADABLE', undefined],
      [await fileOf('cut.gz', packed.subarray(0, packed.length - 20)), 'RECORDING_DAMAGED', expect.any(Number)],
      [await fileOf('damaged.gz', damaged), 'RECORDING_DAMAGED', expect.any(Number)],
      [await fileOf('json.txt', [...lines.slice(0, 4), '', '{"e":'].join('\n')), 'MESSAGE_NOT_JSON', 6],
      [await fileOf('value.txt', [...lines.slice(0, 4), '1 {"e":"trade"}'].join('\n')), 'MESSAGE_INVALID', 5],
      [await fileOf('long.txt', `${lines[0]}\n${'x'.repeat(17 << 20)}`), 'RECORDING_LINE_TOO_LONG', 2],
      [
        await fileOf('whose.txt', [...two.flatMap((market) => market.run(20)), lines[20]].join('\n')),
        'SNAPSHOT_OF_WHAT',
        41,
      ],
    ];
    for (const [path, code, line] of cases) {
      const { error } = await readAll({ path });
      expect({ code: error?.code, line: error?.problems[0]?.line }, path).toEqual({ code, line });
      expect(error!.message).toContain(path);
    }
  });

  it('is told at once where there is no path', () => {
    const opened = (options: unknown) => () => new BinanceRecording(options as BinanceRecordingOptions);
    expect(opened(undefined)).toThrow(expect.objectContaining({ code: 'OBJECT_EXPECTED' }));
    expect(opened({})).toThrow(expect.objectContaining({ code: 'TEXT_INVALID' }));
  });

  it('gives what comes before', async () => {
    const { lines } = recorded(7);
    const sound = await readAll({ path: await fileOf('sound.txt', lines.slice(0, 200).join('\n')) });
    const broken = await readAll({ path: await fileOf('broken.txt', [...lines.slice(0, 200), '{'].join('\n')) });
    expect(broken.events).toEqual(sound.events);
    expect(broken.error!.code).toBe('MESSAGE_NOT_JSON');
  });
});
