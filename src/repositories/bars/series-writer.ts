import type { Client } from '../../database/session.js';
import { BarBlock } from '../../domain/bar-block.js';
import { RATIO_WINDOW } from '../../domain/bar-ratios.js';
import { timeframeDuration } from '../../domain/timeframe.js';
import { type LockedEntry, updateEntry } from './catalog.js';
import { insertBars } from './insert-bars.js';
import { askNearby } from './nearby.js';
import { SeriesChange, type WriteCounts } from './series-change.js';
import { readNeighbours, readStoredBars, STORED_COLUMNS, StoredBars } from './stored-bars.js';
import { planStretch, type StretchPlan } from './stretch-plan.js';
import { replaceBars, updateRatios } from './update-bars.js';

export interface WriteRules {
  /** Whether a bar that exists with other values is replaced, or left as it is and counted as unchanged. */
  readonly replace: boolean;
  readonly runId: string | null;
  /** What the revisions of replaced bars say; `change` by default. */
  readonly reason?: 'change' | 'undo';
  /** Only counts what would be written. The series need not be locked then. */
  readonly dryRun?: boolean;
  /** Hears of each stretch that was written, in time order. */
  readonly onWritten?: (plan: StretchPlan) => void;
}

/** A hole of this many bars' durations inside a batch is not read through: what lies in it is not the batch's. */
export const LONGEST_HOLE = 10_000;
/** Existing bars are read and compared in stretches of at most this many bars' durations, which bounds the memory. */
export const LONGEST_STRETCH = 100_000;

/**
 * Writes bars of one series whose catalog row the transaction holds locked. Since no other writer can come between, it reads what is there,
 * compares, and then copies in exactly what is new, replaces what differs (the former values become revisions) and mends the ratios of the
 * bars behind; nothing needs a staging table or ON CONFLICT.
 */
export class SeriesWriter {
  readonly #client: Client;
  readonly #entry: LockedEntry;
  readonly #rules: WriteRules;
  readonly #change: SeriesChange;

  constructor(client: Client, entry: LockedEntry, rules: WriteRules) {
    this.#client = client;
    this.#entry = entry;
    this.#rules = rules;
    this.#change = new SeriesChange(entry);
  }

  get counts(): WriteCounts {
    return this.#change.counts;
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

  /** Brings the catalog up to date; to be called once, after the last block. */
  async finish(): Promise<void> {
    await updateEntry(this.#client, this.#change.toCatalog());
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
    this.#change.takeOut(low, high, first, last, count);
  }

  async #writeStretch(
    block: BarBlock,
    order: Uint32Array,
    low = block.timestamp[order[0]!]!,
    high = block.timestamp[order[order.length - 1]!]!,
  ): Promise<number> {
    const stored = await this.#readAround(low, high);
    const plan = planStretch(this.#entry, stored, block, order, low, this.#rules.replace);
    if (!this.#rules.dryRun) await this.#execute(plan);
    this.#change.add(plan, order.length);
    return plan.mended.length;
  }

  async #execute(plan: StretchPlan): Promise<void> {
    const { runId, reason, onWritten } = this.#rules;
    await insertBars(this.#client, [plan]);
    await replaceBars(this.#client, plan, runId, reason);
    await updateRatios(this.#client, plan);
    onWritten?.(plan);
  }

  /** The stored bars from `low` to `high`, and up to 20 on each side: those before make the ratios, those behind have theirs made anew. */
  async #readAround(low: number, high: number): Promise<StoredBars> {
    if (!this.#change.bounds) return new StoredBars(0);
    const { first, last } = this.#change.bounds;
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
