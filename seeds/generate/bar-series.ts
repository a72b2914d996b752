import { rollingRatios } from '../../src/domain/bar-ratios.js';
import { Decimal, fromScaled } from '../../src/domain/decimal.js';
import { tradingDayIndex } from './nyse-2024.js';
import type { Bar } from './price-path.js';

/** A bar as the ledger reads it: exact decimals, and how its volume and spread compare with the 20 bars before. */
export interface PricedBar {
  readonly date: string;
  readonly timestamp: string;
  readonly open: Decimal;
  readonly high: Decimal;
  readonly low: Decimal;
  readonly close: Decimal;
  readonly volume: Decimal;
  readonly volumeRatio: Decimal;
  readonly spreadRatio: Decimal;
}

/** One symbol's year. Trading dates name the bars. */
export class BarSeries {
  readonly symbol: string;
  readonly #bars: readonly PricedBar[];

  constructor(symbol: string, bars: readonly Bar[]) {
    this.symbol = symbol;
    const volumeRatios = rollingRatios(BigInt64Array.from(bars, (bar) => BigInt(bar.volume)));
    const spreadRatios = rollingRatios(BigInt64Array.from(bars, (bar) => BigInt(bar.high - bar.low)));
    this.#bars = bars.map((bar, index) => ({
      date: bar.date,
      timestamp: `${bar.date}T00:00:00Z`,
      open: fromCents(bar.open),
      high: fromCents(bar.high),
      low: fromCents(bar.low),
      close: fromCents(bar.close),
      volume: new Decimal(bar.volume),
      volumeRatio: fromScaled(volumeRatios[index]!, 4),
      spreadRatio: fromScaled(spreadRatios[index]!, 4),
    }));
  }

  on(date: string): PricedBar {
    return this.#bars[tradingDayIndex(date)]!;
  }

  before(date: string): PricedBar {
    return this.#bars[tradingDayIndex(date) - 1]!;
  }

  /** The bars from one date to another, both included, oldest first. */
  between(first: string, last: string): readonly PricedBar[] {
    return this.#bars.slice(tradingDayIndex(first), tradingDayIndex(last) + 1);
  }

  /** The bars later than a date, oldest first. */
  after(date: string): readonly PricedBar[] {
    return this.#bars.slice(tradingDayIndex(date) + 1);
  }
}

function fromCents(cents: number): Decimal {
  return fromScaled(BigInt(cents), 2);
}
