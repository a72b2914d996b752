import { Decimal } from '../../../src/domain/decimal.js';
import type { BarSeries } from '../bar-series.js';
import { turnToMarkup } from '../campaigns.js';
import { automaticReaction, buyingClimax, context, secondaryTest, testAndConfirm } from '../context-patterns.js';
import { lastPointOfSupply, signOfWeakness, upthrust, utad } from '../entry-patterns.js';
import { newIdea } from '../idea.js';
import type { Ledger } from '../ledger.js';
import { closeRange, deleteRange, growRange, openRange } from '../ranges.js';
import { approve, fill, generateSignal, settle } from '../signals.js';

/** The distribution: an early short is stopped out by the UTAD, the two after it ride the markdown, a fourth waits at the year's end. */
export function tslaDistribution(ledger: Ledger, series: BarSeries): void {
  const idea = newIdea(ledger, series);
  const notes = 'large selling meets the rise for the first time';
  context(idea, { type: 'PSY', on: '2024-02-08', extreme: 'high', notes });
  const climax = buyingClimax(idea, '2024-02-27');
  const reaction = automaticReaction(idea, climax, '2024-03-06');
  const range = openRange(idea, {
    direction: 'distribution',
    firstDate: '2024-02-27',
    seenOn: '2024-03-21',
    support: reaction.bar.low,
    resistance: climax.bar.high,
  });
  secondaryTest(idea, climax, '2024-03-21', range);

  const early = upthrust(idea, range, '2024-04-16', 'above the resistance during the day, closed back inside');
  growRange(idea, range, '2024-04-16', 'B');
  const first = generateSignal(idea, { pattern: early, range, on: '2024-04-16', allocation: '0.3' });
  approve(idea, first, { stage: 'Phase', status: 'WARN', reason: 'phase B: the last upthrust may still come' });
  const campaign = fill(idea, first);
  settle(idea, first, campaign);

  const trap = utad(idea, range, '2024-05-08', '2024-05-10');
  growRange(idea, range, '2024-05-10', 'C');
  testAndConfirm(idea, range, trap, '2024-05-17');
  const second = generateSignal(idea, { pattern: trap, range, on: '2024-05-17', allocation: '0.4' });
  approve(idea, second);
  fill(idea, second, campaign);

  signOfWeakness(idea, range, '2024-06-03', 'a wide bar through the support, closed near its low');
  growRange(idea, range, '2024-06-03', 'D');
  const rally = lastPointOfSupply(idea, range, '2024-06-14', 'D', 'the old support is resistance now');
  // The last position of a campaign takes the nearer count: twice the width instead of three times.
  const nearer = range.support.minus(new Decimal(2).times(range.resistance.minus(range.support)));
  const third = generateSignal(idea, { pattern: rally, range, on: '2024-06-14', allocation: '0.3', target: nearer });
  approve(idea, third);
  fill(idea, third, campaign);
  closeRange(idea, range, '2024-06-14', '2024-06-20');
  turnToMarkup(idea, campaign, '2024-06-20', 'the markdown has begun');
  settle(idea, third, campaign);

  const late = lastPointOfSupply(idea, range, '2024-12-31', 'E', 'a rally in the markdown ends on little volume');
  generateSignal(idea, { pattern: late, range, on: '2024-12-31', allocation: '0.2' });
}

/** A pause in the markdown that was taken for a range, and deleted when the price left it without a phase C. */
export function tslaFalseRange(ledger: Ledger, series: BarSeries): void {
  const idea = newIdea(ledger, series);
  const bars = series.between('2024-08-05', '2024-08-30');
  const range = openRange(idea, {
    direction: 'distribution',
    firstDate: '2024-08-05',
    seenOn: '2024-08-30',
    support: Decimal.min(...bars.map((bar) => bar.low)),
    resistance: Decimal.max(...bars.map((bar) => bar.high)),
  });
  closeRange(idea, range, '2024-08-30', '2024-09-04', 'B');
  deleteRange(idea, range, '2024-09-06', 'a pause in the markdown, not a range: no climax, no test');
}
