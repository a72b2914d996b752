import type { Pool } from '../../database/pool.js';
import { readChoice } from '../../domain/choice.js';
import { type Report, readOrThrow } from '../../domain/problem.js';
import { readSymbol } from '../../domain/symbol.js';
import { readTimeframe, type Timeframe } from '../../domain/timeframe.js';
import { WyckoffError } from '../../errors.js';
import type { Logger } from '../../observability/logger.js';
import { ARRIVAL_KINDS, type ArrivalKind } from '../../repositories/tell-arrival.js';
import type { Arrival } from './arrival.js';
import type { ChangeSource } from './change-pages.js';
import { type Cursor, formatCursor, readCursor } from './cursor.js';
import { Listener } from './listener.js';
import { type ChangeFilter, readPresent } from './read-arrivals.js';
import { arrivals } from './subscription.js';

export interface SubscribeOptions {
  /** Default: bars, trades, quotes and order books. */
  readonly kinds?: readonly ArrivalKind[] | undefined;
  /** Of bars. Default: all. */
  readonly timeframes?: readonly Timeframe[] | undefined;
  /** Where to go on: a cursor that an arrival carried, or {@link Subscriptions.cursor}. Default: from now on, when the iteration begins. */
  readonly from?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Tells what arrives, whoever writes it. */
export class Subscriptions {
  /** What a part of the feed reads changes from. */
  readonly source: ChangeSource;
  readonly #closed = new AbortController();

  constructor({ pool, log }: { readonly pool: Pool; readonly log: Logger }) {
    this.source = { pool, log, listener: new Listener(pool, log) };
  }

  /** Aborted when the feed is closed. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** This moment, as a cursor: all that is committed after it comes behind it. Take it, read what is there, and subscribe from it. */
  async cursor(): Promise<string> {
    return formatCursor(await this.source.pool.withClient(readPresent));
  }

  /**
   * What arrives of these symbols (`'*'`: of all), whichever process writes it: bars and corrections of bars, trades, quotes, order books, and that rows
   * were deleted. It ends when the store is closed; while the database is away it waits.
   *
   * At least once, and never an older value after a newer one: rows are read as they are stored by then, so of several changes in between only the
   * last is seen. Rows that are written with the values they have do not arrive.
   *
   * @throws InvalidInputError at once
   * @throws FeedGapError FEED_GAP where the cursor is older than what is kept (a day); the signal's reason
   */
  subscribe(
    symbols: '*' | readonly string[],
    options: SubscribeOptions = {},
  ): AsyncGenerator<Arrival, void, undefined> {
    const filter = readOrThrow('subscription', (report) => readFilter(symbols, options, report));
    const from = options.from === undefined ? undefined : readCursor(options.from);
    return this.#follow(filter, from, options.signal);
  }

  /** Subscriptions end; the connection that listens is given up. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.source.listener.close();
  }

  async *#follow(
    filter: ChangeFilter,
    from: Cursor | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Arrival, void, undefined> {
    if (this.#closed.signal.aborted) throw new WyckoffError('FEED_CLOSED', 'the store is closed');
    signal?.throwIfAborted();
    const either = signal ? AbortSignal.any([signal, this.#closed.signal]) : this.#closed.signal;
    yield* arrivals(this.source, filter, from, either);
    signal?.throwIfAborted();
  }
}

function readFilter(
  symbols: unknown,
  { kinds, timeframes }: SubscribeOptions,
  report: Report,
): ChangeFilter | undefined {
  return {
    symbols: symbols === '*' ? undefined : readList(symbols, 'symbols', report, readSymbol),
    kinds: readList(kinds, 'kinds', report, (kind, path) => readChoice(kind, ARRIVAL_KINDS, 'a kind', path, report)),
    timeframes: readList(timeframes, 'timeframes', report, readTimeframe),
  };
}

function readList<T>(
  list: unknown,
  path: string,
  report: Report,
  read: (value: unknown, path: string, report: Report) => T | undefined,
): T[] | undefined {
  if (list === undefined && path !== 'symbols') return undefined;
  if (Array.isArray(list) && list.length > 0)
    return list.flatMap((value: unknown, index) => read(value, `${path}.${index}`, report) ?? []);
  const rule = `${path} are an array with at least one of them${path === 'symbols' ? ", or '*'" : ''}`;
  report({ code: 'SUBSCRIPTION_INVALID', path, value: list, rule });
  return undefined;
}
