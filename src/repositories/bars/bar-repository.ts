import type { Session } from '../../database/session.js';
import type { Bar, BarInput } from '../../domain/bar.js';
import type { BarColumns } from '../../domain/bar-columns.js';
import { readOrThrow } from '../../domain/problem.js';
import type { ResampledBar } from '../../domain/resampled-bar.js';
import type { Series, SeriesInput, SeriesKey } from '../../domain/series.js';
import { readSymbol } from '../../domain/symbol.js';
import { type InstantInput, readInstant } from '../../domain/time.js';
import { readTimeframe, type Timeframe } from '../../domain/timeframe.js';
import type { AuditContext } from '../audit/append.js';
import { type BarWindow, closedBy, type KnownAt, readLimit, readWindow } from './bar-window.js';
import type { Aggregates } from './buckets.js';
import { listSeries } from './catalog.js';
import { readColumns } from './columns.js';
import { countBars } from './count.js';
import { deleteBars, recomputeRatios } from './delete.js';
import { type Frame, type MultiTimeframeInput, readFrames, readMultiTimeframeRequest } from './multi-timeframe.js';
import { readLatest, readRange, readTimestamps } from './read.js';
import { resample } from './resample.js';
import { type ResampleInput, readResampleRequest } from './resample-request.js';
import { type BarRevision, readRevisions } from './revisions.js';
import { upsertBars } from './upsert.js';

/** How bars are written. */
export interface WriteOptions {
  /** How many decimals the volumes of a series that does not exist yet have, 0 to 8. Default 0: whole units. */
  readonly volumeScale?: number;
  /** Takes prices at or below zero. */
  readonly allowNonPositive?: boolean;
  readonly signal?: AbortSignal;
}

/** How many of the caller's bars were new, replaced others, or were there already with the same values. */
export interface UpsertCounts {
  /** There was no such bar. */
  readonly inserted: number;
  /** The bar had other values, which are a revision now. */
  readonly changed: number;
  /** The bar had these values already. */
  readonly unchanged: number;
}

/** Stands in for the symbols that are not known yet while a window is read. */
const ANY_SYMBOL = 'X';

/** Bars a page of {@link BarRepository.iterate}: one round trip each. */
const PAGE = 5_000;

/**
 * The bars. They come back oldest first; timestamps are opening instants in UTC; windows are half-open. Every method throws an
 * InvalidInputError for arguments that break a rule and a DatabaseError when the database refuses.
 */
export class BarRepository {
  readonly #session: Session;
  readonly #context: AuditContext;
  readonly #aggregates: () => Aggregates;

  /**
   * `context` is whom the audit trail names for deletions, and in which story; `aggregates` says what the layout has ready of coarser bars
   * (default: nothing, and they are made of the finer ones).
   */
  constructor(session: Session, context: AuditContext, aggregates: () => Aggregates = () => new Map()) {
    this.#session = session;
    this.#context = context;
    this.#aggregates = aggregates;
  }

  /**
   * Every bar of the window. For millions there are {@link iterate} and {@link columns}.
   *
   * @example
   * const bars = await store.bars.range({ symbol: 'AAPL', timeframe: '1d', from: '2024-01-01', to: '2025-01-01' });
   * const closes = bars.map((bar) => bar.close.toFixed(2));
   */
  async range(input: BarWindow & KnownAt): Promise<Bar[]> {
    const window = readWindow(input);
    return this.#session.withClient((client) => readRange(client, window));
  }

  /**
   * The newest `limit` bars (default 1), oldest of them first.
   *
   * @example
   * const [yesterday, today] = await store.bars.latest({ symbol: 'AAPL', timeframe: '1d', limit: 2 });
   */
  async latest(input: SeriesInput & KnownAt & { readonly limit?: number }): Promise<Bar[]> {
    const { symbol, timeframe, knownAt } = input;
    const window = readWindow({ symbol, timeframe, knownAt });
    const limit = readLimit(input.limit ?? 1);
    return this.#session.withClient((client) => readLatest(client, window, limit));
  }

  /**
   * The oldest bar, or undefined where the series has none.
   *
   * @example
   * const first = await store.bars.first({ symbol: 'AAPL', timeframe: '1d' });
   * if (!first) throw new Error('there is nothing of AAPL 1d yet');
   */
  async first(input: SeriesInput & KnownAt): Promise<Bar | undefined> {
    const { symbol, timeframe, knownAt } = input;
    const window = readWindow({ symbol, timeframe, knownAt });
    const bars = await this.#session.withClient((client) => readRange(client, window, 1));
    return bars[0];
  }

  /**
   * The newest `limit` bars that had closed by the instant `at`, oldest of them first: what a backtest reads. A bar has closed at its
   * timestamp + its timeframe's duration; one that was still open at `at` is never among them.
   *
   * @example
   * // At 15:07 the bar of 15:05 is open: the last one is that of 15:00.
   * const bars = await store.bars.asOf({ symbol: 'AAPL', timeframe: '5m', at: '2024-03-04T15:07:00Z', limit: 50 });
   */
  async asOf(input: SeriesInput & KnownAt & { readonly at: InstantInput; readonly limit: number }): Promise<Bar[]> {
    const { symbol, timeframe, knownAt } = input;
    const at = readOrThrow('instant', (report) => readInstant(input.at, 'at', report));
    const limit = readLimit(input.limit);
    const window = readWindow({ symbol, timeframe, knownAt });
    return this.#session.withClient((client) => readLatest(client, closedBy(window, at), limit));
  }

