import type { Client } from '../../database/session.js';
import { BarBlock } from '../../domain/bar-block.js';
import { RATIO_WINDOW } from '../../domain/bar-ratios.js';
import { timeframeDuration } from '../../domain/timeframe.js';
import type { ArrivalRow } from '../tell-arrival.js';
import { type LockedEntry, updateEntry } from './catalog.js';
import { ChangedDays } from './changed-days.js';
import { insertBars } from './insert-bars.js';
import { mergeBars, NEW, REPLACED } from './merged-bars.js';
import { askNearby } from './nearby.js';
import { readNeighbours, readStoredBars, STORED_COLUMNS, StoredBars } from './stored-bars.js';
import { replaceBars, updateRatios } from './update-bars.js';

export interface WriteCounts {
  inserted: number;
  changed: number;
  unchanged: number;
}

export interface WriteRules {
  /** Whether a bar that exists with other values is replaced, or left as it is and counted as unchanged. */
  readonly replace: boolean;
  readonly runId: string | null;
}

/** A hole of this many bars' durations inside a batch is not read through: what lies in it is not the batch's. */
const LONGEST_HOLE = 10_000;
/** Existing bars are read and compared in stretches of at most this many bars' durations, which bounds the memory. */
const LONGEST_STRETCH = 100_000;

/**
 * Writes bars of one series whose catalog row the transaction holds locked. Since no other writer can come between, it reads what is there,
 * compares, and then copies in exactly what is new, replaces what differs (the former values become revisions) and mends the ratios of the
 * bars behind; nothing needs a staging table or ON CONFLICT.
 */
export class SeriesWriter {
  readonly counts: WriteCounts = { inserted: 0, changed: 0, unchanged: 0 };
  readonly #client: Client;
  readonly #entry: LockedEntry;
  readonly #rules: WriteRules;
  readonly #days: ChangedDays;
  #first: number | null;
  #last: number | null;
  #count: number;
  #changed: Pick<ArrivalRow, 'first' | 'last' | 'deleted'> | undefined;

  constructor(client: Client, entry: LockedEntry, rules: WriteRules) {
    this.#client = client;
    this.#entry = entry;
    this.#rules = rules;
    this.#days = new ChangedDays(entry.timeframe);
    this.#first = entry.first?.getTime() ?? null;
    this.#last = entry.last?.getTime() ?? null;
    this.#count = entry.count;
  }

  /** Writes the bars of the block that `order` names: in time order, each instant once. */
  async write(block: BarBlock, order: Uint32Array = block.timeOrder()): Promise<void> {
    const duration = timeframeDuration(this.#entry.timeframe);
    let start = 0;
    for (let end = 1; end <= order.length; end += 1) {
      if (end < order.length) {
        const timestamp = block.timestamp[order[end]!]!;
        const hole = timestamp - block.timestamp[order[end - 1]!]!;
        const stretch = timestamp - block.timestamp[order[start]!]!;
        if (hole <= LONGEST_HOLE * duration && stretch <= LONGEST_STRETCH * duration) continue;
      }
      await this.#writeStretch(block, order.subarray(start, end));
      start = end;
    }
  }

  /** Brings the catalog up to date; to be called once, after the last block. What subscribers are told is left to the caller where it gives `told`. */
  async finish(told?: ArrivalRow[]): Promise<void> {
    const { symbol, timeframe, knownFrom } = this.#entry;
    const arrival = this.#changed && ({ kind: 'bar', symbol, timeframe, knownFrom, ...this.#changed } as const);
    if (arrival) told?.push(arrival);
    await updateEntry(this.#client, this.#entry, {
      first: this.#first,
      last: this.#last,
      count: this.#count,
      days: this.#days.toArray(),
      arrival: told ? undefined : arrival,
    });
  }

