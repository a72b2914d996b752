import { expect, test } from 'vitest';
import { newId, projectRange } from '../../src/index.js';
import {
  createTradable,
  soundCampaign,
  soundChain,
  soundEntry,
  soundPattern,
  soundRange,
  soundSignal,
} from '../setup/ledger-inputs.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

test('from a range to a position: one story under one id, each step with its event, and every row reads back', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  const correlationId = newId();
  const told = await store.transaction({ actor: 'detector/1.4', correlationId }, async (tx) => {
    const levels = projectRange({ direction: 'accumulation', creekLevel: '100', iceLevel: '110', durationBars: 22 });
    const { id, version } = await tx.tradingRanges.create(soundRange({ ...levels, phase: 'B' }));
    const range = await tx.tradingRanges.updateLevels(id, { version, phase: 'C', durationBars: 30 });
    const spring = await tx.patterns.create(soundPattern(range));
    const pattern = await tx.patterns.confirmTest(spring.id, '2024-02-05', { confirmedAt: '2024-02-06' });
    const pending = await tx.signals.create(soundSignal(pattern, { campaignAllocation: '0.5' }));
    await tx.signals.approve(pending.id, soundChain());
    const { id: campaignId } = await tx.campaigns.open(soundCampaign(range));
    const signal = await tx.signals.fill(pending.id, { campaignId, at: '2024-02-07', price: '101' });
    const campaign = await tx.campaigns.addEntry(campaignId, soundEntry(signal));
    return { range, pattern, signal, campaign };
  });
  expect(told.campaign.totalAllocation.toString()).toBe('2.5');
  expect(await store.tradingRanges.byId(told.range.id)).toEqual(told.range);
  expect(await store.patterns.byId(told.pattern.id)).toEqual(told.pattern);
  expect(await store.signals.byId(told.signal.id)).toEqual(told.signal);
  expect(await store.campaigns.byId(told.campaign.id)).toEqual(told.campaign);
  const { rows } = await raw.query('SELECT event_type, correlation_id FROM audit_trail ORDER BY seq');
  expect(rows).toEqual(
    [
      ['TRADING_RANGE_CREATED', 'TRADING_RANGE_UPDATED', 'PATTERN_DETECTED', 'PATTERN_TEST_CONFIRMED'],
      ['SIGNAL_GENERATED', 'SIGNAL_APPROVED', 'CAMPAIGN_OPENED', 'SIGNAL_FILLED', 'CAMPAIGN_ENTRY_ADDED'],
    ]
      .flat()
      .map((event_type) => ({ event_type, correlation_id: correlationId })),
  );
  expect(await store.audit.verify()).toMatchObject({ problems: [], events: 9, chains: 1 });
});

test('a signal is not approved on a pattern that is rejected at the same time, whoever comes first', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  for (let round = 0; round < 10; round += 1) {
    const pattern = await createTradable(store);
    const signal = await store.signals.create(soundSignal(pattern));
    const [approval] = await Promise.allSettled([
      store.signals.approve(signal.id, soundChain()),
      store.patterns.reject(pattern.id, 'a breakdown'),
    ]);
    const { rows } = await raw.query(
      `SELECT event_type FROM audit_trail WHERE event_type IN ('SIGNAL_APPROVED', 'PATTERN_REJECTED')
       AND entity_id IN ($1, $2) ORDER BY timestamp`,
      [signal.id, pattern.id],
    );
    const events = rows.map((row) => row.event_type);
    if (approval.status === 'fulfilled') expect(events).toEqual(['SIGNAL_APPROVED', 'PATTERN_REJECTED']);
    else {
      expect(approval.reason).toMatchObject({ code: 'PATTERN_NOT_TRADABLE' });
      expect(events).toEqual(['PATTERN_REJECTED']);
    }
  }
});

test('a pattern is not made in a range that is deleted at the same time, whoever comes first', async () => {
  const { store } = await openTestStore();
  for (let round = 0; round < 10; round += 1) {
    const range = await store.tradingRanges.create(soundRange());
    const [creation, deletion] = await Promise.allSettled([
      store.patterns.create(soundPattern(range)),
      store.tradingRanges.softDelete(range.id, { version: 1 }),
    ]);
    expect(deletion.status).toBe('fulfilled');
    if (creation.status === 'rejected') expect(creation.reason).toMatchObject({ code: 'RANGE_DELETED' });
    expect(await store.patterns.byRange(range.id)).toHaveLength(creation.status === 'fulfilled' ? 1 : 0);
  }
});
