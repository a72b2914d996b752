import type { Decimal } from '../../src/domain/decimal.js';
import type { PricedBar } from './bar-series.js';
import { atEvening, type Idea, priceText, TIMEFRAME } from './idea.js';
import type { PatternRow, PatternType } from './ledger-rows.js';
import { tradingDayIndex } from './nyse-2024.js';
import type { Range } from './ranges.js';

/** A detected pattern with the bar that it is on. */
export interface Pattern {
  readonly row: PatternRow;
  readonly bar: PricedBar;
}

export interface Detection {
  readonly type: PatternType;
  readonly phase: string;
  /** The date of the pattern's bar. */
  readonly on: string;
  /** The last bar that the detector needed, where that is a later one. */
  readonly seenOn?: string;
  readonly range?: Range | undefined;
  readonly entry: Decimal;
  readonly stop: Decimal;
  readonly invalidation: Decimal;
  readonly metadata: Record<string, unknown>;
}

/** Writes a pattern in the evening in which all its bars have closed. */
export function detect(idea: Idea, detection: Detection): Pattern {
  const { type, phase, on, seenOn = on, range } = detection;
  const bar = idea.series.on(on);
  const occasion = atEvening(idea, seenOn, 'detect', 'detector', 'DETECTED', `saw ${type} on the bar of ${on}`);
  const row: PatternRow = {
    id: idea.ledger.newId(),
    pattern_type: type,
    symbol: idea.series.symbol,
    timeframe: TIMEFRAME,
    detection_time: occasion.at,
    pattern_bar_timestamp: bar.timestamp,
    confidence_score: idea.ledger.faker.number.int({ min: 72, max: 93 }),
    phase,
    trading_range_id: range?.row.id ?? null,
    entry_price: priceText(detection.entry),
    stop_loss: priceText(detection.stop),
    invalidation_level: priceText(detection.invalidation),
    volume_ratio: bar.volumeRatio.toFixed(4),
    spread_ratio: bar.spreadRatio.toFixed(4),
    test_confirmed: false,
    test_bar_timestamp: null,
    rejection_reason: null,
    metadata: detection.metadata,
    metadata_version: 1,
    created_at: occasion.at,
  };
  idea.ledger.insert('patterns', row, occasion);
  return { row, bar };
}

/** The bar of `on` has tested the pattern and held. */
export function confirmTest(idea: Idea, pattern: Pattern, on: string): void {
  const action = `the bar of ${on} tested it on less volume and held`;
  const occasion = atEvening(idea, on, 'judge', 'detector', 'TEST_CONFIRMED', action);
  const after = { test_confirmed: true, test_bar_timestamp: idea.series.on(on).timestamp };
  idea.ledger.change('patterns', pattern.row, after, occasion);
}

/** The bar of `on` has shown that the pattern is none. */
export function rejectPattern(idea: Idea, pattern: Pattern, on: string, reason: string): void {
  const occasion = atEvening(idea, on, 'judge', 'detector', 'REJECTED', reason);
  idea.ledger.change('patterns', pattern.row, { rejection_reason: reason }, occasion);
}

/** How many trading days `later` comes after `earlier`. */
export function barsBetween(earlier: string, later: string): number {
  return tradingDayIndex(later) - tradingDayIndex(earlier);
}

/** A share as metadata carries it: a fraction with 6 decimals, half-up. */
export function fractionText(value: Decimal): string {
  return value.toFixed(6);
}

/** Where in its bar the close lies: 0 at the low, 1 at the high. */
export function closePosition(bar: PricedBar): string {
  return fractionText(bar.close.minus(bar.low).div(bar.high.minus(bar.low)));
}

const STOP_BUFFER = '0.005';

/** A stop half a per cent beyond the level whose break proves the idea wrong. */
export function stopBelow(level: Decimal): Decimal {
  return level.minus(level.times(STOP_BUFFER));
}

export function stopAbove(level: Decimal): Decimal {
  return level.plus(level.times(STOP_BUFFER));
}
