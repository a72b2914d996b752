import type { BarSeries } from '../bar-series.js';
import { completeCampaign, turnToMarkup } from '../campaigns.js';
import {
  automaticReaction,
  buyingClimax,
  context,
  secondaryTest,
  sellingClimax,
  testAndConfirm,
} from '../context-patterns.js';
import { lastPointOfSupport, signOfStrength, spring } from '../entry-patterns.js';
import { newIdea } from '../idea.js';
import type { Ledger } from '../ledger.js';
import { closeRange, growRange, openRange } from '../ranges.js';
import { approve, fill, generateSignal, settle } from '../signals.js';

/** The accumulation of the spring: three entries, all of them carried to the target. */
export function aaplAccumulation(ledger: Ledger, series: BarSeries): void {
  const idea = newIdea(ledger, series);
  const notes = 'large buying meets the fall for the first time';
  context(idea, { type: 'PS', on: '2024-02-14', extreme: 'low', notes });
  const climax = sellingClimax(idea, '2024-03-07');
  const reaction = automaticReaction(idea, climax, '2024-03-14');
  const range = openRange(idea, {
    direction: 'accumulation',
    firstDate: '2024-03-07',
    seenOn: '2024-03-28',
    support: climax.bar.low,
    resistance: reaction.bar.high,
  });
  secondaryTest(idea, climax, '2024-03-28', range);

  const shakeout = spring(idea, range, '2024-05-16', '2024-05-17');
  growRange(idea, range, '2024-05-17', 'C');
  testAndConfirm(idea, range, shakeout, '2024-05-22');
  const first = generateSignal(idea, { pattern: shakeout, range, on: '2024-05-22', allocation: '0.4' });
  approve(idea, first);
  const campaign = fill(idea, first);

  const breakout = signOfStrength(idea, range, '2024-06-05');
  growRange(idea, range, '2024-06-05', 'D');
  const second = generateSignal(idea, { pattern: breakout, range, on: '2024-06-05', allocation: '0.3' });
  approve(idea, second, { stage: 'Levels', status: 'WARN', reason: 'the entry lies 1.8% above the resistance' });
  fill(idea, second, campaign);

  const pullback = lastPointOfSupport(idea, range, breakout, '2024-06-14');
  const third = generateSignal(idea, { pattern: pullback, range, on: '2024-06-14', allocation: '0.3' });
  approve(idea, third);
  fill(idea, third, campaign);
  closeRange(idea, range, '2024-06-14', '2024-06-20');
  turnToMarkup(idea, campaign, '2024-06-20', 'the markup has begun');

  settle(idea, first, campaign);
  settle(idea, second, campaign);
  completeCampaign(idea, campaign, settle(idea, third, campaign));
}

/** The re-accumulation of the autumn, still under way when the year ends: two positions open, a third order waiting for the next session. */
export function aaplReaccumulation(ledger: Ledger, series: BarSeries): void {
  const idea = newIdea(ledger, series);
  const climax = buyingClimax(idea, '2024-09-12');
  const reaction = automaticReaction(idea, climax, '2024-09-20');
  const range = openRange(idea, {
    direction: 'accumulation',
    firstDate: '2024-09-12',
    seenOn: '2024-10-07',
    support: reaction.bar.low,
    resistance: climax.bar.high,
  });
  secondaryTest(idea, climax, '2024-10-07', range);

  const shakeout = spring(idea, range, '2024-11-21', '2024-11-25');
  growRange(idea, range, '2024-11-25', 'C');
  testAndConfirm(idea, range, shakeout, '2024-12-03');
  const first = generateSignal(idea, { pattern: shakeout, range, on: '2024-12-03', allocation: '0.4' });
  approve(idea, first);
  const campaign = fill(idea, first);

  const breakout = signOfStrength(idea, range, '2024-12-17');
  growRange(idea, range, '2024-12-17', 'D');
  const second = generateSignal(idea, { pattern: breakout, range, on: '2024-12-17', allocation: '0.3' });
  approve(idea, second);
  fill(idea, second, campaign);

  const pullback = lastPointOfSupport(idea, range, breakout, '2024-12-31');
  growRange(idea, range, '2024-12-31', 'D');
  approve(idea, generateSignal(idea, { pattern: pullback, range, on: '2024-12-31', allocation: '0.3' }));
}