  /** Computes anew the ratios of the stored bars from `low` to `high` and of the 20 behind them; answers how many were not right. */
  async mendRatios(low: number, high: number): Promise<number> {
    const stretch = LONGEST_STRETCH * timeframeDuration(this.#entry.timeframe);
    let mended = 0;
    for (let start = low; start <= high; start += stretch) {
      const end = Math.min(start + stretch - 1, high);
      mended += await this.#writeStretch(new BarBlock(0), new Uint32Array(0), start, end);
    }
    return mended;
  }

  /** Takes the deleted bars, which lay between `low` and `high`, out of the bounds and the count. */
  takeOut(low: number, high: number, first: number | null, last: number | null, count: number): void {
    this.#days.addStretch(low, high);
    // Where the first bars went, a trigger of the catalog tells of it.
    this.#changed = { first: low, last: high, deleted: first === this.#first };
    this.#first = first;
    this.#last = last;
    this.#count = count;
  }

  async #writeStretch(
    block: BarBlock,
    order: Uint32Array,
    low = block.timestamp[order[0]!]!,
    high = block.timestamp[order[order.length - 1]!]!,
  ): Promise<number> {
    const stored = await this.#readAround(low, high);
    const merged = mergeBars(stored, block, order, this.#rules.replace);
    const inserted: number[] = [];
    const replaced: number[] = [];
    const mended: number[] = [];
    for (let at = 0; at < merged.length; at += 1) {
      const timestamp = merged.timestamp[at]!;
      const kind = merged.kind[at];
      const origin = merged.origin[at]!;
      if (kind === NEW || kind === REPLACED) {
        (kind === NEW ? inserted : replaced).push(at);
        this.#days.add(timestamp);
        this.#noteChange(timestamp);
      } else if (timestamp >= low) {
        const same =
          stored.spreadRatio[origin] === merged.spreadRatio[at] &&
          stored.volumeRatio[origin] === merged.volumeRatio[at];
        if (!same) mended.push(at);
      }
    }
    await insertBars(this.#client, this.#entry, block, merged, inserted);
    await replaceBars(this.#client, this.#entry, block, merged, replaced, this.#rules.runId);
    await updateRatios(this.#client, this.#entry, merged, mended);
    this.counts.inserted += inserted.length;
    this.counts.changed += replaced.length;
    this.counts.unchanged += order.length - inserted.length - replaced.length;
    this.#count += inserted.length;
    if (inserted.length > 0) {
      const first = merged.timestamp[inserted[0]!]!;
      const last = merged.timestamp[inserted[inserted.length - 1]!]!;
      this.#first = this.#first === null ? first : Math.min(this.#first, first);
      this.#last = this.#last === null ? last : Math.max(this.#last, last);
    }
    return mended.length;
  }

  /** Timestamps come in ascending order. */
  #noteChange(timestamp: number): void {
    const { first = timestamp, deleted = false } = this.#changed ?? {};
    this.#changed = { first, last: timestamp, deleted };
  }

  /** The stored bars from `low` to `high`, and up to 20 on each side: those before make the ratios, those behind have theirs made anew. */
  async #readAround(low: number, high: number): Promise<StoredBars> {
    const [first, last] = [this.#first, this.#last];
    if (first === null || last === null) return new StoredBars(0);
    const parts: StoredBars[] = [];
    const neighbours = (start: number, limit: number) =>
      askNearby(this.#entry.timeframe, start, limit, RATIO_WINDOW, (bound) =>
        readNeighbours(this.#client, this.#entry, start, bound, RATIO_WINDOW),
      );
    if (first < low) parts.push(await neighbours(low, first));
    if (first <= high && last >= low) parts.push(await this.#readStretch(low, high));
    if (last > high) parts.push(await neighbours(high, last));
    return parts.length === 1 ? parts[0]! : StoredBars.join(parts);
  }

  #readStretch(low: number, high: number): Promise<StoredBars> {
    const { symbol, timeframe } = this.#entry;
    const query = `SELECT ${STORED_COLUMNS}, source FROM ohlcv_bars
      WHERE symbol = ${this.#client.escapeLiteral(symbol)} AND timeframe = ${this.#client.escapeLiteral(timeframe)}
        AND timestamp >= '${new Date(low).toISOString()}' AND timestamp <= '${new Date(high).toISOString()}'
      ORDER BY timestamp`;
    return readStoredBars(this.#client, query, true);
  }
}
