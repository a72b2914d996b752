import { Decimal } from '../../src/domain/decimal.js';
import type { Idea } from './idea.js';
import type { PatternType } from './ledger-rows.js';
import {
  barsBetween,
  closePosition,
  confirmTest,
  detect,
  fractionText,
  type Pattern,
  stopAbove,
  stopBelow,
} from './patterns.js';
import type { Range } from './ranges.js';

/*
 * The patterns that stop a trend and set a range's limits. They are context, never an entry; their entry price is the bar's close and their
 * stop lies beyond the extreme that makes them what they are.
 */

type Extreme = 'low' | 'high';

/** PS, PSY and BC, which carry nothing but a note. */
export function context(
  idea: Idea,
  given: { type: PatternType; on: string; extreme: Extreme; notes: string },
): Pattern {
  return detectContext(idea, { ...given, phase: 'A' }, { notes: given.notes });
}

export function sellingClimax(idea: Idea, on: string): Pattern {
  const bar = idea.series.on(on);
  const metadata = { close_position: closePosition(bar), prior_close: idea.series.before(on).close.toFixed(2) };
  return detectContext(idea, { type: 'SC', phase: 'A', on, extreme: 'low' }, metadata);
}

export function buyingClimax(idea: Idea, on: string): Pattern {
  const notes = 'the last large buying of the rise, and a close off the high';
  return context(idea, { type: 'BC', on, extreme: 'high', notes });
}

/** AR: how far the price swings back once the climax is over. After a buying climax the same keys measure the fall from its high. */
export function automaticReaction(idea: Idea, climax: Pattern, on: string): Pattern {
  const from = climaxPrice(climax);
  const extreme: Extreme = climax.row.pattern_type === 'SC' ? 'high' : 'low';
  const swing = idea.series.on(on)[extreme].minus(from).abs();
  return detectContext(
    idea,
    { type: 'AR', phase: 'A', on, extreme },
    {
      sc_pattern_id: climax.row.id,
      rally_pct: fractionText(swing.div(from)),
      bars_after_sc: barsBetween(climax.bar.date, on),
      ...noteOnClimax(climax),
    },
  );
}

/** ST: the price comes back to the climax on less volume. It confirms the range, so that it is the first pattern to belong to one. */
export function secondaryTest(idea: Idea, climax: Pattern, on: string, range: Range): Pattern {
  const bar = idea.series.on(on);
  const extreme = climaxExtreme(climax);
  const from = climaxPrice(climax);
  const beyond = extreme === 'low' ? from.minus(bar.low) : bar.high.minus(from);
  return detectContext(
    idea,
    { type: 'ST', phase: 'A', on, extreme, range },
    {
      sc_pattern_id: climax.row.id,
      distance_from_sc_low_pct: fractionText(beyond.abs().div(from)),
      volume_reduction_pct: fractionText(new Decimal(1).minus(bar.volume.div(climax.bar.volume))),
      penetration_pct: fractionText(Decimal.max(0, beyond).div(from)),
      ...noteOnClimax(climax),
    },
  );
}

/** TEST: the price goes back to where the SPRING or UTAD was, on less volume, and holds. That confirms the tested pattern. */
export function testAndConfirm(idea: Idea, range: Range, tested: Pattern, on: string): void {
  const isSpring = tested.row.pattern_type === 'SPRING';
  const notes = isSpring
    ? 'a higher low above the support on less volume than the spring'
    : 'a lower high below the resistance on less volume than the UTAD';
  detectContext(idea, { type: 'TEST', phase: 'C', on, extreme: isSpring ? 'low' : 'high', range }, { notes });
  confirmTest(idea, tested, on);
}

function detectContext(
  idea: Idea,
  given: { type: PatternType; phase: string; on: string; extreme: Extreme; range?: Range },
  metadata: Record<string, unknown>,
): Pattern {
  const { type, phase, on, extreme, range } = given;
  const bar = idea.series.on(on);
  const invalidation = bar[extreme];
  const stop = extreme === 'low' ? stopBelow(invalidation) : stopAbove(invalidation);
  return detect(idea, { type, phase, on, range, entry: bar.close, stop, invalidation, metadata });
}

function climaxExtreme(climax: Pattern): Extreme {
  return climax.row.pattern_type === 'SC' ? 'low' : 'high';
}

function climaxPrice(climax: Pattern): Decimal {
  return climax.bar[climaxExtreme(climax)];
}

function noteOnClimax(climax: Pattern): { notes?: string } {
  return climax.row.pattern_type === 'SC' ? {} : { notes: 'measured from the high of the buying climax' };
}
