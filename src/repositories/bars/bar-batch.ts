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
  volumeScale: number;
  isNew: boolean;
  block: BarBlock;
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

  /** Reads every value, with the scales that the catalog has; what is wrong goes to {@link problems}. */
  readValues(scales: ReadonlyMap<string, number>, options: BatchOptions): void {
    for (const [name, batch] of this.series) {
      const known = scales.get(name);
      batch.isNew = known === undefined;
      batch.volumeScale = known ?? options.volumeScale ?? 0;
      batch.block = new BarBlock(batch.rows.length);
      const rules = {
        timeframe: batch.timeframe,
        volumeScale: batch.volumeScale,
        allowNonPositive: options.allowNonPositive,
      };
      for (const row of batch.rows) {
        const values = readBarValues(this.#bars[row]!, rules, (problem) =>
          this.problems.push({ ...problem, row: this.#firstRow + row }),
        );
        if (values) batch.block.push(values, this.#firstRow + row);
      }
    }
  }

  /** @throws InvalidInputError with every problem of every bar */
  rejectProblems(): void {
    if (this.problems.length > 0)
      throw new InvalidInputError(
        this.problems.sort((a, b) => (a.row ?? 0) - (b.row ?? 0)),
        'bars',
      );
  }

  #open(bar: BarInput, row: number): SeriesBatch | undefined {
    const key = readSeriesKey(bar, (problem) => this.problems.push({ ...problem, row }));
    if (!key) return undefined;
    const name = seriesName(key);
    let batch = this.series.get(name);
    if (!batch) {
      batch = { ...key, rows: [], volumeScale: 0, isNew: true, block: new BarBlock(0) };
      this.series.set(name, batch);
    }
    return batch;
  }
}
