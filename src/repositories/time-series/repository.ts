import type { Session } from '../../database/session.js';
import type { AuditContext } from '../audit/append.js';
import { readLimit } from '../bars/bar-window.js';
import { deleteRows } from './delete.js';
import { boundedWindow, countRows, readLatest, readPage, readRange } from './read.js';
import type { TimeSeriesTable } from './table.js';
import { type AnyOptions, type TickCounts, upsertRows } from './upsert.js';
import { type ReadWindow, readTickWindow, type TickWindow } from './window.js';

/** Rows a page of {@link TimeSeriesRepository.iterate}: one round trip each. */
const PAGE = 5_000;

/**
 * One kind of time series. Rows come back oldest first; windows are half-open. Every method throws an InvalidInputError for arguments that
 * break a rule and a DatabaseError when the database refuses.
 */
export class TimeSeriesRepository<Input extends object, Row, Key extends object, Options extends AnyOptions> {
  readonly #table: TimeSeriesTable<Input, Row, Key, Options>;
  protected readonly session: Session;
  readonly #context: AuditContext;

  /** `context` is whom the audit trail names for deletions, and in which story. */
  constructor(table: TimeSeriesTable<Input, Row, Key, Options>, session: Session, context: AuditContext) {
    this.#table = table;
    this.session = session;
    this.#context = context;
  }

  /**
   * Every row of the window. For millions there is {@link iterate}.
   *
   * @example
   * const hour = { symbol: 'BTCUSDT', from: '2024-08-08T09:00:00Z', to: '2024-08-08T10:00:00Z' };
   * const trades = await store.trades.range(hour);
   * const quotes = await store.quotes.range(hour);
   * const books = await store.orderBooks.range(hour);
   * const rsi = await store.indicators.range({ symbol: 'AAPL', timeframe: '1d', name: 'rsi', from: '2024-01-01' });
   */
  async range(input: Key & TickWindow): Promise<Row[]> {
    const window = this.window(input);
    return this.session.withClient((client) => readRange(client, this.#table, window));
  }

  /**
   * The newest `limit` rows (default 1), oldest of them first.
   *
   * @example
   * const trades = await store.trades.latest({ symbol: 'BTCUSDT', limit: 100 });
   * const [quote] = await store.quotes.latest({ symbol: 'BTCUSDT' });
   * const [book] = await store.orderBooks.latest({ symbol: 'BTCUSDT' });
   * const rsi = await store.indicators.latest({ symbol: 'AAPL', timeframe: '1d', name: 'rsi', limit: 14 });
   */
  async latest(input: Key & { readonly limit?: number }): Promise<Row[]> {
    const { series } = this.window(input);
    const limit = readLimit(input.limit ?? 1);
    return this.session.withClient((client) => readLatest(client, this.#table, series, limit));
  }

  /**
   * How many rows the window holds.
   *
   * @example
   * const hour = { symbol: 'BTCUSDT', from: '2024-08-08T09:00:00Z', to: '2024-08-08T10:00:00Z' };
   * const counts = [await store.trades.count(hour), await store.quotes.count(hour), await store.orderBooks.count(hour)];
   * const values = await store.indicators.count({ symbol: 'AAPL', timeframe: '1d', name: 'rsi' });
   */
  async count(input: Key & TickWindow): Promise<number> {
    const window = this.window(input);
    return this.session.withClient((client) => countRows(client, this.#table, window));
  }

  /**
   * The window's rows one by one, in constant memory: pages of 5,000 by keyset. No connection is held between pages, so a row written
   * meanwhile is seen when it lies ahead.
   *
   * @throws the signal's reason
   * @example
   * import { Decimal } from 'wyckoff-store';
   *
   * const day = { symbol: 'BTCUSDT', from: '2024-08-08', to: '2024-08-09' };
   * let traded = new Decimal(0);
   * for await (const { size } of store.trades.iterate(day)) traded = traded.plus(size);
   * for await (const { bidPrice, askPrice } of store.quotes.iterate(day)) console.log(bidPrice, askPrice);
   * for await (const { mid, spread } of store.orderBooks.iterate(day)) console.log(mid, spread);
   * const series = { symbol: 'AAPL', timeframe: '1d', name: 'rsi' } as const;
   * for await (const { timestamp, value } of store.indicators.iterate(series)) console.log(timestamp, value);
   */
  async *iterate(input: Key & TickWindow & { readonly signal?: AbortSignal }): AsyncGenerator<Row, void, undefined> {
    const { signal } = input;
    const given = this.window(input);
    let window = await this.session.withClient((client) => boundedWindow(client, this.#table, given));
    while (window) {
      signal?.throwIfAborted();
      const now: ReadWindow = window;
      const { rows, last } = await this.session.withClient((client) => readPage(client, this.#table, now, PAGE));
      yield* rows;
      window = last === undefined || last === now.last ? undefined : { ...now, first: last + 1n };
    }
  }

  /**
   * Writes rows of any series, all in one transaction: new ones are inserted, those with other values than the stored ones replace them (a
   * trade only with `replace`), those with the same values are left alone. One or millions; an array is written straight, an async iterable
   * is staged first and takes the memory of a batch.
   *
   * @throws InvalidInputError naming every bad row by its position; then nothing was written
   * @throws RowConflictError ROW_DIFFERS naming every trade that is stored with other values
   * @example
   * const at = { symbol: 'BTCUSDT', timestamp: '2024-08-08T09:00:00.123456Z' };
   * await store.trades.upsert([{ ...at, tradeId: 3_760_000_001, price: '57012.10', size: '0.250', side: 'buy' }]);
   * await store.quotes.upsert([{ ...at, bidPrice: '57012.00', bidSize: '1.2', askPrice: '57012.10', askSize: '0.8' }]);
   * await store.orderBooks.upsert([{ ...at, bids: [['57012.00', '1.2']], asks: [['57012.10', '0.8']] }]);
   * await store.indicators.upsert([
   *   { symbol: 'AAPL', timeframe: '1d', name: 'rsi', timestamp: '2024-08-08', value: { rsi: '55.5' } },
   * ]);
   */
  async upsert(rows: Iterable<Input> | AsyncIterable<Input>, options?: Options): Promise<TickCounts> {
    return upsertRows(this.session, this.#table, rows, options ?? ({} as Options));
  }

  /**
   * Deletes the window's rows and answers how many there were. An audit event tells of it.
   *
   * @example
   * const day = { symbol: 'BTCUSDT', from: '2024-08-08', to: '2024-08-09' };
   * const deleted = [await store.trades.delete(day), await store.quotes.delete(day), await store.orderBooks.delete(day)];
   * await store.indicators.delete({ symbol: 'AAPL', timeframe: '1d', name: 'rsi', to: '2024-01-01' });
   */
  async delete(input: Key & TickWindow): Promise<number> {
    return deleteRows(this.session, this.#table, this.window(input), this.#context);
  }

  protected window(input: Key & TickWindow): ReadWindow {
    return readTickWindow((key: Key, report) => this.#table.readSeries(key, report), input);
  }
}
