import { expect, test } from 'vitest';
import { describeStanding, isOver, type Standing } from '../../src/cli/ledger/outcome.js';
import type { Campaign } from '../../src/domain/campaign.js';
import type { Signal } from '../../src/domain/signal.js';
import type { TradingRange } from '../../src/domain/trading-range.js';

const DAY = new Date('2024-06-15T00:00:00Z');
const NOTHING: Standing = { ranges: [], patterns: [], signals: [], campaigns: [] };
const range = (given: Partial<TradingRange>) =>
  ({
    id: '7d02d6de-0000',
    direction: 'accumulation',
    phase: 'E',
    endTime: DAY,
    deletedAt: null,
    ...given,
  }) as TradingRange;
const signal = (status: Signal['status'], campaignId: string | null = null) => ({ status, campaignId }) as Signal;
const campaign = (status: Campaign['status']) => ({ id: '73c2bd2e-0000', status, entries: [] }) as unknown as Campaign;

test.each<[string, Partial<Standing>, boolean]>([
  ['a range that lasts', { ranges: [range({ endTime: null })] }, false],
  ['a range that has ended', { ranges: [range({})], patterns: [1] }, true],
  ['a range that was deleted before it ended', { ranges: [range({ endTime: null, deletedAt: DAY })] }, true],
  ['patterns alone', { patterns: [1] }, false],
  ['a signal that waits', { signals: [signal('PENDING')] }, false],
  ['an approved signal', { signals: [signal('APPROVED')] }, false],
  [
    'final signals',
    { signals: [signal('REJECTED'), signal('EXPIRED'), signal('STOPPED'), signal('TARGET_HIT')] },
    true,
  ],
  ['a filled signal without a campaign', { signals: [signal('FILLED')] }, false],
  ['a live campaign', { campaigns: [campaign('MARKUP')], signals: [signal('TARGET_HIT')] }, false],
  ['a completed one', { campaigns: [campaign('COMPLETED')], signals: [signal('FILLED', '73c2bd2e-0000')] }, true],
  [
    'a completed one beside a filled signal of another',
    { campaigns: [campaign('COMPLETED')], signals: [signal('FILLED', 'b')] },
    false,
  ],
])('%s: over %#', (_, standing, over) => {
  expect(isOver({ ...NOTHING, ...standing })).toBe(over);
});

test('how it stands, what matters most first', () => {
  const standing = {
    ranges: [range({})],
    patterns: [1, 2],
    signals: [signal('FILLED'), signal('PENDING'), signal('FILLED')],
    campaigns: [campaign('ACTIVE')],
  };
  expect(describeStanding(standing)).toBe(
    'campaign 73c2bd2e ACTIVE, 0 of 0 positions open; signals: 1 PENDING, 2 FILLED; range 7d02d6de accumulation, phase E, ended; 2 patterns',
  );
  expect(describeStanding(NOTHING)).toBe('');
});
