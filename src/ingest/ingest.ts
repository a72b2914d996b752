import type { BarInput } from '../domain/bar.js';
import type { OrderBookInput } from '../domain/order-book.js';
import type { QuoteInput } from '../domain/quote.js';
import type { TradeInput } from '../domain/trade.js';
import { IngestClosedError } from '../errors.js';
import { Call } from './call.js';
import type { Engine, IngestParts } from './engine.js';
import type { Kind } from './kinds/kind.js';
import { KINDS } from './kinds/kinds.js';
import { type IngestObserver, Observers } from './observer.js';
import { type AddOptions, readEntries } from './read-entries.js';
import type { IngestReport, IngestStats } from './report.js';
import { noTotals } from './totals.js';

/** How bars are read. */
export type BarAddOptions = Pick<AddOptions, 'volumeScale' | 'allowNonPositive'>;
/** How ticks are read. */
export type TickAddOptions = Pick<AddOptions, 'allowNonPositive' | 'nanoseconds'>;
/** How trades are read. */
export type TradeAddOptions = TickAddOptions & Pick<AddOptions, 'replace'>;
/** How order books are read. */
export type OrderBookAddOptions = TickAddOptions & Pick<AddOptions, 'allowEmptySide'>;

/** Milliseconds. */
const LONGEST_CLOSE = 10_000;
/** Before anything was opened. */
const NOTHING = {
  queued: 0,
  writing: 0,
  breaker: 'closed',
  spool: { bytes: 0, segments: 0, rows: 0, blocked: undefined },
} as const;

/**
 * Takes live rows and writes them in batches, in the order of each series. Rows are checked when they are added: a bad one is refused there and
 * then. What only the database can refuse goes to the dead letters. See {@link IngestOptions}.
 */
export class Ingest {
  readonly #parts: IngestParts;
  readonly #observers: Observers;
  readonly #totals = noTotals();
  /** Once it takes rows. */
  #engine: Engine | undefined;
  #opening: Promise<Engine> | undefined;
  #closing: Promise<IngestReport> | undefined;

  constructor(parts: IngestParts) {
    this.#parts = parts;
    this.#observers = new Observers(parts.log);
  }

