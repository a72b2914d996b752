import { expect, onTestFinished, test } from 'vitest';
import { newId } from '../../src/domain/identifier.js';
import { ConnectionError, DatabaseError, openStore, type Store } from '../../src/index.js';
import { createSignal, soundChain, soundRange } from '../setup/ledger-inputs.js';
import { openRawClient } from '../setup/raw-client.js';
import { type Loss, openTcpProxy } from '../setup/tcp-proxy.js';
import { openTestStore } from '../setup/test-database.js';

/** A store whose network is a test's, and another one beside it on the same database. */
async function openStoreByProxy() {
  const { store: beside, url } = await openTestStore({ logLevel: 'silent' });
  const proxy = await openTcpProxy(url);
  const store = await openStore({ databaseUrl: proxy.url, logLevel: 'silent', actor: 'by proxy' });
  onTestFinished(() => store.close());
  const raw = await openRawClient(url);
  const events = async (entityId: string): Promise<string[]> => {
    const { rows } = await raw.query(
      'SELECT event_type FROM audit_trail WHERE entity_id = $1 ORDER BY timestamp, seq',
      [entityId],
    );
    return rows.map((row) => row.event_type);
  };
  return { store, beside, proxy, raw, events };
}

async function verifies(store: Store): Promise<void> {
  expect((await store.audit.verify()).problems).toEqual([]);
}

const LOSSES: readonly (readonly [Loss, runs: number])[] = [
  ['answer', 1],
  ['commit', 2],
];

test.each(LOSSES)('a transaction whose %s is lost is written once, after %i runs', async (loss, runs) => {
  const { store, beside, proxy, events } = await openStoreByProxy();
  const id = newId();
  proxy.loseCommit(loss);
  let run = 0;
  const range = await store.transaction({ actor: 'detector' }, async (tx) => {
    run += 1;
    return tx.tradingRanges.create(soundRange({ id }));
  });
  expect(run).toBe(runs);
  expect(await beside.tradingRanges.byId(id)).toEqual(range);
  expect(await events(id)).toEqual(['TRADING_RANGE_CREATED']);
  await verifies(beside);
});

test.each(LOSSES)('a transaction without ids of its own, whose %s is lost, is written once', async (loss, runs) => {
  const { store, beside, proxy } = await openStoreByProxy();
  proxy.loseCommit(loss);
  let run = 0;
  await store.transaction({ actor: 'detector' }, async (tx) => {
    run += 1;
    const { id: _, ...range } = soundRange();
    return tx.tradingRanges.create(range);
  });
  expect(run).toBe(runs);
  expect((await beside.tradingRanges.find()).rows).toHaveLength(1);
  await verifies(beside);
});

test.each(LOSSES)('an approval by itself, whose %s is lost, is written once', async (loss, runs) => {
  const { store, beside, proxy, events } = await openStoreByProxy();
  const signal = await createSignal(beside);
  proxy.loseCommit(loss);
  const approved = await store.signals.approve(signal.id, soundChain());
  expect(approved.status).toBe('APPROVED');
  expect(await beside.signals.byId(signal.id)).toEqual(approved);
  expect(await events(signal.id)).toEqual(['SIGNAL_GENERATED', 'SIGNAL_APPROVED']);
  expect(proxy.statements.filter((text) => text === 'COMMIT')).toHaveLength(runs);
  await verifies(beside);
});

test.each(LOSSES)('bars alone, whose %s is lost, are counted as what they were', async (loss, runs) => {
  const { store, beside, proxy } = await openStoreByProxy();
  const bar = { symbol: 'AAPL', timeframe: '1d', open: 2, high: 3, low: 1, close: 2, volume: 4 } as const;
  proxy.loseCommit(loss);
  let run = 0;
  const counts = await store.transaction({ actor: 'feed' }, async (tx) => {
    run += 1;
    return tx.bars.upsert([{ ...bar, timestamp: '2024-01-02' }]);
  });
  expect([run, counts]).toEqual([runs, { inserted: 1, changed: 0, unchanged: 0 }]);
  proxy.loseCommit(loss);
  const window = { symbol: 'AAPL', timeframe: '1d' } as const;
  expect(await store.transaction({ actor: 'feed' }, (tx) => tx.bars.delete(window))).toBe(1);
  expect(await beside.bars.range(window)).toEqual([]);
  await verifies(beside);
});

test('a server that still works at the transaction is asked again until it knows', async () => {
  const { store, beside, proxy, events } = await openStoreByProxy();
  const id = newId();
  const questions = () => proxy.statements.filter((text) => text.includes('pg_xact_status')).length;
  // The server does not learn that its client is gone until it was asked twice.
  proxy.loseCommit('commit', async () => {
    while (questions() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  });
  let run = 0;
  await store.transaction({ actor: 'detector' }, async (tx) => {
    run += 1;
    return tx.tradingRanges.create(soundRange({ id }));
  });
  expect(run).toBe(2);
  expect(questions()).toBeGreaterThanOrEqual(2);
  expect(await events(id)).toEqual(['TRADING_RANGE_CREATED']);
  await verifies(beside);
});

test('without retries a lost COMMIT is told, and a lost answer is no failure', async () => {
  const { store, beside, proxy } = await openStoreByProxy();
  const create = (id: string) =>
    store.transaction({ actor: 'detector', retries: 0 }, (tx) => tx.tradingRanges.create(soundRange({ id })));
  const [first, second] = [newId(), newId()];
  proxy.loseCommit('commit');
  await expect(create(first)).rejects.toBeInstanceOf(ConnectionError);
  expect(await beside.tradingRanges.byId(first)).toBeUndefined();
  proxy.loseCommit('answer');
  expect((await create(second)).id).toBe(second);
});

test('a server that does not come back leaves the outcome unknown', async () => {
  const { store, beside, proxy } = await openStoreByProxy();
  const id = newId();
  let run = 0;
  proxy.loseCommit('answer', () => proxy.close());
  const failure = await store
    .transaction({ actor: 'detector' }, async (tx) => {
      run += 1;
      return tx.tradingRanges.create(soundRange({ id }));
    })
    .catch((error) => error);
  expect(failure).toBeInstanceOf(DatabaseError);
  expect(failure).toMatchObject({
    code: 'COMMIT_UNKNOWN',
    message: 'the connection was lost during COMMIT, and the server cannot tell whether it came through',
    hint: 'do it again with the same ids: what is there already is recognised',
    cause: { code: 'DATABASE_UNREACHABLE' },
  });
  expect(run).toBe(1);
  // As the hint says.
  expect((await beside.tradingRanges.create(soundRange({ id }))).id).toBe(id);
  await verifies(beside);
});

test('an approval takes 5 round trips, by itself and in a transaction', async () => {
  const { store, beside, proxy } = await openStoreByProxy();
  await store.health(); // the connection is there
  const counted = async (approve: (id: string) => Promise<unknown>) => {
    const { id } = await createSignal(beside);
    const before = proxy.roundTrips;
    await approve(id);
    return proxy.roundTrips - before;
  };
  expect(await counted((id) => store.signals.approve(id, soundChain()))).toBe(5);
  expect(
    await counted((id) => store.transaction({ actor: 'risk' }, (tx) => tx.signals.approve(id, soundChain()))),
  ).toBe(5);
  expect(proxy.statements.slice(-5).map((text) => text.trim().split(/\s/)[0])).toEqual([
    'BEGIN',
    'WITH',
    'UPDATE',
    'WITH',
    'COMMIT',
  ]);
});