  /**
   * How many bars the window holds; without a symbol, those of all symbols together.
   *
   * @example
   * const year = { timeframe: '1d', from: '2024-01-01', to: '2025-01-01' } as const;
   * const ofApple = await store.bars.count({ ...year, symbol: 'AAPL' });
   * const ofAll = await store.bars.count(year);
   */
  async count(input: Omit<BarWindow, 'symbol'> & KnownAt & { readonly symbol?: string }): Promise<number> {
    const window = readWindow({ ...input, symbol: input.symbol ?? ANY_SYMBOL });
    const symbol = input.symbol === undefined ? undefined : window.key.symbol;
    return this.#session.withClient((client) => countBars(client, window, symbol));
  }

  /**
   * Whether there is a bar that opened at this instant.
   *
   * @example
   * if (!(await store.bars.exists({ symbol: 'AAPL', timeframe: '1d', timestamp: '2024-03-04' }))) console.log('no bar');
   */
  async exists(input: SeriesInput & KnownAt & { readonly timestamp: InstantInput }): Promise<boolean> {
    const { symbol, timeframe, knownAt } = input;
    const from = readOrThrow('instant', (report) => readInstant(input.timestamp, 'timestamp', report));
    return (await this.count({ symbol, timeframe, knownAt, from, to: new Date(from.getTime() + 1) })) === 1;
  }

  /**
   * The opening instants of the window's bars.
   *
   * @example
   * const march = { symbol: 'AAPL', timeframe: '1d', from: '2024-03-01', to: '2024-04-01' } as const;
   * const days = new Set((await store.bars.existingTimestamps(march)).map((day) => day.toISOString().slice(0, 10)));
   */
  async existingTimestamps(input: BarWindow & KnownAt): Promise<Date[]> {
    const window = readWindow(input);
    return this.#session.withClient((client) => readTimestamps(client, window));
  }

  /**
   * Every series that has bars, with its first, last and count, from the catalog; by symbol and timeframe.
   *
   * @example
   * for (const { symbol, first, last, count, volumeScale } of await store.bars.series({ timeframe: '1d' })) {
   *   console.log(symbol, first.toISOString(), last.toISOString(), count, volumeScale);
   * }
   */
  async series(filter: { readonly symbol?: string; readonly timeframe?: Timeframe } = {}): Promise<Series[]> {
    const wanted = readOrThrow('series', (report): Partial<SeriesKey> => {
      const symbol = filter.symbol === undefined ? undefined : readSymbol(filter.symbol, 'symbol', report);
      const timeframe =
        filter.timeframe === undefined ? undefined : readTimeframe(filter.timeframe, 'timeframe', report);
      return { ...(symbol && { symbol }), ...(timeframe && { timeframe }) };
    });
    return this.#session.withClient((client) => listSeries(client, wanted));
  }

  /**
   * The window's bars one by one, in constant memory: pages of 5,000 by keyset. No connection is held between pages, so a bar written
   * meanwhile is seen when it lies ahead.
   *
   * @throws the signal's reason
   * @example
   * import { Decimal } from 'wyckoff-store';
   *
   * let high = new Decimal(0);
   * for await (const bar of store.bars.iterate({ symbol: 'AAPL', timeframe: '1m', from: '2014-01-01' })) {
   *   high = Decimal.max(high, bar.high);
   * }
   */
  async *iterate(input: BarWindow & KnownAt & { readonly signal?: AbortSignal }): AsyncGenerator<Bar, void, undefined> {
    const { signal, ...bounds } = input;
    let window = readWindow(bounds);
    for (;;) {
      signal?.throwIfAborted();
      const page = await this.#session.withClient((client) => readRange(client, window, PAGE));
      yield* page;
      const last = page[PAGE - 1];
      if (!last) return;
      window = { ...window, from: new Date(last.timestamp.getTime() + 1) };
    }
  }

  /**
   * The window's bars as exact columns of integers, by binary COPY: the fastest way to hand many bars to an engine.
   *
   * @throws the signal's reason
   * @example
   * const columns = await store.bars.columns({ symbol: 'AAPL', timeframe: '1d', from: '2014-01-01' });
   * const closes = columns.close.toFloat64(); // for an indicator; columns.close.at(0) is the exact Decimal
   */
  async columns(input: BarWindow & KnownAt & { readonly signal?: AbortSignal }): Promise<BarColumns> {
    const { signal, ...bounds } = input;
    const window = readWindow(bounds);
    return this.#session.withClient((client) => readColumns(client, window, signal));
  }

