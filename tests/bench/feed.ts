import type { OrderBookInput } from '../../src/domain/order-book.js';
import { type Timeframe, timeframeDuration } from '../../src/domain/timeframe.js';
import { MINUTE, makeBars, START } from './bench-bars.js';
import type { BenchDatabase } from './bench-database.js';
import type { BenchLayouts } from './layout-databases.js';
import { p50s } from './p50s.js';
import { type Comparison, rate, time } from './report.js';

const DAYS = 90;
const DAY = 1440 * MINUTE;
const TIMEFRAMES = ['1m', '5m', '15m', '1h'] as const satisfies readonly Timeframe[];
const BARS = 100;
const ROUNDS = 300;
const INDICATORS = ['atr_14', 'ema_50', 'rsi_14', 'sma_20', 'vwap_dev'];

/** A frame for a detector, from the database. */
export async function compareInference({ plain, timescale }: BenchLayouts): Promise<Comparison> {
  for (const bench of [plain, timescale]) await prepareFrames(bench);
  let turn = 0;
  const frames = (bench: BenchDatabase, timeframes: readonly Timeframe[]) => async () => {
    turn += 1;
    const at = new Date(START + (DAYS - 1) * DAY + ((turn * 977) % 1380) * MINUTE + 31_000);
    const frame = await bench.store.feed.inference({ symbol: 'BENCH', at, timeframes, bars: BARS });
    if (!frame.orderBook || frame.imbalances.length < 4 || frame.indicators.length < INDICATORS.length)
      throw new Error(`a part of the frame at ${at.toISOString()} is missing`);
    return frame.timeframes.flatMap(({ bars }) => [...bars]);
  };
  const p50 = await p50s(
    { plain: frames(plain, TIMEFRAMES), timescale: frames(timescale, TIMEFRAMES) },
    TIMEFRAMES.length * BARS,
    ROUNDS,
  );
  return {
    title: `A frame for inference: ${TIMEFRAMES.length} timeframes x ${BARS} bars from the database`,
    what: `Stored bars of ${TIMEFRAMES.join(', ')}, the order book, its imbalances over 1 to 60 seconds and ${INDICATORS.length} indicators, as of an instant of the last of ${DAYS} days, in one snapshot. p50 of ${ROUNDS} turns.`,
    figures: [
      { who: 'this store, plain layout', figure: time(p50.plain), ratio: '' },
      { who: 'this store, timescale layout', figure: time(p50.timescale), ratio: '' },
    ],
    targets: (['plain', 'timescale'] as const).map((layout) => ({
      text: `<= 15 ms, ${layout} (${p50[layout].toFixed(1)})`,
      met: p50[layout] <= 15,
    })),
  };
}

async function prepareFrames({ client, store }: BenchDatabase): Promise<void> {
  await client.query(
    'TRUNCATE ohlcv_bars, ohlcv_bar_revisions, bar_series, bar_aggregate_changes, order_book_snapshots, indicators, time_series',
  );
  for (const timeframe of TIMEFRAMES) {
    const step = timeframeDuration(timeframe);
    await store.bars.upsert(makeBars((DAYS * DAY) / step, 'BENCH', timeframe, START, step));
  }
  const last = START + (DAYS - 1) * DAY;
  const seconds = Array.from({ length: 86_400 / 2 }, (_, index) => last + index * 2_000);
  const levels = (price: number, step: number) =>
    Array.from({ length: 20 }, (_, depth) => [price + step * depth, 1 + depth] as const);
  for (let index = 0; index < seconds.length; index += 5_000)
    await store.orderBooks.upsert(
      seconds.slice(index, index + 5_000).map((at): OrderBookInput => {
        return { symbol: 'BENCH', timestamp: BigInt(at) * 1000n + 500n, bids: levels(149, -1), asks: levels(150, 1) };
      }),
    );
  const minutes = Array.from({ length: 2 * 1440 }, (_, index) => new Date(last - DAY + index * MINUTE));
  for (const name of INDICATORS)
    await store.indicators.upsert(
      minutes.map((timestamp) => ({ symbol: 'BENCH', timeframe: '1m', name, timestamp, value: { value: '101.25' } })),
    );
  await client.query('VACUUM ANALYZE');
}

const SYMBOLS = Array.from({ length: 10 }, (_, index) => `BENCH${index}`);
const YEAR = 365 * 1440;

/** History for a backtest. */
export async function compareReplay(bench: BenchDatabase): Promise<Comparison> {
  await bench.empty();
  await bench.store.bars.upsert(makeBars(YEAR, SYMBOLS[0]!));
  for (const symbol of SYMBOLS.slice(1)) {
    for (const [table, columns] of [
      ['ohlcv_bars', 'timeframe, timestamp, open, high, low, close, volume, spread, spread_ratio, volume_ratio'],
      ['bar_series', 'timeframe, volume_scale, first_timestamp, last_timestamp, bar_count'],
    ])
      await bench.client.query(
        `INSERT INTO ${table} (symbol, ${columns}) SELECT '${symbol}', ${columns} FROM ${table} WHERE symbol = '${SYMBOLS[0]}'`,
      );
  }
  await bench.client.query('VACUUM ANALYZE');
  await bench.settle();
  const count = YEAR * SYMBOLS.length;
  const seconds = { events: await replayYear(bench, false), bars: await replayYear(bench, true) };
  const reached = Math.round(count / seconds.events);
  return {
    title: `Replay of a year of 1m bars of ${SYMBOLS.length} symbols`,
    what: `${count.toLocaleString('en-US')} bars of ${SYMBOLS.length} series in the order in which they closed, one event each; plain layout, once.`,
    figures: [
      { who: 'this store, replay, its events', figure: rate(count, seconds.events * 1000), ratio: '' },
      {
        who: 'this store, replay, every bar made with its Decimals',
        figure: rate(count, seconds.bars * 1000),
        ratio: `${(seconds.bars / seconds.events).toFixed(2)} x its time`,
      },
    ],
    targets: [{ text: `>= 200,000 bars/s (${reached.toLocaleString('en-US')})`, met: reached >= 200_000 }],
  };
}

async function replayYear({ store }: BenchDatabase, made: boolean): Promise<number> {
  const window = { from: new Date(START), to: new Date(START + (YEAR + 1) * MINUTE) };
  const begun = performance.now();
  let [count, last] = [0, 0n];
  for await (const event of store.feed.replay({ symbols: SYMBOLS, timeframes: ['1m'], ...window })) {
    count += 1;
    if (made && event.kind === 'bar' && event.bar.close.isNegative()) throw new Error('a negative price');
    if (count % 1_000 === 0) {
      if (event.at < last) throw new Error('out of order');
      last = event.at;
    }
  }
  if (count !== YEAR * SYMBOLS.length) throw new Error(`${count} bars were replayed`);
  return (performance.now() - begun) / 1000;
}
