import type { Decimal } from '../../src/domain/decimal.js';
import type { PricedBar } from './bar-series.js';
import type { Idea } from './idea.js';
import {
  barsBetween,
  closePosition,
  type Detection,
  detect,
  fractionText,
  type Pattern,
  stopAbove,
  stopBelow,
} from './patterns.js';
import type { Range } from './ranges.js';

/*
 * The patterns that can be traded. SPRING and UTAD are entered where the price comes back into the range, the others at their bar's close.
 */

/** SPRING: below the support and, by the close of `recoveredOn`, back above it. */
export function spring(idea: Idea, range: Range, on: string, recoveredOn: string): Pattern {
  const { low } = idea.series.on(on);
  const recovery = idea.series.on(recoveredOn).close;
  const depth = range.support.minus(low);
  return detect(idea, {
    type: 'SPRING',
    phase: 'C',
    on,
    seenOn: recoveredOn,
    range,
    entry: recovery,
    stop: stopBelow(low),
    invalidation: low,
    metadata: {
      penetration_pct: fractionText(depth.div(range.support)),
      recovery_bars: barsBetween(on, recoveredOn),
      spring_low: low.toFixed(2),
      recovery_price: recovery.toFixed(2),
      creek_reference: range.support.toFixed(2),
      creek_distance: depth.toFixed(2),
    },
  });
}

/** UTAD: above the resistance and, by the close of `failedOn`, back below it. */
export function utad(idea: Idea, range: Range, on: string, failedOn: string): Pattern {
  const { high } = idea.series.on(on);
  const failure = idea.series.on(failedOn).close;
  const height = high.minus(range.resistance);
  return detect(idea, {
    type: 'UTAD',
    phase: 'C',
    on,
    seenOn: failedOn,
    range,
    entry: failure,
    stop: stopAbove(high),
    invalidation: high,
    metadata: {
      breakout_pct: fractionText(height.div(range.resistance)),
      bars_to_failure: barsBetween(on, failedOn),
      utad_high: high.toFixed(2),
      failure_price: failure.toFixed(2),
      ice_reference: range.resistance.toFixed(2),
      ice_penetration: height.toFixed(2),
    },
  });
}

/** UT: above the resistance and back below it within the bar. */
export function upthrust(idea: Idea, range: Range, on: string, notes: string): Pattern {
  const { high } = idea.series.on(on);
  return atClose(idea, range, on, {
    type: 'UT',
    phase: 'B',
    stop: stopAbove(high),
    invalidation: high,
    metadata: { notes },
  });
}

/** SOS: a close above the resistance. Wrong when the price falls back to the middle of the range. */
export function signOfStrength(idea: Idea, range: Range, on: string): Pattern {
  const bar = idea.series.on(on);
  const metadata = {
    breakout_pct: fractionText(bar.close.minus(range.resistance).div(range.resistance)),
    breakout_price: bar.close.toFixed(2),
    close_position: closePosition(bar),
    ice_reference: range.resistance.toFixed(2),
  };
  return atClose(idea, range, on, { type: 'SOS', phase: 'D', ...wrongAt(middle(range)), metadata });
}

/** SOW: a close below the support. */
export function signOfWeakness(idea: Idea, range: Range, on: string, notes: string): Pattern {
  return atClose(idea, range, on, { type: 'SOW', phase: 'D', ...wrongAt(middle(range)), metadata: { notes } });
}

/** LPS: after the SOS the price comes back, and the old resistance holds. */
export function lastPointOfSupport(idea: Idea, range: Range, sos: Pattern, on: string): Pattern {
  const { low } = idea.series.on(on);
  const metadata = {
    sos_pattern_id: sos.row.id,
    distance_from_ice: low.minus(range.resistance).toFixed(2),
    pullback_low: low.toFixed(2),
    bars_after_sos: barsBetween(sos.bar.date, on),
    held_support: low.gte(range.resistance),
    // Little volume and a narrow bar: small effort, small result.
    effort_result: 'EFFORT_MATCHES_RESULT',
  };
  return atClose(idea, range, on, { type: 'LPS', phase: 'D', ...wrongAt(insideTop(range)), metadata });
}

export function backUp(idea: Idea, range: Range, on: string, notes: string): Pattern {
  return atClose(idea, range, on, { type: 'BU', phase: 'D', ...wrongAt(insideTop(range)), metadata: { notes } });
}

/** LPSY at the old support, or, further down in the markdown, at the top of a rally. */
export function lastPointOfSupply(idea: Idea, range: Range, on: string, phase: 'D' | 'E', notes: string): Pattern {
  const { high } = idea.series.on(on);
  const levels = phase === 'D' ? wrongAt(insideBottom(range)) : { stop: high.times('1.01'), invalidation: high };
  return atClose(idea, range, on, { type: 'LPSY', phase, ...levels, metadata: { notes } });
}

function atClose(
  idea: Idea,
  range: Range,
  on: string,
  given: Pick<Detection, 'type' | 'phase' | 'stop' | 'invalidation' | 'metadata'>,
): Pattern {
  const bar: PricedBar = idea.series.on(on);
  return detect(idea, { ...given, on, range, entry: bar.close });
}

function wrongAt(level: Decimal): { stop: Decimal; invalidation: Decimal } {
  return { stop: level, invalidation: level };
}

function middle(range: Range): Decimal {
  return range.support.plus(range.resistance).div(2);
}

/** A fifth of the range below its top: a price that is back there has not held. */
function insideTop(range: Range): Decimal {
  return range.resistance.minus(range.resistance.minus(range.support).div(5));
}

function insideBottom(range: Range): Decimal {
  return range.support.plus(range.resistance.minus(range.support).div(5));
}