  /**
   * Coarser bars made of stored ones: open of the first, high, low, close of the last, the sum of the volumes, the exact VWAP. Buckets begin at
   * multiples of their duration in UTC, a day at midnight; those that have not closed by `at` are left out, and a bucket without bars is a gap
   * unless `fill` says otherwise. Spread and ratios are those of the coarser series, as {@link upsert} derives them. One snapshot, and the
   * same answer whatever the layout has ready.
   *
   * @throws InvalidInputError
   * @throws DatabaseError VOLUME_TOO_LARGE where volumes add up to more than 2^63 - 1 units of the series' volume scale
   * @example
   * const hours = await store.bars.resample({
   *   symbol: 'AAPL',
   *   from: '1m',
   *   to: '1h',
   *   start: '2024-03-04',
   *   end: '2024-03-05',
   * });
   */
  async resample(input: ResampleInput): Promise<ResampledBar[]> {
    const request = readResampleRequest(input);
    return this.#session.withClient((client) => resample(client, request, this.#aggregates()));
  }

  /**
   * For each timeframe the last `limit` bars that had closed by `at`, oldest first, in the order of `timeframes`; all of one snapshot. Stored
   * bars go before resampled ones; each frame says which it has, and of which timeframe. With `knownAt`, all as the store knew it at that instant of
   * its own time.
   *
   * @throws InvalidInputError
   * @throws DatabaseError VOLUME_TOO_LARGE, as {@link resample}
   * @example
   * const frames = await store.bars.multiTimeframe({
   *   symbol: 'AAPL',
   *   timeframes: ['1d', '1h', '5m'],
   *   at: '2024-03-04T15:07:00Z',
   *   limit: 100,
   * });
   * for (const { timeframe, source, bars } of frames) console.log(timeframe, source, bars.length);
   */
  async multiTimeframe(input: MultiTimeframeInput): Promise<Frame[]> {
    const request = readMultiTimeframeRequest(input);
    return this.#session.withClient((client) => readFrames(client, request, this.#aggregates()));
  }

  /**
   * The former values of bars of the window that were changed or deleted.
   *
   * @example
   * for (const { timestamp, close, knownFrom, knownUntil, reason } of await store.bars.revisions({
   *   symbol: 'AAPL',
   *   timeframe: '1d',
   * })) {
   *   console.log(`${reason}: from ${knownFrom.toISOString()} to ${knownUntil.toISOString()} it was ${close}`, timestamp);
   * }
   */
  async revisions(input: BarWindow): Promise<BarRevision[]> {
    const window = readWindow(input);
    return this.#session.withClient((client) => readRevisions(client, window));
  }

  /**
   * Writes bars of any series, all in one transaction: new ones are inserted, those with other values than the stored ones replace them (the
   * former values become revisions), those with the same values are left alone. One or millions; an array is written straight, an async
   * iterable is staged first and takes the memory of a batch.
   *
   * @throws InvalidInputError naming every bad bar by its position; then nothing was written
   * @throws ConflictError VOLUME_SCALE_DIFFERS, WRITE_INTERFERED
   * @example
   * const { inserted, changed, unchanged } = await store.bars.upsert([
   *   {
   *     symbol: 'AAPL',
   *     timeframe: '1d',
   *     timestamp: '2024-03-04',
   *     open: '176.15',
   *     high: '176.90',
   *     low: '173.79',
   *     close: '175.10',
   *     volume: 81_510_100,
   *   },
   * ]);
   */
  async upsert(bars: Iterable<BarInput> | AsyncIterable<BarInput>, options: WriteOptions = {}): Promise<UpsertCounts> {
    return upsertBars(this.#session, bars, { ...options, replace: true, runId: null });
  }

  /**
   * As {@link upsert}, but a bar that exists is left as it is, whatever its values.
   *
   * @example
   * const bar = { symbol: 'AAPL', timeframe: '1d', timestamp: '2024-03-04', volume: 81_510_100 } as const;
   * const prices = { open: '176.15', high: '176.90', low: '173.79', close: '175.10' };
   * const { inserted, ignored } = await store.bars.insertIgnore([{ ...bar, ...prices }]);
   */
  async insertIgnore(
    bars: Iterable<BarInput> | AsyncIterable<BarInput>,
    options: WriteOptions = {},
  ): Promise<{ readonly inserted: number; readonly ignored: number }> {
    const { inserted, unchanged } = await upsertBars(this.#session, bars, { ...options, replace: false, runId: null });
    return { inserted, ignored: unchanged };
  }

  /**
   * Deletes the window's bars and answers how many there were. Their values stay as revisions, and an audit event tells of it.
   *
   * @example
   * const deleted = await store.bars.delete({ symbol: 'AAPL', timeframe: '1d', from: '2024-03-04', to: '2024-03-05' });
   */
  async delete(input: BarWindow): Promise<number> {
    const { key, from, to } = readWindow(input);
    return deleteBars(this.#session, key, from, to, this.#context);
  }

  /**
   * Computes the ratios of the window's bars anew, for bars that something else than the store wrote; answers how many were not right.
   *
   * @example
   * const mended = await store.bars.recomputeRatios({ symbol: 'AAPL', timeframe: '1d' });
   */
  async recomputeRatios(input: BarWindow): Promise<number> {
    const { key, from, to } = readWindow(input);
    return recomputeRatios(this.#session, key, from, to);
  }
}
