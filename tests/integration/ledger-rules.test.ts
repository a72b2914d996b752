import { expect, test } from 'vitest';
import { soundPattern, soundRange, soundSignal } from '../setup/ledger-inputs.js';
import { insertRow, type LedgerTable, type Row } from '../setup/ledger-rows.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

/** What the domain leaves empty, and what it fills in by itself. */
const NULLABLE: Partial<Record<LedgerTable, string[]>> = {
  trading_ranges: ['deleted_at', 'end_time'],
  patterns: ['rejection_reason', 'test_bar_timestamp', 'trading_range_id'],
  signals: ['campaign_id', 'pattern_id'],
};

test('only what may be missing is nullable, whoever writes', async () => {
  const { url } = await openTestStore();
  const raw = await openRawClient(url);
  for (const [table, nullable] of Object.entries(NULLABLE)) {
    const { rows } = await raw.query(
      "SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND is_nullable = 'YES' ORDER BY 1",
      [table],
    );
    expect([table, rows.map((row) => row.column_name)]).toEqual([table, nullable]);
  }
});

test('a row that plain SQL writes with as little as may be is read as one of the store’s own', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  const metadata = JSON.stringify(soundPattern(null).metadata);
  for (const [table, change] of [
    ['trading_ranges', { end_time: undefined }],
    ['patterns', { metadata }],
    ['signals', { campaign_id: undefined }],
  ] as const satisfies readonly (readonly [LedgerTable, Row])[])
    await insertRow(raw, table, change);
  const [range, pattern, signal] = await Promise.all([
    store.tradingRanges.find().then(({ rows }) => rows[0]!),
    store.patterns.find().then(({ rows }) => rows[0]!),
    store.signals.find().then(({ rows }) => rows[0]!),
  ]);
  expect(range).toMatchObject({ version: 1, touchCountCreek: 0, touchCountIce: 0, endTime: null, deletedAt: null });
  expect(pattern).toMatchObject({ testConfirmed: false, testBarTimestamp: null, metadataVersion: 1 });
  expect(signal).toMatchObject({ signalType: 'LONG', status: 'PENDING', notificationSent: false, approvalChain: null });
  expect(signal.campaignAllocation.toString()).toBe('0');
  // And goes on as one of them.
  await store.tradingRanges.updateLevels(range.id, { version: 1, phase: 'D' });
  await store.patterns.confirmTest(pattern.id, '2024-01-21');
  await store.signals.expire(signal.id);
});

test('the database holds the values of the store to the last digit', async () => {
  const { store, url } = await openTestStore();
  const raw = await openRawClient(url);
  const range = await store.tradingRanges.create(
    soundRange({ creekLevel: '0.00000001', iceLevel: '9999999999.99999998', jumpTarget: '9999999999.99999999' }),
  );
  const pattern = await store.patterns.create(
    soundPattern(range, { entryPrice: '9999999999.99999999', spreadRatio: '999999.9999', volumeRatio: '0.0001' }),
  );
  const signal = await store.signals.create(
    soundSignal(null, { positionSize: '0.12345678', campaignAllocation: '0.3333' }),
  );
  const { rows } = await raw.query(
    `SELECT r.creek_level, r.ice_level, r.jump_target, r.range_width, p.entry_price, p.volume_ratio, p.spread_ratio,
            s.position_size, s.risk_amount, s.r_multiple, s.campaign_allocation, s.approval_chain
     FROM trading_ranges r, patterns p, signals s WHERE r.id = $1 AND p.id = $2 AND s.id = $3`,
    [range.id, pattern.id, signal.id],
  );
  expect(rows).toEqual([
    {
      creek_level: '0.00000001',
      ice_level: '9999999999.99999998',
      jump_target: '9999999999.99999999',
      range_width: '9999999999.99999997',
      entry_price: '9999999999.99999999',
      volume_ratio: '0.0001',
      spread_ratio: '999999.9999',
      position_size: '0.12345678',
      risk_amount: '0.37',
      r_multiple: '9.67',
      campaign_allocation: '0.3333',
      approval_chain: {},
    },
  ]);
});
