import type pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { newId } from '../../src/domain/identifier.js';
import { ConnectionError, openStore, type Store, type Transaction, TransactionConflictError } from '../../src/index.js';
import { createSignal, soundChain, soundRange } from '../setup/ledger-inputs.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTcpProxy } from '../setup/tcp-proxy.js';
import { openTestStore } from '../setup/test-database.js';

const ACTOR = { actor: 'detector' };

/** A store, another one on the same database as another process has it, and a connection that knows neither. */
async function openTwo() {
  const { store, url } = await openTestStore({ logLevel: 'silent' });
  const beside = await openStore({ databaseUrl: url, logLevel: 'silent' });
  onTestFinished(() => beside.close());
  return { store, beside, raw: await openRawClient(url), url };
}

async function touch(store: Pick<Transaction, 'tradingRanges'>, id: string) {
  const { version, touchCountIce } = (await store.tradingRanges.byId(id))!;
  return store.tradingRanges.updateLevels(id, { version, touchCountIce: touchCountIce + 1 });
}

async function eventsOf(raw: pg.Client, id: string): Promise<string[]> {
  const { rows } = await raw.query('SELECT event_type FROM audit_trail WHERE entity_id = $1 ORDER BY seq', [id]);
  return rows.map((row) => row.event_type);
}

/** Ends the connections that are in a transaction, from the server's side. */
async function terminate(raw: pg.Client): Promise<void> {
  const { rowCount } = await raw.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'idle in transaction'`);
  expect(rowCount).toBe(1);
}

async function verifies(store: Store): Promise<void> {
  expect((await store.audit.verify()).problems).toEqual([]);
}

test.each(['repeatable read', 'serializable'] as const)(
  'a serialization failure at %s is answered by another run, which sees what the other did',
  async (isolation) => {
    const { store, beside } = await openTwo();
    const { id } = await store.tradingRanges.create(soundRange());
    let run = 0;
    const touched = await store.transaction({ ...ACTOR, isolation }, async (tx) => {
      run += 1;
      await tx.tradingRanges.byId(id); // the snapshot
      if (run === 1) await touch(beside, id);
      return touch(tx, id);
    });
    expect(run).toBe(2);
    expect(touched).toMatchObject({ version: 3, touchCountIce: 2 });
    await verifies(store);
  },
);

test.each([
  [0, 1],
  [2, 3],
])('%i retries are %i runs, and then the conflict is told', async (retries, runs) => {
  const { store, beside, raw } = await openTwo();
  const { id } = await store.tradingRanges.create(soundRange());
  let run = 0;
  const failure = await store
    .transaction({ ...ACTOR, isolation: 'repeatable read', retries }, async (tx) => {
      run += 1;
      await tx.tradingRanges.byId(id);
      await touch(beside, id);
      await touch(tx, id);
    })
    .catch((error) => error);
  expect(failure).toBeInstanceOf(TransactionConflictError);
  expect(failure).toMatchObject({ code: 'TRANSACTION_CONFLICT', sqlstate: '40001', hint: 'run the transaction again' });
  expect(run).toBe(runs);
  expect(await eventsOf(raw, id)).toHaveLength(1 + runs);
});

test('a deadlock is answered by another run of the one that the server chose', async () => {
  const { store, beside, raw } = await openTwo();
  const ids = [newId(), newId()];
  for (const id of ids) await store.tradingRanges.create(soundRange({ id })); // each with a story of its own
  let runs = 0;
  let arrived = 0;
  let open: () => void = () => {};
  const bothHoldOne = new Promise<void>((resolve) => (open = resolve));
  const touchBoth = (one: Store, [first, second]: string[]) =>
    one.transaction(ACTOR, async (tx) => {
      runs += 1;
      await touch(tx, first!);
      arrived += 1;
      if (arrived === 2) open();
      await bothHoldOne;
      await touch(tx, second!);
    });
  await Promise.all([touchBoth(store, ids), touchBoth(beside, [...ids].reverse())]);
  expect(runs).toBe(3);
  for (const id of ids) {
    expect(await store.tradingRanges.byId(id)).toMatchObject({ version: 3, touchCountIce: 2 });
    expect(await eventsOf(raw, id)).toHaveLength(3);
  }
  await verifies(store);
});

test("errors of the function's own are passed on as they are, and not answered by another run", async () => {
  const { store } = await openTwo();
  const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:443'), { code: 'ECONNREFUSED' });
  for (const thrown of [new Error('mine'), refused, Object.assign(new Error('40001'), { code: '40001' }), 'a text']) {
    let run = 0;
    const failure = store.transaction(ACTOR, async (tx) => {
      run += 1;
      await tx.tradingRanges.create(soundRange());
      throw thrown;
    });
    await expect(failure).rejects.toBe(thrown);
    expect(run).toBe(1);
  }
  expect((await store.tradingRanges.find()).rows).toEqual([]);
  expect((await store.health()).pool, 'each connection was given back').toMatchObject({ waiting: 0 });
});

test('a connection that is lost in mid-transaction is answered by another run, and written once', async () => {
  const { store, beside, raw } = await openTwo();
  const [id, other] = [newId(), newId()];
  let run = 0;
  const range = await store.transaction(ACTOR, async (tx) => {
    run += 1;
    const created = await tx.tradingRanges.create(soundRange({ id }));
    if (run === 1) await terminate(raw);
    await tx.tradingRanges.create(soundRange({ id: other }));
    return created;
  });
  expect(run).toBe(2);
  expect(await beside.tradingRanges.byId(id)).toEqual(range);
  for (const each of [id, other]) expect(await eventsOf(raw, each)).toEqual(['TRADING_RANGE_CREATED']);
  await verifies(store);
});

test('a function that does not mind the loss of its connection is run again all the same', async () => {
  const { store, raw } = await openTwo();
  const id = newId();
  let run = 0;
  await store.transaction(ACTOR, async (tx) => {
    run += 1;
    await tx.tradingRanges.create(soundRange({ id }));
    if (run > 1) return;
    await terminate(raw);
    await tx.tradingRanges.byId(id).catch(() => {});
  });
  expect(run).toBe(2);
  expect(await eventsOf(raw, id)).toEqual(['TRADING_RANGE_CREATED']);
});

test('connections that were lost while they were idle are not noticed', async () => {
  const { store, raw } = await openTwo();
  const signal = await createSignal(store);
  await raw.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`);
  expect((await store.signals.approve(signal.id, soundChain())).status).toBe('APPROVED');
  expect(await eventsOf(raw, signal.id)).toEqual(['SIGNAL_GENERATED', 'SIGNAL_APPROVED']);
});