  /**
   * Writes what processes that died had acknowledged, and makes the spool. `openStore({ ingest: ... })` calls it; otherwise the first `add` does.
   *
   * @throws SpoolError, ConnectionError; it may be called again
   * @example
   * await store.ingest.open();
   */
  async open(): Promise<void> {
    if (this.#closing) throw new IngestClosedError();
    await this.#opened();
  }

  /**
   * Bars, of any series. The newest value of a bar wins. `volumeScale` is that of a series which does not exist yet.
   *
   * @throws InvalidInputError naming every bad bar by its position; then none was taken
   * @throws QueueFullError (`whenFull: 'reject'`), IngestClosedError, SpoolError; then none was taken
   * @throws RowsNotWrittenError at the durability `database`: the rows that it does not name are written
   * @example
   * await store.ingest.add({
   *   symbol: 'AAPL',
   *   timeframe: '1m',
   *   timestamp: '2024-03-04T15:07:00Z',
   *   open: '175.02',
   *   high: '175.10',
   *   low: '174.98',
   *   close: '175.05',
   *   volume: 18_300,
   * });
   */
  add(bars: BarInput | readonly BarInput[], options: BarAddOptions = {}): Promise<void> {
    return this.#add(KINDS.bar, Array.isArray(bars) ? bars : [bars], options);
  }

  /**
   * As {@link addTrades}. Trades of one instant without ids belong into one call of that.
   *
   * @example
   * const at = '2024-08-08T09:00:00.123Z';
   * await store.ingest.addTrade({ symbol: 'BTCUSDT', timestamp: at, tradeId: 1, price: '57012.10', size: '0.250', side: 'buy' });
   */
  addTrade(trade: TradeInput, options: TradeAddOptions = {}): Promise<void> {
    return this.addTrades([trade], options);
  }

  /**
   * Trades. One that is stored with other values is a dead letter, unless `replace` is said. Throws as {@link add} does.
   *
   * @example
   * const trade = { symbol: 'BTCUSDT', timestamp: '2024-08-08T09:00:00.123Z', side: 'sell' } as const;
   * await store.ingest.addTrades([
   *   { ...trade, tradeId: 2, price: '57012.00', size: '0.100' },
   *   { ...trade, tradeId: 3, price: '57011.90', size: '1.500' },
   * ]);
   */
  addTrades(trades: readonly TradeInput[], options: TradeAddOptions = {}): Promise<void> {
    return this.#add(KINDS.trade, trades, options);
  }

  /**
   * As {@link addQuotes}.
   *
   * @example
   * const quote = { bidPrice: '175.04', bidSize: 300, askPrice: '175.06', askSize: 200 };
   * await store.ingest.addQuote({ symbol: 'AAPL', timestamp: '2024-03-04T15:07:00.250Z', ...quote });
   */
  addQuote(quote: QuoteInput, options: TickAddOptions = {}): Promise<void> {
    return this.addQuotes([quote], options);
  }

  /**
   * Quotes; throws as {@link add} does.
   *
   * @example
   * const ask = { askPrice: '175.06', askSize: 200 };
   * await store.ingest.addQuotes([{ symbol: 'AAPL', timestamp: '2024-03-04T15:07:00.250Z', ...ask }]); // the other side is null
   */
  addQuotes(quotes: readonly QuoteInput[], options: TickAddOptions = {}): Promise<void> {
    return this.#add(KINDS.quote, quotes, options);
  }

  /**
   * As {@link addOrderBooks}.
   *
   * @example
   * await store.ingest.addOrderBook({
   *   symbol: 'BTCUSDT',
   *   timestamp: '2024-08-08T09:00:00.100Z',
   *   bids: [
   *     ['57012.00', '1.20'],
   *     ['57011.90', '0.35'],
   *   ],
   *   asks: [['57012.10', '0.80']],
   * });
   */
  addOrderBook(book: OrderBookInput, options: OrderBookAddOptions = {}): Promise<void> {
    return this.addOrderBooks([book], options);
  }

  /**
   * Snapshots of order books; the newest of an instant wins. Throws as {@link add} does.
   *
   * @example
   * const book = { symbol: 'BTCUSDT', bids: [['57012.00', '1.20']], asks: [['57012.10', '0.80']] } as const;
   * await store.ingest.addOrderBooks([
   *   { ...book, timestamp: '2024-08-08T09:00:00.100Z' },
   *   { ...book, timestamp: '2024-08-08T09:00:00.200Z' },
   * ]);
   */
  addOrderBooks(books: readonly OrderBookInput[], options: OrderBookAddOptions = {}): Promise<void> {
    return this.#add(KINDS.orderBook, books, options);
  }

  /**
   * Waits until all that was taken so far is in its table or in the dead letters, however long the database is away.
   *
   * @throws IngestClosedError where the ingest is closed before that
   * @example
   * await store.ingest.add({
   *   symbol: 'AAPL',
   *   timeframe: '1m',
   *   timestamp: '2024-03-04T15:07:00Z',
   *   open: '175.02',
   *   high: '175.10',
   *   low: '174.98',
   *   close: '175.05',
   *   volume: 18_300,
   * });
   * await store.ingest.flush();
   * const [bar] = await store.bars.latest({ symbol: 'AAPL', timeframe: '1m' });
   */
  async flush(): Promise<void> {
    if (this.#opening) await (await this.#opening).flush();
  }

  /**
   * Hears what happens; answers how to stop.
   *
   * @example
   * const stop = store.ingest.observe({
   *   written: ({ rows, seconds }) => console.log(`${rows} rows in ${seconds} s`),
   * });
   * stop();
   */
  observe(observer: IngestObserver): () => void {
    return this.#observers.add(observer);
  }

  /** How it stands at this moment. */
  get stats(): IngestStats {
    return { ...this.#totals, ...(this.#engine?.stats ?? NOTHING) };
  }

  /**
   * Takes nothing more, writes what it can within `timeout` milliseconds (default 10,000), and tells what became of everything.
   *
   * @example
   * const { written, spooled, left } = await store.ingest.close({ timeout: 5_000 });
   * if (left > 0) console.error(`${left} rows are lost`);
   */
  close({ timeout = LONGEST_CLOSE }: { readonly timeout?: number } = {}): Promise<IngestReport> {
    this.#closing ??= this.#close(timeout);
    return this.#closing;
  }

  #opened(): Promise<Engine> {
    this.#opening ??= this.#open().catch((error) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  /** All behind it is loaded here, and not with the store: a process that only reads does not wait for it. */
  async #open(): Promise<Engine> {
    const { Engine } = await import('./engine.js');
    const engine = new Engine({ ...this.#parts, observers: this.#observers, totals: this.#totals });
    await engine.open();
    this.#engine = engine;
    return engine;
  }

  async #add(kind: Kind, inputs: readonly unknown[], options: AddOptions): Promise<void> {
    if (this.#closing) throw new IngestClosedError();
    const entries = readEntries(kind, inputs, options);
    if (entries.length === 0) return;
    const engine = this.#engine ?? (await this.#opened());
    if (this.#closing) throw new IngestClosedError();
    const call = this.#parts.settings.durability === 'database' ? new Call(entries.length) : undefined;
    await engine.take(entries, call);
    this.#totals.accepted += inputs.length;
    if (!this.#observers.none)
      this.#observers.tell('accepted', { kind: kind.name, rows: entries.flatMap(({ rows }) => rows) });
    await call?.settled;
  }

  async #close(timeout: number): Promise<IngestReport> {
    const { log } = this.#parts;
    const engine = await this.#opening?.catch(() => undefined);
    const { spooled, left } = (await engine?.close(timeout)) ?? { spooled: 0, left: 0 };
    const { written, dropped, deadLetters } = this.#totals;
    const report = { written, spooled, left, dropped, deadLetters };
    if (left > 0) log.error(report, 'the ingest is closed, and rows are lost');
    else if (engine) log.info(report, 'the ingest is closed');
    return report;
  }
}
