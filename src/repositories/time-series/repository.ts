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

  /** Every row of the window. For millions there is {@link iterate}. */
  async range(input: Key & TickWindow): Promise<Row[]> {
    const window = this.window(input);
    return this.session.withClient((client) => readRange(client, this.#table, window));
  }

  /** The newest `limit` rows (default 1), oldest of them first. */
  async latest(input: Key & { readonly limit?: number }): Promise<Row[]> {
    const { series } = this.window(input);
    const limit = readLimit(input.limit ?? 1);
    return this.session.withClient((client) => readLatest(client, this.#table, series, limit));
  }

  /** How many rows the window holds. */
  async count(input: Key & TickWindow): Promise<number> {
    const window = this.window(input);
    return this.session.withClient((client) => countRows(client, this.#table, window));
  }

  /**
   * The window's rows one by one, in constant memory: pages of 5,000 by keyset. No connection is held between pages, so a row written
   * meanwhile is seen when it lies ahead.
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
   */
  async upsert(rows: Iterable<Input> | AsyncIterable<Input>, options?: Options): Promise<TickCounts> {
    return upsertRows(this.session, this.#table, rows, options ?? ({} as Options));
  }

  /** Deletes the window's rows and answers how many there were. An audit event tells of it. */
  async delete(input: Key & TickWindow): Promise<number> {
    return deleteRows(this.session, this.#table, this.window(input), this.#context);
  }

  protected window(input: Key & TickWindow): ReadWindow {
    return readTickWindow((key: Key, report) => this.#table.readSeries(key, report), input);
  }
}