test('a server that stays away is told after the retries', async () => {
  const { url } = await openTwo();
  const proxy = await openTcpProxy(url);
  const store = await openStore({ databaseUrl: proxy.url, logLevel: 'silent' });
  onTestFinished(() => store.close());
  let run = 0;
  const failure = await store
    .transaction({ ...ACTOR, retries: 2 }, async (tx) => {
      run += 1;
      await tx.tradingRanges.create(soundRange());
      proxy.close();
      await tx.tradingRanges.create(soundRange());
    })
    .catch((error) => error);
  expect(failure).toBeInstanceOf(ConnectionError);
  expect(failure.code).toBe('DATABASE_UNREACHABLE');
  expect(run, 'the other tries did not get as far').toBe(1);
});

test('what a nested transaction fails with is answered by another run of the outer one', async () => {
  const { store, beside } = await openTwo();
  const { id } = await store.tradingRanges.create(soundRange());
  let run = 0;
  await store.transaction({ ...ACTOR, isolation: 'repeatable read' }, async (tx) => {
    run += 1;
    await tx.tradingRanges.byId(id);
    if (run === 1) await touch(beside, id);
    await tx.transaction({ actor: 'inner' }, (inner) => touch(inner, id));
  });
  expect(run).toBe(2);
  expect(await store.tradingRanges.byId(id)).toMatchObject({ version: 3 });
});
