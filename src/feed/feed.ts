import type { Session } from '../database/session.js';
import type { OrderBookSnapshot } from '../domain/order-book.js';
import { requireObject } from '../domain/problem.js';
import type { InstantInput } from '../domain/time.js';
import type { Aggregates } from '../repositories/bars/buckets.js';
import type { Frame, MultiTimeframeInput } from '../repositories/bars/multi-timeframe.js';
import { readLatestIndicators } from '../repositories/latest-indicators.js';
import type { Repositories } from '../repositories/repositories.js';
import type { MarketCache } from './cache/market-cache.js';
import { cachedFrame } from './cached-frame.js';
import { type InferenceInput, readFrameRequest } from './frame-request.js';
import type { MarketFrame } from './market-frame.js';
import { type BookInput, readBookAt } from './order-book-input.js';
import { readFrame } from './read-frame.js';
import { Replay } from './replay/replay.js';
import type { ReplayEvent } from './replay/replay-event.js';
import { type ReplayInput, readReplayRequest } from './replay/replay-request.js';

export interface FeedSources extends Pick<Repositories, 'bars' | 'orderBooks'> {
  readonly session: Session;
  /** What the layout has ready of coarser bars. */
  readonly aggregates: () => Aggregates;
  /** Asked for frames of now first, once it works. */
  readonly cache?: MarketCache | undefined;
}

/**
 * One place to ask what was known of a market at an instant, and what happened from one to another. Nothing that it answers as of an instant is
 * from after it: bars had closed by then, books had been taken, indicators are of bars that had closed. Every method throws an
 * InvalidInputError for arguments that break a rule and a DatabaseError when the database refuses.
 */
export class Feed {
  readonly #sources: FeedSources;

  constructor(sources: FeedSources) {
    this.#sources = sources;
  }

  /**
   * Everything that could be known of a symbol at an instant of market time, in one frame: the last `bars` closed bars of each timeframe (stored
   * ones before resampled ones; each says which), the order book, its imbalances, the indicators. Without `at`: of now. With `knownAt`, as the
   * store knew it at that instant of its own time: bars as they were before later corrections; books and indicators keep no former values, so
   * of those one that was corrected since is left out.
   *
   * One snapshot of the database. A frame of now has its bars, book and imbalances from `cache`, where that works and holds all of them: it is then
   * ahead of the database by what the ingest has accepted, and behind other processes by moments. A symbol of which nothing is stored has a frame as well, with nothing in it.
   *
   * @throws DatabaseError VOLUME_TOO_LARGE, as `bars.resample`
   * @example
   * const frame = await store.feed.inference({
   *   symbol: 'AAPL',
   *   timeframes: ['1d', '15m', '5m'],
   *   at: '2024-03-04T15:07:00Z',
   *   bars: 100,
   * });
   * console.log(frame.orderBook?.mid?.toFixed(), frame.indicators.length);
   */
  async inference(input: InferenceInput): Promise<MarketFrame> {
    const request = readFrameRequest(input);
    const { session, aggregates, cache } = this.#sources;
    const held = cache?.working && isOfNow(input) ? cachedFrame(cache, request) : undefined;
    return session.withClient(async (client) => {
      if (!held) return readFrame(client, request, aggregates());
      const { symbol, timeframes, at } = request;
      return { ...held, indicators: await readLatestIndicators(client, symbol, timeframes, at, undefined) };
    });
  }

  /**
   * The bars of a frame alone: `bars.multiTimeframe`, of now unless `at` says otherwise.
   *
   * @example
   * const [days, minutes] = await store.feed.multiTimeframe({ symbol: 'AAPL', timeframes: ['1d', '1m'], limit: 50 });
   */
  async multiTimeframe(
    input: Omit<MultiTimeframeInput, 'at'> & { readonly at?: InstantInput | undefined },
  ): Promise<Frame[]> {
    requireObject(input, 'multiTimeframe');
    return this.#sources.bars.multiTimeframe({ ...input, at: input.at ?? new Date() });
  }

  /**
   * Order books, oldest first: of the window `[from, to)` where it has a bound, as `orderBooks.snapshots`; otherwise the last one, or none, that
   * there was at `at`. `raw`: every book that was taken; `1s` and `1m`: the last of each second or minute, once that had closed.
   *
   * @example
   * const [now] = await store.feed.orderBook({ symbol: 'BTCUSDT' });
   * const seconds = await store.feed.orderBook({
   *   symbol: 'BTCUSDT',
   *   from: '2024-08-08T09:00:00Z',
   *   to: '2024-08-08T09:01:00Z',
   *   aggregation: '1s',
   * });
   */
  async orderBook(input: BookInput): Promise<OrderBookSnapshot[]> {
    const { session, orderBooks } = this.#sources;
    const { symbol, from, to, at, aggregation = 'raw' } = input ?? {};
    if (from === undefined && to === undefined) return session.withClient((client) => readBookAt(client, input));
    return orderBooks.snapshots({ symbol, from, to, at, every: aggregation });
  }

  /**
   * History, one event after the other, in the order in which bars closed and trades, quotes and books happened: what a backtest runs on. Bars are
   * the stored ones of each timeframe, corrected as they are now. At one instant bars come first, since they are of the time before it, finer
   * before coarser ones; then trades, quotes and books; each kind by symbol, in the order of `symbols`; and what one series has at an instant
   * in its own order. So the order is the same in every run. In constant memory, however long: two pages of each series.
   *
   * No connection is held between pages. A row that is written meanwhile is there when it lies ahead of the pages that were read, and no series goes
   * on behind what was its last row when the replay began. For one snapshot of all of it, replay inside
   * `store.transaction({ isolation: 'repeatable read' }, (tx) => ...)` with `tx.feed`.
   *
   * @throws NotFoundError SERIES_UNKNOWN where the store has nothing of a series that was asked for
   * @example
   * for await (const event of store.feed.replay({
   *   symbols: ['AAPL'],
   *   timeframes: ['1m', '1d'],
   *   kinds: ['bar'],
   *   from: '2024-03-01',
   *   to: '2024-04-01',
   * })) {
   *   if (event.kind === 'bar') console.log(event.timeframe, event.bar.timestamp, event.bar.close.toFixed(2));
   * }
   */
  async *replay(input: ReplayInput): AsyncGenerator<ReplayEvent, void, undefined> {
    const replay = await Replay.open(this.#sources.session, readReplayRequest(input), input.signal);
    try {
      while (await replay.ready()) for (let event = replay.take(); event; event = replay.take()) yield event;
    } finally {
      await replay.close();
    }
  }
}

/** Nobody keeps in memory what was known once, or what lies around a moment. */
function isOfNow({ at, knownAt, contextMinutes, lookAheadMinutes }: InferenceInput): boolean {
  return [at, knownAt, contextMinutes, lookAheadMinutes].every((each) => each === undefined);
}
