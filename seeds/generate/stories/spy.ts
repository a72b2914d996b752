import type { BarSeries } from '../bar-series.js';
import { completeCampaign, openAllocation, turnToMarkup } from '../campaigns.js';
import { automaticReaction, buyingClimax, context, secondaryTest, testAndConfirm } from '../context-patterns.js';
import { backUp, lastPointOfSupport, signOfStrength, spring } from '../entry-patterns.js';
import { newIdea } from '../idea.js';
import type { Ledger } from '../ledger.js';
import { rejectPattern } from '../patterns.js';
import { closeRange, growRange, openRange } from '../ranges.js';
import { approve, expire, fill, generateSignal, reject, settle } from '../signals.js';

/** The re-accumulation: one spring that fails and one that holds, two positions carried to the target, two signals that came to nothing. */
export function spyReaccumulation(ledger: Ledger, series: BarSeries): void {
  const idea = newIdea(ledger, series);
  const notes = 'supply meets the rise for the first time';
  context(idea, { type: 'PSY', on: '2024-02-13', extreme: 'high', notes });
  const climax = buyingClimax(idea, '2024-04-01');
  const reaction = automaticReaction(idea, climax, '2024-04-12');
  const range = openRange(idea, {
    direction: 'accumulation',
    firstDate: '2024-04-01',
    seenOn: '2024-04-26',
    support: reaction.bar.low,
    resistance: climax.bar.high,
  });
  secondaryTest(idea, climax, '2024-04-26', range);

  const candidate = spring(idea, range, '2024-05-30', '2024-05-31');
  growRange(idea, range, '2024-05-31', 'C');
  rejectPattern(idea, candidate, '2024-06-11', `traded below its low of ${candidate.row.invalidation_level}`);
  const shakeout = spring(idea, range, '2024-06-11', '2024-06-12');
  growRange(idea, range, '2024-06-12', 'C');
  testAndConfirm(idea, range, shakeout, '2024-06-18');
  const first = generateSignal(idea, { pattern: shakeout, range, on: '2024-06-18', allocation: '0.5' });
  approve(idea, first);
  const campaign = fill(idea, first);

  const breakout = signOfStrength(idea, range, '2024-07-09');
  growRange(idea, range, '2024-07-09', 'D');
  const second = generateSignal(idea, { pattern: breakout, range, on: '2024-07-09', allocation: '0.3' });
  approve(idea, second);
  expire(idea, second);

  const pullback = lastPointOfSupport(idea, range, breakout, '2024-07-16');
  const third = generateSignal(idea, { pattern: pullback, range, on: '2024-07-16', allocation: '0.5' });
  approve(idea, third);
  fill(idea, third, campaign);

  const edge = backUp(idea, range, '2024-07-26', 'the last return to the edge of the range before the markup');
  const fourth = generateSignal(idea, { pattern: edge, range, on: '2024-07-26', allocation: '0.2' });
  const used = openAllocation(campaign).toFixed(2);
  reject(idea, fourth, { stage: 'Risk', status: 'FAIL', reason: `the campaign uses ${used}% of its 5.00% already` });
  closeRange(idea, range, '2024-07-26', '2024-08-01');
  turnToMarkup(idea, campaign, '2024-08-01', 'the markup has begun');

  settle(idea, first, campaign);
  completeCampaign(idea, campaign, settle(idea, third, campaign));
}
