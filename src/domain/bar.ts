import { readPrice, readVolume } from './amount.js';
import { type Decimal, type DecimalInput, formatScaled, PRICE } from './decimal.js';
import type { Report } from './problem.js';
import type { SeriesKey } from './series.js';
import { isStorable } from './text.js';
import { type InstantInput, readInstant } from './time.js';
import { checkAlignment, type Timeframe } from './timeframe.js';

/** One bar of a series, as the store gives it back. */
export interface Bar extends SeriesKey {
  /** Opening instant; the bar has closed at `timestamp` + the timeframe's duration. A 1d bar carries 00:00 UTC of its trading date. */
  readonly timestamp: Date;
  /** Prices have at most 8 decimals. */
  readonly open: Decimal;
  readonly high: Decimal;
  readonly low: Decimal;
  readonly close: Decimal;
  /** In natural units: shares, or coins with the decimals of the series. */
  readonly volume: Decimal;
  /** high - low. */
  readonly spread: Decimal;
  /** spread / mean(spread of the up to 20 bars before), 4 decimals half-up. */
  readonly spreadRatio: Decimal;
  /** volume / mean(volume of the up to 20 bars before), 4 decimals half-up. */
  readonly volumeRatio: Decimal;
  /** Volume-weighted average price, as the source gave it; null where it did not. */
  readonly vwap: Decimal | null;
  /** Where the bar is from, at most 32 characters; null where nobody said. */
  readonly source: string | null;
  /** When the store learned these values. */
  readonly createdAt: Date;
}

/** One bar as a caller writes it. Spread and ratios are the store's to derive. */
export interface BarInput {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  /** Opening instant, on the grid of the timeframe; 1d: the trading date, 00:00 UTC. */
  readonly timestamp: InstantInput;
  /** At most 10 digits before the point and 8 after it, above zero unless allowNonPositive; so are the others. low <= open, close <= high. */
  readonly open: DecimalInput;
  readonly high: DecimalInput;
  readonly low: DecimalInput;
  readonly close: DecimalInput;
  /** >= 0, a multiple of 10^-volumeScale of its series (whole units unless the series was made otherwise). */
  readonly volume: DecimalInput;
  /** Volume-weighted average price, where the source gives one. */
  readonly vwap?: DecimalInput | null | undefined;
  /** Where the bar came from, at most 32 characters. */
  readonly source?: string | null | undefined;
}

/** A bar's own values as integers: prices x 10^8, volume x 10^volumeScale, timestamp in milliseconds since the epoch. */
export interface ScaledBar {
  readonly timestamp: number;
  readonly open: bigint;
  readonly high: bigint;
  readonly low: bigint;
  readonly close: bigint;
  readonly volume: bigint;
  readonly vwap: bigint | null;
  readonly source: string | null;
}

export interface BarRules {
  readonly timeframe: Timeframe;
  /** 0 to 8. */
  readonly volumeScale: number;
  /** Prices at or below zero are wrong data nearly always; oil traded at -37.63 once. */
  readonly allowNonPositive?: boolean | undefined;
}

/** A bar's own values, without the key of its series. */
export type BarValuesInput = Omit<BarInput, 'symbol' | 'timeframe'>;

export const LONGEST_SOURCE = 32;
/** high - low must fit NUMERIC(18,8) as well. */
const LARGEST_SPREAD = 10n ** 18n - 1n;

/** Reads the values of one bar; reports everything that is wrong with it and answers undefined if anything is. */
export function readBarValues(input: BarValuesInput, rules: BarRules, report: Report): ScaledBar | undefined {
  const { allowNonPositive } = rules;
  const timestamp = readInstant(input.timestamp, 'timestamp', report)?.getTime();
  const aligned = timestamp !== undefined && checkAlignment(timestamp, rules.timeframe, 'timestamp', report);
  const open = readPrice(input.open, 'open', report, allowNonPositive);
  const high = readPrice(input.high, 'high', report, allowNonPositive);
  const low = readPrice(input.low, 'low', report, allowNonPositive);
  const close = readPrice(input.close, 'close', report, allowNonPositive);
  const volume = readVolume(input.volume, rules.volumeScale, 'volume', report);
  const vwap = readVwap(input.vwap, report, allowNonPositive);
  const source = readSource(input.source, 'source', report);
  if (open === undefined || high === undefined || low === undefined || close === undefined) return undefined;
  const bar = { open, high, low, close };
  if (!checkPrices(bar, input, report) || !aligned) return undefined;
  if (volume === undefined || vwap === undefined || source === undefined) return undefined;
  return { timestamp, open, high, low, close, volume, vwap, source };
}

type ScaledPrices = Pick<ScaledBar, 'open' | 'high' | 'low' | 'close'>;

/** low <= open, close <= high, and a spread that its column can hold. */
function checkPrices(bar: ScaledPrices, input: BarValuesInput, report: Report): boolean {
  const { open, high, low, close } = bar;
  const inside = low <= open && open <= high && low <= close && close <= high;
  if (inside && high - low <= LARGEST_SPREAD) return true;
  const problem = (path: keyof ScaledPrices, code: string, rule: string) =>
    report({ code, path, value: input[path], rule });
  if (high < low) {
    problem('high', 'HIGH_BELOW_LOW', `high is not below low (${formatScaled(low, PRICE.scale)})`);
    return false;
  }
  for (const field of ['open', 'close'] as const) {
    if (bar[field] < low)
      problem(field, 'PRICE_OUTSIDE_BAR', `${field} is not below low (${formatScaled(low, PRICE.scale)})`);
    if (bar[field] > high)
      problem(field, 'PRICE_OUTSIDE_BAR', `${field} is not above high (${formatScaled(high, PRICE.scale)})`);
  }
  if (high - low > LARGEST_SPREAD)
    problem('high', 'SPREAD_TOO_LARGE', 'high - low has at most 10 digits before the point');
  return false;
}

function readVwap(value: unknown, report: Report, allowNonPositive: boolean | undefined): bigint | null | undefined {
  return value === undefined || value === null ? null : readPrice(value, 'vwap', report, allowNonPositive);
}

/** Reads where a bar came from; null where nothing is said. */
export function readSource(value: unknown, path: string, report: Report): string | null | undefined {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' && value.length > 0 && value.length <= LONGEST_SOURCE && isStorable(value))
    return value;
  const rule = `a source has 1 to ${LONGEST_SOURCE} characters, none of them NUL`;
  report({ code: 'SOURCE_INVALID', path, value, rule });
  return undefined;
}
