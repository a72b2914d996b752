import { RATIO_SCALE, RATIO_WINDOW, ratioToMean } from '../../domain/bar-ratios.js';
import { formatScaled, PRICE } from '../../domain/decimal.js';
import type { StoredBars } from '../../repositories/bars/stored-bars.js';
import type { DifferenceTally } from './difference-tally.js';

/** Holds stored bars, which come in ascending order, against the rules that every bar of the store obeys. */
export class StoredBarChecks {
  readonly #tally: DifferenceTally;
  readonly #volumeScale: number;
  /** Of the up to 20 bars before, as a ring. */
  readonly #spreads = new BigInt64Array(RATIO_WINDOW);
  readonly #volumes = new BigInt64Array(RATIO_WINDOW);
  #spreadSum = 0n;
  #volumeSum = 0n;
  #seen = 0;

  /** `before`: the up to 20 bars in front of those that are checked. */
  constructor(tally: DifferenceTally, volumeScale: number, before: StoredBars) {
    this.#tally = tally;
    this.#volumeScale = volumeScale;
    for (let index = 0; index < before.length; index += 1)
      this.#take(before.high[index]! - before.low[index]!, before.volume[index]!);
  }

  check(bars: StoredBars): void {
    for (let index = 0; index < bars.length; index += 1) {
      const [high, low, volume] = [bars.high[index]!, bars.low[index]!, bars.volume[index]!];
      const [open, close] = [bars.open[index]!, bars.close[index]!];
      const spread = high - low;
      if (low > open || low > close || open > high || close > high || volume < 0n) this.#tellRule(bars, index);
      const count = Math.min(this.#seen, RATIO_WINDOW);
      const spreadRatio = ratioToMean(spread, this.#spreadSum, count);
      const volumeRatio = ratioToMean(volume, this.#volumeSum, count);
      if (spreadRatio !== bars.spreadRatio[index] || volumeRatio !== bars.volumeRatio[index])
        this.#tellRatios(bars, index, spreadRatio, volumeRatio);
      this.#take(spread, volume);
    }
  }

  #take(spread: bigint, volume: bigint): void {
    const place = this.#seen % RATIO_WINDOW;
    this.#spreadSum += spread - this.#spreads[place]!;
    this.#volumeSum += volume - this.#volumes[place]!;
    this.#spreads[place] = spread;
    this.#volumes[place] = volume;
    this.#seen += 1;
  }

  #tellRule(bars: StoredBars, index: number): void {
    const [high, low] = [bars.high[index]!, bars.low[index]!];
    const timestamp = new Date(bars.timestamp[index]!);
    const price = (value: bigint) => formatScaled(value, PRICE.scale);
    const within = `${price(low)} to ${price(high)} (low to high)`;
    const wrong: Record<string, { expected: string; found: string }> = {};
    if (high < low) wrong.high = { expected: `not below low, ${price(low)}`, found: price(high) };
    for (const field of ['open', 'close'] as const) {
      const value = bars[field][index]!;
      if (value < low || value > high) wrong[field] = { expected: within, found: price(value) };
    }
    const volume = bars.volume[index]!;
    if (volume < 0n) wrong.volume = { expected: 'not below 0', found: formatScaled(volume, this.#volumeScale) };
    this.#tally.addFields('rule', Object.keys(wrong), (field) => ({ line: null, timestamp, field, ...wrong[field]! }));
  }

  #tellRatios(bars: StoredBars, index: number, spreadRatio: bigint, volumeRatio: bigint): void {
    const right: Record<string, bigint> = { spreadRatio, volumeRatio };
    const stored: Record<string, bigint> = {
      spreadRatio: bars.spreadRatio[index]!,
      volumeRatio: bars.volumeRatio[index]!,
    };
    const wrong = Object.keys(right).filter((field) => right[field] !== stored[field]);
    this.#tally.addFields('ratio', wrong, (field) => ({
      ...{ line: null, timestamp: new Date(bars.timestamp[index]!), field },
      expected: formatScaled(right[field]!, RATIO_SCALE),
      found: formatScaled(stored[field]!, RATIO_SCALE),
    }));
  }
}
