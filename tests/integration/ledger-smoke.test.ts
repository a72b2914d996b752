import { expect, it } from 'vitest';
import { projectRange } from '../../src/domain/trading-range.js';
import { openTestStore } from '../setup/test-database.js';

it('tells a story', async () => {
  const { store } = await openTestStore();
  const range = await store.tradingRanges.create({
    symbol: 'AAPL',
    timeframe: '1d',
    startTime: '2024-01-02',
    phase: 'B',
    strengthScore: 80,
    ...projectRange({ direction: 'accumulation', creekLevel: '100', iceLevel: '110', durationBars: 22 }),
  });
  expect(range.jumpTarget.toString()).toBe('130');
  const same = await store.tradingRanges.byId(range.id);
  expect(same).toEqual(range);
  const updated = await store.tradingRanges.updateLevels(range.id, { version: 1, phase: 'C', durationBars: 30 });
  expect(updated).toMatchObject({ version: 2, phase: 'C', durationBars: 30 });
  expect(await store.tradingRanges.byId(range.id)).toEqual(updated);
  const spring = await store.patterns.create({
    symbol: 'AAPL',
    timeframe: '1d',
    patternType: 'SPRING',
    detectionTime: '2024-02-02',
    patternBarTimestamp: '2024-02-01',
    confidenceScore: 80,
    phase: 'C',
    tradingRangeId: range.id,
    entryPrice: '101',
    stopLoss: '98',
    invalidationLevel: '97.5',
    volumeRatio: '0.9',
    spreadRatio: '1',
    metadata: {
      penetration_pct: '0.02',
      recovery_bars: 1,
      spring_low: '98.5',
      recovery_price: '100.5',
      creek_reference: '100',
      creek_distance: '1.5',
    },
  });
  expect(await store.patterns.byId(spring.id)).toEqual(spring);
  const result = await store.transaction({ actor: 'detector' }, async (tx) => {
    const tested = await tx.patterns.confirmTest(spring.id, '2024-02-05');
    const signal = await tx.signals.create({
      symbol: 'AAPL',
      timeframe: '1d',
      patternId: tested.id,
      generatedAt: '2024-02-06',
      entryPrice: '101',
      stopLoss: '98',
      target1: '110',
      target2: '130',
      positionSize: '100',
      confidenceScore: 80,
      campaignAllocation: '0.5',
    });
    const results = (['Volume', 'Phase', 'Levels', 'Risk', 'Strategy'] as const).map((stage) => ({
      stage,
      status: 'PASS' as const,
      validator_id: 'v',
      timestamp: '2024-02-06',
    }));
    await tx.signals.approve(signal.id, { validation_results: results });
    const campaign = await tx.campaigns.open({
      symbol: 'AAPL',
      timeframe: '1d',
      tradingRangeId: range.id,
      startedAt: '2024-02-06',
    });
    await tx.signals.fill(signal.id, { campaignId: campaign.id, at: '2024-02-06T14:30:00Z', price: '101' });
    const c = await tx.campaigns.addEntry(campaign.id, {
      signal_id: signal.id,
      price: '101',
      size: '100',
      timestamp: '2024-02-06T14:30:00Z',
      stop_loss: '98',
    });
    return c;
  });
  expect(result.totalAllocation.toString()).toBe('2.5');
  expect(await store.campaigns.byId(result.id)).toEqual(result);
  const verified = await store.audit.verify();
  expect(verified.problems).toEqual([]);
  expect(verified.events).toBe(9);
  expect(verified.chains).toBe(1);
});
