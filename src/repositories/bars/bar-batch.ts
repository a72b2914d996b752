import { type BarInput, readBarValues } from '../../domain/bar.js';
import { BarBlock } from '../../domain/bar-block.js';
import { readSeriesKey, type SeriesKey } from '../../domain/series.js';
import { InvalidInputError, type Problem } from '../../errors.js';
import { seriesName } from './catalog.js';

export interface BatchOptions {
  /** The scale of series that do not exist yet; 0 where nothing is said. */
  readonly volumeScale?: number | undefined;
  readonly allowNonPositive?: boolean | undefined;
}

/** One series of a batch: the bars' positions first, their values once the series' volume scale is known. */
export interface SeriesBatch extends SeriesKey {
  readonly rows: number[];
  block: BarBlock;
  /** The block's indices in time order, each instant once; {@link BarBatch.findDuplicates} makes it. */
  order: Uint32Array;
}

/** Bars of any number of series as a caller gave them, validated and sorted out by series. */
export class BarBatch {
  readonly series = new Map<string, SeriesBatch>();
  readonly problems: Problem[] = [];
  readonly #bars: readonly BarInput[];
  readonly #firstRow: number;

  /** `firstRow` is the position of the first of these bars in all that the caller gives. */
  constructor(bars: readonly BarInput[], firstRow = 0) {
    this.#bars = bars;
    this.#firstRow = firstRow;
    const named = new Map<string, SeriesBatch | undefined>();
    for (let row = 0; row < bars.length; row += 1) {
      const bar: Partial<BarInput> | null = bars[row] ?? null;
      if (bar === null || typeof bar !== 'object') {
        this.problems.push({ code: 'BAR_INVALID', path: '', value: bar, rule: 'not a bar', row: firstRow + row });
        continue;
      }
      const name = `${String(bar.symbol)}\n${String(bar.timeframe)}`;
      let batch = named.get(name);
      if (batch === undefined) {
        batch = this.#open(bars[row]!, firstRow + row);
        if (batch) named.set(name, batch);
      }
      batch?.rows.push(row);
    }
  }

  get size(): number {
    return this.#bars.length;
  }

  /** Reads every value, with the volume scale of its series; what is wrong goes to {@link problems}. */
  readValues(
    scales: ReadonlyMap<string, { readonly volumeScale: number }>,
    allowNonPositive: boolean | undefined,
  ): void {
    for (const [name, batch] of this.series) {
      batch.block = new BarBlock(batch.rows.length);
      const { volumeScale } = scales.get(name)!;
      const rules = { timeframe: batch.timeframe, volumeScale, allowNonPositive };
      for (const row of batch.rows) {
        const values = readBarValues(this.#bars[row]!, rules, (problem) =>
          this.problems.push({ ...problem, row: this.#firstRow + row }),
        );
        if (values) batch.block.push(values, this.#firstRow + row);
      }
    }
  }

  /** Finds the bars that are there twice: those with the same values are left out, others go to {@link problems}. */
  findDuplicates(): void {
    for (const batch of this.series.values()) {
      const { block } = batch;
      const order = block.timeOrder();
      let kept = 0;
      for (const index of order) {
        const previous = kept === 0 ? undefined : order[kept - 1]!;
        if (previous === undefined || block.timestamp[previous] !== block.timestamp[index]) order[kept++] = index;
        else if (!block.sameValues(previous, block, index)) {
          const timestamp = new Date(block.timestamp[index]!);
          this.problems.push(duplicateProblem(timestamp, block.origin[previous]!, block.origin[index]!));
        }
      }
      batch.order = order.subarray(0, kept);
    }
  }

  /** @throws InvalidInputError with every problem of every bar */
  rejectProblems(): void {
    if (this.problems.length > 0) throw new InvalidInputError(byRow(this.problems), 'bars');
  }

  #open(bar: BarInput, row: number): SeriesBatch | undefined {
    const key = readSeriesKey(bar, (problem) => this.problems.push({ ...problem, row }));
    if (!key) return undefined;
    const name = seriesName(key);
    let batch = this.series.get(name);
    if (!batch) {
      batch = { ...key, rows: [], block: new BarBlock(0), order: new Uint32Array() };
      this.series.set(name, batch);
    }
    return batch;
  }
}

/** Two rows of one series and instant that do not say the same. */
export function duplicateProblem(timestamp: Date, first: number, second: number): Problem {
  const rule = `rows ${first} and ${second} have the same timestamp and different values`;
  return { code: 'DUPLICATE_TIMESTAMP', path: 'timestamp', value: timestamp, rule, row: second };
}

export function byRow(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => (a.row ?? 0) - (b.row ?? 0));
}
