import type { BarInput } from '../../src/domain/bar.js';
import { Decimal } from '../../src/domain/decimal.js';
import type { Timeframe } from '../../src/domain/timeframe.js';

export const MINUTE = 60_000;
export const START = Date.UTC(2020, 0, 1);

/** How far a walk goes from one bar to the next, and beyond both at most, in cents; and its volumes, in whole lots. */
export interface Mood {
  readonly move: number;
  readonly wick: number;
  readonly volume: number;
  readonly lot: number;
}

const WILD: Mood = { move: 50, wick: 30, volume: 900_000, lot: 1 };
/** A minute of a price of about 150.00: moves of up to 0.05%. */
export const USUAL: Mood = { move: 8, wick: 5, volume: 9_000, lot: 100 };

/** A random walk in whole cents, the same in every run. */
export function* walk(
  count: number,
  seed = 1,
  { move, wick, volume, lot } = WILD,
): Generator<{ open: number; high: number; low: number; close: number; volume: number }> {
  let state = seed;
  const next = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  let close = 15_000;
  for (let index = 0; index < count; index += 1) {
    const open = close;
    close = Math.max(1_000, open + next(2 * move + 1) - move);
    yield {
      open,
      close,
      high: Math.max(open, close) + next(wick),
      low: Math.min(open, close) - next(wick),
      volume: 1_000 + next(volume) * lot,
    };
  }
}

const cents = (value: number) => `${Math.floor(value / 100)}.${String(value % 100).padStart(2, '0')}`;

export function makeBars(
  count: number,
  symbol: string,
  timeframe: Timeframe = '1m',
  start = START,
  step = MINUTE,
  seed = 1,
  mood = WILD,
): BarInput[] {
  const bars: BarInput[] = [];
  for (const { open, high, low, close, volume } of walk(count, seed, mood)) {
    bars.push({
      symbol,
      timeframe,
      timestamp: new Date(start + bars.length * step),
      open: new Decimal(cents(open)),
      high: new Decimal(cents(high)),
      low: new Decimal(cents(low)),
      close: new Decimal(cents(close)),
      volume: new Decimal(volume),
    });
  }
  return bars;
}
