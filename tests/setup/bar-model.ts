import { type Bar, type BarInput, Decimal, type Timeframe, type UpsertCounts } from '../../src/index.js';

/** A bar's values as text, ratios included: what a test compares. */
export function printBar(bar: Bar): string {
  const numbers = [bar.open, bar.high, bar.low, bar.close, bar.volume, bar.spread, bar.spreadRatio, bar.volumeRatio];
  return [
    bar.timestamp.toISOString(),
    ...numbers.map((number) => number.toFixed()),
    bar.vwap?.toFixed() ?? null,
    bar.source,
  ].join(' ');
}

export const printBars = (bars: readonly Bar[]): string[] => bars.map(printBar);

export type ModelBar = Pick<Bar, 'open' | 'high' | 'low' | 'close' | 'volume' | 'vwap' | 'source'> & {
  readonly timestamp: Date;
};

/** One series in memory, written down in the plainest way: what the store must hold after the same calls. */
export class BarModel {
  readonly key: { readonly symbol: string; readonly timeframe: Timeframe };
  readonly #bars = new Map<number, ModelBar>();

  constructor(symbol: string, timeframe: Timeframe) {
    this.key = { symbol, timeframe };
  }

  upsert(rows: readonly BarInput[], replace = true): UpsertCounts {
    const counts = { inserted: 0, changed: 0, unchanged: 0 };
    for (const row of rows) {
      const bar = modelBar(row);
      const instant = bar.timestamp.getTime();
      const stored = this.#bars.get(instant);
      if (stored && (!replace || JSON.stringify(stored) === JSON.stringify(bar))) {
        counts.unchanged += 1;
        continue;
      }
      counts[stored ? 'changed' : 'inserted'] += 1;
      this.#bars.set(instant, bar);
    }
    return counts;
  }

  delete(from: Date, to: Date): number {
    const gone = [...this.#bars.keys()].filter((instant) => instant >= from.getTime() && instant < to.getTime());
    for (const instant of gone) this.#bars.delete(instant);
    return gone.length;
  }

  /** The bars as {@link printBar} prints them, oldest first, each ratio computed from the up to 20 bars before it. */
  get rows(): string[] {
    const { bars } = this;
    const spreads = bars.map((bar) => bar.high.minus(bar.low));
    const spreadRatios = ratios(spreads);
    const volumeRatios = ratios(bars.map((bar) => bar.volume));
    return bars.map((bar, index) => {
      const derived = {
        spread: spreads[index]!,
        spreadRatio: spreadRatios[index]!,
        volumeRatio: volumeRatios[index]!,
      };
      return printBar({ ...this.key, ...bar, ...derived } as Bar);
    });
  }

  /** Oldest first. */
  get bars(): ModelBar[] {
    return [...this.#bars.values()].sort((a, b) => a.timestamp.getTime() - b.timestamp.getTime());
  }

  /** First and last opening instant and the number of bars, as the catalog has them. */
  get catalog(): { first: Date; last: Date; count: number } | undefined {
    const instants = [...this.#bars.keys()].sort((a, b) => a - b);
    if (instants.length === 0) return undefined;
    return { first: new Date(instants[0]!), last: new Date(instants.at(-1)!), count: instants.length };
  }
}

function modelBar(row: BarInput): ModelBar {
  return {
    timestamp: new Date(row.timestamp as string | Date),
    open: new Decimal(row.open as string),
    high: new Decimal(row.high as string),
    low: new Decimal(row.low as string),
    close: new Decimal(row.close as string),
    volume: new Decimal(row.volume as string),
    vwap: row.vwap == null ? null : new Decimal(row.vwap as string),
    source: row.source ?? null,
  };
}

const LARGEST = new Decimal('999999.9999');

/** Each value / mean(the up to 20 before it), half-up to 4 decimals; 1 without values before, or where both are zero. */
export function ratios(values: readonly Decimal[]): Decimal[] {
  const units = values.map((value) => BigInt(value.toFixed(8).replace('.', '')));
  return units.map((value, index) => {
    const before = units.slice(Math.max(0, index - 20), index);
    const sum = before.reduce((total, each) => total + each, 0n);
    if (before.length === 0 || (sum === 0n && value === 0n)) return new Decimal(1);
    if (sum === 0n) return LARGEST;
    const ratio = new Decimal((value * BigInt(before.length)).toString()).div(sum.toString());
    return Decimal.min(LARGEST, ratio.toDecimalPlaces(4, Decimal.ROUND_HALF_UP));
  });
}
