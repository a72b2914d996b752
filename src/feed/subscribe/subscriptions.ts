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

/** From where on, of what, and until when. */
export interface SubscribeOptions {
  /** Default: bars, trades, quotes and order books. */
  readonly kinds?: readonly ArrivalKind[] | undefined;
  /** Of bars. Default: all. */
  readonly timeframes?: readonly Timeframe[] | undefined;
  /** Where to go on: a cursor that an arrival carried, or `store.feed.cursor()`. Default: from now on, when the iteration begins. */
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

  /** What `store.feed.cursor` promises. */
  async cursor(): Promise<string> {
    return formatCursor(await this.source.pool.withClient(readPresent));
  }

  /** What `store.feed.subscribe` promises. */
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
