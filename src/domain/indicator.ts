import { type Json, readJson } from './json.js';
import type { Report } from './problem.js';
import { readSeriesKey, type SeriesInput, type SeriesKey } from './series.js';
import { type InstantInput, readInstant } from './time.js';
import { checkAlignment, type Timeframe } from './timeframe.js';

/** Names a series of values: an indicator of one symbol at one timeframe. */
export interface IndicatorKey extends SeriesKey {
  readonly name: string;
}

/** Names the values of one indicator on one series. */
export interface IndicatorSeriesInput extends SeriesInput {
  /** Lower case letters, digits and `_`, at most 50: `sma_20`. */
  readonly name: string;
}

/** What an indicator says of a bar, as the store gives it back; itself an {@link IndicatorInput}. */
export interface Indicator extends IndicatorKey {
  /** The bar's opening instant. */
  readonly timestamp: Date;
  /** Decimals are strings in it. */
  readonly value: Json;
  /** When the store learned of it. */
  readonly createdAt: Date;
}

/** One value of an indicator as a caller writes it. */
export interface IndicatorInput extends IndicatorSeriesInput {
  /** The opening instant of the bar that it is of. */
  readonly timestamp: InstantInput;
  /** Anything that JSON holds exactly; Decimals and bigints become strings, Dates ISO 8601 with `Z`. */
  readonly value: unknown;
}

export interface IndicatorValue {
  readonly timestamp: Date;
  readonly value: Json;
}

const NAME = /^[a-z0-9_]{1,50}$/;

export function readIndicatorKey(input: IndicatorSeriesInput, report: Report): IndicatorKey | undefined {
  const key = readSeriesKey(input, report);
  const name = readIndicatorName(input?.name, 'name', report);
  return key && name ? { ...key, name } : undefined;
}

function readIndicatorName(value: unknown, path: string, report: Report): string | undefined {
  if (typeof value === 'string' && NAME.test(value)) return value;
  const rule = 'the name of an indicator has 1 to 50 lower case letters, digits and _';
  report({ code: 'INDICATOR_NAME_INVALID', path, value, rule, hint: "for example 'sma_20'" });
  return undefined;
}

/** Reads one value; reports everything that is wrong with it and answers undefined if anything is. */
export function readIndicator(
  input: Pick<IndicatorInput, 'timestamp' | 'value'>,
  timeframe: Timeframe,
  report: Report,
): IndicatorValue | undefined {
  const timestamp = readInstant(input.timestamp, 'timestamp', report);
  const aligned = timestamp && checkAlignment(timestamp.getTime(), timeframe, 'timestamp', report);
  const value = readJson(input.value, 'value', report);
  return timestamp && aligned && value !== undefined ? { timestamp, value } : undefined;
}
