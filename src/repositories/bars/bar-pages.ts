import { copyStored } from '../../database/copy.js';
import { instant } from '../../database/instant.js';
import type { Client } from '../../database/session.js';
import { resized } from '../../domain/bar-block.js';
import type { SeriesKey } from '../../domain/series.js';
import { timeframeGrid } from '../../domain/timeframe.js';
import { DAY } from './changed-days.js';
import { STORED_COLUMNS, StoredBars } from './stored-bars.js';

/** Stored bars of one series with all that is stored of them, oldest first. */
export class BarPage extends StoredBars {
  /** In milliseconds since the epoch. */
  createdAt: Float64Array;

  constructor(capacity: number) {
    super(capacity);
    this.createdAt = new Float64Array(this.timestamp.length);
  }

  override resize(capacity: number): void {
    super.resize(capacity);
    this.createdAt = resized(this.createdAt, capacity);
  }
}

/** TimescaleDB plans every chunk that a page touches; where bars are few it is planned for more of them at once. */
const SHORTEST_SPAN = 32 * DAY;
const LONGEST_SPAN = 512 * DAY;

/** What a page of any kind tells of its bars. */
interface Stretch {
  readonly length: number;
  /** Opening instants, ascending. */
  readonly timestamp: Float64Array;
}

/**
 * A window of one series, page after page, by binary COPY: stretches of time of about `size` bars, that get longer where the series has few. Each
 * page has time bounds of its own, so that TimescaleDB plans the chunks of a page, not of all that is left. None has more than `size` bars.
 */
export abstract class WindowPages<Page extends Stretch> {
  readonly #key: SeriesKey;
  readonly #size: number;
  readonly #end: number;
  /** A stretch that has room for no more bars than a page. */
  readonly #sure: number;
  #next: number;
  #span: number;

  /** Bars that open in `[from, to)`, in milliseconds since the epoch. */
  constructor(key: SeriesKey, from: number, to: number, size: number) {
    this.#key = key;
    this.#size = size;
    this.#next = from;
    this.#end = to;
    this.#sure = size * timeframeGrid(key.timeframe);
    this.#span = Math.min(this.#sure, SHORTEST_SPAN);
  }

  /** Reads `query`, which selects the columns given of the bars of one stretch. */
  protected abstract readPage(client: Client, query: (columns: string) => string, size: number): Promise<Page>;

  /** The next page that has a bar; undefined after the last. */
  async read(client: Client): Promise<Page | undefined> {
    while (this.#next < this.#end) {
      const to = Math.min(this.#next + this.#span, this.#end);
      // Behind a gap a stretch that got long there may have far more than a page. No limit elsewhere: the plan is the simpler one.
      const isLong = this.#span > this.#sure;
      const page = await this.readPage(client, this.#query(client, to, isLong), this.#size);
      const isCut = isLong && page.length === this.#size;
      this.#next = isCut ? page.timestamp[this.#size - 1]! + 1 : to;
      if (page.length * 4 < this.#size) this.#span = Math.min(this.#span * 2, LONGEST_SPAN);
      else if (isCut) this.#span = Math.ceil(this.#span / 2);
      if (page.length > 0) return page;
    }
    return undefined;
  }

  /** SELECT ... FROM ohlcv_bars WHERE symbol, timeframe, timestamp >= from AND timestamp < to ORDER BY timestamp [LIMIT size] */
  #query(client: Client, to: number, limited: boolean): (columns: string) => string {
    const { symbol, timeframe } = this.#key;
    return (columns) => `SELECT ${columns} FROM ohlcv_bars
    WHERE symbol = ${client.escapeLiteral(symbol)} AND timeframe = ${client.escapeLiteral(timeframe)}
      AND timestamp >= '${instant(this.#next)}' AND timestamp < '${instant(to)}' ORDER BY timestamp${limited ? ` LIMIT ${this.#size}` : ''}`;
  }
}

/** The bars of a window with all that is stored of them. */
export class BarPages extends WindowPages<BarPage> {
  protected override async readPage(client: Client, query: (columns: string) => string, size: number) {
    const page = new BarPage(size);
    await copyStored(client, query(`${STORED_COLUMNS}, source, created_at`), (row) => {
      const index = page.append(row);
      page.source[index] = row.text();
      page.createdAt[index] = row.instant();
    });
    return page;
  }
}
