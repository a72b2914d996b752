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

/**
 * A window of one series, page after page, by binary COPY: stretches of time of about `size` bars, that get longer where the series has few. Each
 * page has time bounds of its own, so that TimescaleDB plans the chunks of a page, not of all that is left. None has more than `size` bars.
 */
export class BarPages {
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

  /** The next page that has a bar; undefined after the last. */
  async read(client: Client): Promise<BarPage | undefined> {
    while (this.#next < this.#end) {
      const to = Math.min(this.#next + this.#span, this.#end);
      // Behind a gap a stretch that got long there may have far more than a page. No limit elsewhere: the plan is the simpler one.
      const isLong = this.#span > this.#sure;
      const page = await readPage(client, this.#key, this.#next, to, this.#size, isLong);
      const isCut = isLong && page.length === this.#size;
      this.#next = isCut ? page.timestamp[this.#size - 1]! + 1 : to;
      if (page.length * 4 < this.#size) this.#span = Math.min(this.#span * 2, LONGEST_SPAN);
      else if (isCut) this.#span = Math.ceil(this.#span / 2);
      if (page.length > 0) return page;
    }
    return undefined;
  }
}

/** COPY (SELECT ... FROM ohlcv_bars WHERE symbol, timeframe, timestamp >= from AND timestamp < to ORDER BY timestamp [LIMIT size]) TO STDOUT (FORMAT binary) */
async function readPage(
  client: Client,
  key: SeriesKey,
  from: number,
  to: number,
  size: number,
  limited: boolean,
): Promise<BarPage> {
  const page = new BarPage(size);
  const query = `SELECT ${STORED_COLUMNS}, source, created_at FROM ohlcv_bars
    WHERE symbol = ${client.escapeLiteral(key.symbol)} AND timeframe = ${client.escapeLiteral(key.timeframe)}
      AND timestamp >= '${instant(from)}' AND timestamp < '${instant(to)}' ORDER BY timestamp${limited ? ` LIMIT ${size}` : ''}`;
  await copyStored(client, query, (row) => {
    const index = page.append(row);
    page.source[index] = row.text();
    page.createdAt[index] = row.instant();
  });
  return page;
}
