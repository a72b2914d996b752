import { expect, it } from 'vitest';
import { newId } from '../../src/domain/identifier.js';
import { projectRange } from '../../src/domain/trading-range.js';
import type { Transaction } from '../../src/store.js';
import { openTestStore } from '../setup/test-database.js';

const RANGE = {
  symbol: 'AAPL',
  timeframe: '1d',
  startTime: '2024-01-02',
  phase: 'B',
  strengthScore: 80,
  ...projectRange({ direction: 'accumulation', creekLevel: '100', iceLevel: '110', durationBars: 22 }),
} as const;

it('names the actor of the store, or of the transaction around it, where a transaction names none', async () => {
  const { store } = await openTestStore({ actor: 'engine/1.0' });
  const create = async (tx: Transaction) => (await tx.tradingRanges.create(RANGE)).id;
  const ids = [
    await store.transaction({}, create),
    await store.transaction({ actor: 'risk/2.1' }, create),
    await store.transaction({ actor: 'risk/2.1' }, (tx) => tx.transaction({}, create)),
    await store.transaction({}, (tx) => tx.transaction({ actor: 'broker' }, create)),
  ];
  const events = await Promise.all(ids.map((id) => store.audit.byEntity('TRADING_RANGE', id)));
  expect(events.map(({ rows }) => rows.map(({ actor }) => actor))).toEqual([
    ['engine/1.0'],
    ['risk/2.1'],
    ['risk/2.1'],
    ['broker'],
  ]);
  const blank = store.transaction({ actor: ' ' }, create);
  await expect(blank).rejects.toMatchObject({ problems: [{ path: 'actor' }] });
});

it("keeps the market's time of what was done, unless a call names its own, and goes on with the story around it", async () => {
  const { store } = await openTestStore();
  const correlationId = newId();
  const id = await store.transaction({ correlationId, at: '2019-05-06T20:00:00Z' }, async (tx) => {
    const range = await tx.tradingRanges.create(RANGE);
    await tx.transaction({ at: '2019-05-07' }, (inner) =>
      inner.tradingRanges.updateLevels(range.id, { version: 1, phase: 'C' }),
    );
    await tx.transaction({}, (inner) => inner.tradingRanges.updateLevels(range.id, { version: 2, phase: 'D' }));
    return range.id;
  });
  await store.tradingRanges.softDelete(id, { version: 3 });
  const events = await store.audit.byCorrelation(correlationId);
  expect(events.map(({ metadata }) => (metadata as { at?: string }).at)).toEqual([
    '2019-05-06T20:00:00Z',
    '2019-05-07T00:00:00Z',
    '2019-05-06T20:00:00Z',
    undefined,
  ]);
  await expect(store.transaction({ at: 'yesterday' }, async () => {})).rejects.toMatchObject({
    problems: [{ path: 'at' }],
  });
});

it('a transaction of the store inside another one goes on with its story too', async () => {
  const { store } = await openTestStore({ actor: 'store' });
  const correlationId = newId();
  const outer = { actor: 'outer', correlationId, at: '2019-05-06' };
  const id = await store.transaction(outer, () =>
    store.transaction({}, async (tx) => (await tx.tradingRanges.create(RANGE)).id),
  );
  const after = await store.transaction({}, async (tx) => (await tx.tradingRanges.create(RANGE)).id);
  const [inside, outside] = await Promise.all(
    [id, after].map(async (one) => (await store.audit.byEntity('TRADING_RANGE', one)).rows[0]!),
  );
  expect(inside).toMatchObject({ actor: 'outer', correlationId, metadata: { at: '2019-05-06T00:00:00Z' } });
  expect(outside!.actor).toBe('store');
  expect(outside!.correlationId).not.toBe(correlationId);
});
