import { expect, onTestFinished, test } from 'vitest';
import {
  ConflictError,
  InvalidInputError,
  openStore,
  type Problem,
  RowConflictError,
  type Trade,
  type TradeInput,
} from '../../src/index.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const T = 1_704_205_800_123_456n; // 2024-01-02T14:30:00.123456Z

function trade(change: Partial<TradeInput> = {}): TradeInput {
  return { symbol: 'BTCUSDT', timestamp: T, tradeId: 1, price: '42000.1', size: '0.5', side: 'buy', ...change };
}

const print = ({ timestamp, tradeId, ordinal, price, size, side }: Trade) =>
  `${timestamp - T} ${tradeId} ${ordinal} ${price} ${size} ${side}`;

const brief = (problems: readonly Problem[]) => problems.map(({ row, code, path }) => `${row} ${code} ${path}`);

test('a trade comes back as it went in, to the microsecond, and is itself an input', async () => {
  const { store } = await openTestStore();
  const before = Date.now();
  const given = [
    trade({ symbol: ' btcusdt ', timestamp: '2024-01-02T14:30:00.123456Z', tradeId: 'a-1' }),
    trade({ timestamp: T + 1n, tradeId: 2n, price: '0.00000001', size: '9999999999999999.99999999', side: 'sell' }),
    trade({ timestamp: { nanoseconds: (T + 2n) * 1000n }, tradeId: 3, side: null }),
    trade({ timestamp: -1n, tradeId: '4' }),
    trade({ timestamp: new Date(Number(T / 1000n)), tradeId: '5' }),
    trade({ timestamp: '9999-12-31T23:59:59.999999', tradeId: '6' }),
    trade({ timestamp: '1600-01-01', tradeId: '7' }),
  ];
  expect(await store.trades.upsert(given)).toEqual({ inserted: 7, changed: 0, unchanged: 0, cut: 0 });
  const rows = await store.trades.range({ symbol: 'BTCUSDT' });
  expect(rows.map(print)).toEqual([
    `${-11_676_096_000_000_000n - T} 7 null 42000.1 0.5 buy`,
    `${-1n - T} 4 null 42000.1 0.5 buy`,
    '-456 5 null 42000.1 0.5 buy',
    '0 a-1 null 42000.1 0.5 buy',
    '1 2 null 0.00000001 9999999999999999.99999999 sell',
    '2 3 null 42000.1 0.5 null',
    `${253_402_300_799_999_999n - T} 6 null 42000.1 0.5 buy`,
  ]);
  expect(rows[0]!.createdAt.getTime()).toBeGreaterThanOrEqual(before - 1000);
  expect(await store.trades.upsert(rows)).toEqual({ inserted: 0, changed: 0, unchanged: 7, cut: 0 });
});

test('windows are half-open to the microsecond, and the newest come oldest first', async () => {
  const { store } = await openTestStore();
  const given = Array.from({ length: 12 }, (_, index) => trade({ timestamp: T + BigInt(index), tradeId: index }));
  await store.trades.upsert([...given].reverse());
  const ids = (rows: readonly Trade[]) => rows.map(({ tradeId }) => tradeId).join(' ');
  const key = { symbol: 'BTCUSDT' };
  expect(ids(await store.trades.range({ ...key, from: T + 2n, to: T + 5n }))).toBe('2 3 4');
  expect(ids(await store.trades.range({ ...key, from: T + 9n }))).toBe('9 10 11');
  expect(ids(await store.trades.range({ ...key, to: '2024-01-02T14:30:00.123459Z' }))).toBe('0 1 2');
  expect(await store.trades.range({ ...key, from: T + 5n, to: T + 5n })).toEqual([]);
  expect(await store.trades.count({ ...key, from: T + 2n, to: T + 5n })).toBe(3);
  expect(ids(await store.trades.latest(key))).toBe('11');
  expect(ids(await store.trades.latest({ ...key, limit: 3 }))).toBe('9 10 11');
  expect(await store.trades.latest({ ...key, limit: 50 })).toHaveLength(12);
  expect(await store.trades.latest({ symbol: 'NONE' })).toEqual([]);
  expect(await store.trades.range({ symbol: 'NONE' })).toEqual([]);
  await expect(store.trades.range({ ...key, from: T, to: T - 1n })).rejects.toMatchObject({ code: 'WINDOW_REVERSED' });
  await expect(store.trades.latest({ ...key, limit: 0 })).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
});

test('the trades of one instant come in the order of their numbers', async () => {
  const { store } = await openTestStore();
  await store.trades.upsert([10, 9, 100, 1].map((tradeId) => trade({ tradeId })));
  const rows = await store.trades.range({ symbol: 'BTCUSDT' });
  expect(rows.map(({ tradeId }) => tradeId)).toEqual(['1', '9', '10', '100']);
  const latest = await store.trades.latest({ symbol: 'BTCUSDT', limit: 2 });
  expect(latest.map(({ tradeId }) => tradeId)).toEqual(['10', '100']);
});

test('a trade is a fact: the same id with other values is a conflict that names each position', async () => {
  const { store } = await openTestStore();
  await store.trades.upsert([trade(), trade({ tradeId: 2 }), trade({ tradeId: 3 })]);
  const changed = [
    trade({ tradeId: 4 }),
    trade({ price: '42000.10' }), // the same, in another spelling
    trade({ tradeId: 2, price: '42000.2' }),
    trade({ tradeId: 3, side: 'sell' }),
  ];
  const error = await store.trades.upsert(changed).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(RowConflictError);
  expect(error).toBeInstanceOf(ConflictError);
  expect(error).toMatchObject({ code: 'ROW_DIFFERS', hint: expect.stringContaining('replace') });
  expect(brief(error.problems)).toEqual(['2 ROW_DIFFERS tradeId', '3 ROW_DIFFERS tradeId']);
  expect(await store.trades.count({ symbol: 'BTCUSDT' })).toBe(3);
  expect(await store.trades.upsert(changed, { replace: true })).toEqual({
    inserted: 1,
    changed: 2,
    unchanged: 1,
    cut: 0,
  });
  expect((await store.trades.range({ symbol: 'BTCUSDT' })).map(print)).toEqual([
    '0 1 null 42000.1 0.5 buy',
    '0 2 null 42000.2 0.5 buy',
    '0 3 null 42000.1 0.5 sell',
    '0 4 null 42000.1 0.5 buy',
  ]);
});

test('the same id twice in a call: unchanged with the same values, otherwise refused with both positions', async () => {
  const { store } = await openTestStore();
  expect(await store.trades.upsert([trade(), trade(), trade({ timestamp: T + 1n })])).toEqual({
    inserted: 2,
    changed: 0,
    unchanged: 1,
    cut: 0,
  });
  const error = await store.trades
    .upsert([trade({ symbol: 'ETHUSDT' }), trade({ tradeId: 8 }), trade({ tradeId: 8, size: 1 })], { replace: true })
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect(error.problems).toEqual([
    {
      code: 'DUPLICATE_ID',
      path: 'tradeId',
      value: '8',
      rule: 'rows 1 and 2 have the same tradeId at one instant and different values',
      row: 2,
    },
  ]);
  expect(await store.trades.count({ symbol: 'ETHUSDT' })).toBe(0);
});

test('trades without an id: of equal ones as many are kept as were given at once, in their order, however often', async () => {
  const { store } = await openTestStore();
  const none = (price: string, change: Partial<TradeInput> = {}) => trade({ tradeId: null, price, ...change });
  const first = [none('10'), none('11'), none('10'), none('9', { timestamp: T + 1n }), trade({ tradeId: 'x' })];
  expect(await store.trades.upsert(first)).toMatchObject({ inserted: 5 });
  expect(await store.trades.upsert(first)).toMatchObject({ inserted: 0, unchanged: 5 });
  // An overlap: one more at 10, one that is there, one that is new.
  const more = [none('10'), none('12'), none('10'), none('10'), none('11')];
  expect(await store.trades.upsert(more)).toMatchObject({ inserted: 2, unchanged: 3 });
  expect(await store.trades.upsert([none('10'), none('10.0')])).toMatchObject({ inserted: 0, unchanged: 2 });
  const rows = await store.trades.range({ symbol: 'BTCUSDT' });
  expect(rows.map(print)).toEqual([
    '0 x null 42000.1 0.5 buy',
    '0 null 0 10 0.5 buy',
    '0 null 1 11 0.5 buy',
    '0 null 2 10 0.5 buy',
    '0 null 3 12 0.5 buy',
    '0 null 4 10 0.5 buy',
    '1 null 0 9 0.5 buy',
  ]);
  expect(await store.trades.upsert(rows)).toMatchObject({ inserted: 0, unchanged: 7 });
});

test('names every bad trade by its position and writes nothing', async () => {
  const { store } = await openTestStore();
  const error = await store.trades
    .upsert([
      trade(),
      trade({ symbol: 'no symbol' }),
      trade({ price: '0', size: '-1' }),
      null as never,
      trade({ tradeId: '#1' }),
      trade({ tradeId: '' }),
      trade({ side: 'BUY' as never }),
      trade({ price: 0.1 }),
      trade({ size: '0.000000001' }),
      trade({ size: '10000000000000000' }),
      trade({ timestamp: T * 1000n }),
      trade({ timestamp: '2024-01-02T14:30:00.1234567Z' }),
      trade({ timestamp: '1599-12-31' }),
      trade({ timestamp: 1_704_205_800_123 as never }),
    ])
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(InvalidInputError);
  expect(brief(error.problems)).toEqual([
    '1 SYMBOL_INVALID symbol',
    '2 PRICE_NOT_POSITIVE price',
    '2 SIZE_NOT_POSITIVE size',
    '3 ROW_INVALID ',
    '4 TRADE_ID_INVALID tradeId',
    '5 TRADE_ID_INVALID tradeId',
    '6 CHOICE_UNKNOWN side',
    '7 DECIMAL_IS_FLOAT price',
    '8 SIZE_TOO_PRECISE size',
    '9 SIZE_TOO_LARGE size',
    '10 INSTANT_OUT_OF_RANGE timestamp',
    '11 INSTANT_TOO_FINE timestamp',
    '12 INSTANT_OUT_OF_RANGE timestamp',
    '13 INSTANT_INVALID timestamp',
  ]);
  expect(await store.trades.count({ symbol: 'BTCUSDT' })).toBe(0);
  expect(await store.trades.upsert([trade({ price: '-37.63' })], { allowNonPositive: true })).toMatchObject({
    inserted: 1,
  });
  await expect(store.trades.upsert(trade() as never)).rejects.toMatchObject({ code: 'TRADES_INVALID' });
  await expect(store.trades.upsert([], { nanoseconds: 'round' as never })).rejects.toMatchObject({
    code: 'CHOICE_UNKNOWN',
  });
});

test('nanoseconds are cut towards the past where asked for, and counted', async () => {
  const { store } = await openTestStore();
  const given = [
    trade({ timestamp: { nanoseconds: T * 1000n + 999n }, tradeId: null }),
    trade({ timestamp: '2024-01-02T14:30:00.123456001Z', tradeId: null }),
    trade({ timestamp: { nanoseconds: -1n }, tradeId: null }),
    trade({ timestamp: '2024-01-02T14:30:00.123456000Z', tradeId: null }),
  ];
  expect(await store.trades.upsert(given, { nanoseconds: 'cut' })).toEqual({
    inserted: 4,
    changed: 0,
    unchanged: 0,
    cut: 3,
  });
  const rows = await store.trades.range({ symbol: 'BTCUSDT' });
  expect(rows.map(({ timestamp }) => timestamp)).toEqual([-1n, T, T, T]);
});

test('a stream of several batches equals an array, also where an instant spans two of them', async () => {
  const { store } = await openTestStore();
  const row = (index: number) =>
    trade({ symbol: index % 3 ? 'A' : 'B', timestamp: T + BigInt(index >> 5), tradeId: null, price: 1 + (index % 4) });
  function* stream() {
    for (let index = 0; index < 45_000; index += 1) yield row(index);
  }
  expect(await store.trades.upsert(stream())).toEqual({ inserted: 45_000, changed: 0, unchanged: 0, cut: 0 });
  const array = Array.from({ length: 45_000 }, (_, index) => row(index));
  expect(await store.trades.upsert(array)).toEqual({ inserted: 0, changed: 0, unchanged: 45_000, cut: 0 });
  const seen: string[] = [];
  for await (const each of store.trades.iterate({ symbol: 'A' })) seen.push(print(each));
  expect(seen).toEqual((await store.trades.range({ symbol: 'A' })).map(print));
  expect(seen).toHaveLength(30_000);
  const { store: other } = await openTestStore();
  await other.trades.upsert(array);
  expect((await other.trades.range({ symbol: 'A' })).map(print)).toEqual(seen);
});

test('what a stream holds wrong is named by its position in all of it, and a failing source is told as it failed', async () => {
  const { store } = await openTestStore();
  async function* stream(failing: boolean) {
    for (let index = 0; index < 45_000; index += 1) {
      if (failing && index === 44_000) throw new Error('the exchange hung up');
      yield trade({ tradeId: index, size: index === 30_001 || index === 44_999 ? '0' : '1' });
    }
  }
  const error = await store.trades.upsert(stream(false)).catch((thrown) => thrown);
  expect(brief(error.problems)).toEqual(['30001 SIZE_NOT_POSITIVE size', '44999 SIZE_NOT_POSITIVE size']);
  await expect(store.trades.upsert(stream(true))).rejects.toThrow('the exchange hung up');
  expect(await store.trades.count({ symbol: 'BTCUSDT' })).toBe(0);
});

test('delete tells the audit trail, and a transaction takes all back', async () => {
  const { store, url } = await openTestStore({ actor: 'keeper' });
  await store.trades.upsert([0, 1, 2].map((index) => trade({ timestamp: T + BigInt(index), tradeId: index })));
  const failed = store.transaction({ actor: 'tester' }, async (tx) => {
    await tx.trades.upsert([trade({ tradeId: 77 })]);
    expect(await tx.trades.count({ symbol: 'BTCUSDT' })).toBe(4);
    expect(await tx.trades.delete({ symbol: 'BTCUSDT' })).toBe(4);
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  expect(await store.trades.delete({ symbol: 'NONE' })).toBe(0);
  expect(await store.trades.delete({ symbol: 'BTCUSDT', from: T + 5n })).toBe(0);
  expect(await store.trades.delete({ symbol: 'BTCUSDT', from: T, to: T + 2n })).toBe(2);
  expect((await store.trades.range({ symbol: 'BTCUSDT' })).map(({ tradeId }) => tradeId)).toEqual(['2']);
  const raw = await openRawClient(url);
  const { rows } = await raw.query(
    'SELECT event_type, entity_type, entity_id, actor, action, metadata FROM audit_trail',
  );
  const series = await raw.query('SELECT id FROM time_series');
  expect(rows).toEqual([
    {
      event_type: 'TIME_SERIES_ROWS_DELETED',
      entity_type: 'TIME_SERIES',
      entity_id: series.rows[0].id,
      actor: 'keeper',
      action: 'deleted 2 trades of BTCUSDT',
      metadata: {
        relation: 'trades',
        from: '2024-01-02T14:30:00.123456Z',
        to: '2024-01-02T14:30:00.123458Z',
        deleted: 2,
      },
    },
  ]);
  expect((await store.audit.byEntity('TIME_SERIES', series.rows[0].id)).rows).toHaveLength(1);
});

test('eight writers of overlapping trades, with ids and without: nothing lost, nothing doubled, no error', async () => {
  const { store } = await openTestStore();
  const given = (worker: number, round: number) =>
    Array.from({ length: 60 }, (_, index) => {
      const at = (worker * 7 + round * 13 + index * 31) % 100;
      const symbol = `S${(at + worker + index) % 3}`;
      const tradeId = at % 2 ? at : null;
      return trade({ symbol, timestamp: T + BigInt(at), tradeId, price: 1 + (at % 5) });
    });
  const all: TradeInput[][] = [];
  const counts = { inserted: 0, unchanged: 0 };
  await Promise.all(
    Array.from({ length: 8 }, async (_, worker) => {
      for (let round = 0; round < 6; round += 1) {
        const rows = given(worker, round);
        all.push(rows);
        const { inserted, unchanged, changed } = await store.trades.upsert(rows);
        expect(changed).toBe(0);
        counts.inserted += inserted;
        counts.unchanged += unchanged;
      }
    }),
  );
  // Each distinct trade as often as the call that has it most often; one with an id once.
  const most = new Map<string, number>();
  for (const rows of all) {
    const here = new Map<string, number>();
    for (const { symbol, timestamp, tradeId, price } of rows) {
      const key = `${symbol} ${timestamp} ${tradeId} ${price}`;
      here.set(key, tradeId === null ? (here.get(key) ?? 0) + 1 : 1);
    }
    for (const [key, count] of here) most.set(key, Math.max(most.get(key) ?? 0, count));
  }
  const expected = [...most.values()].reduce((sum, count) => sum + count, 0);
  const stored = await Promise.all(['S0', 'S1', 'S2'].map((symbol) => store.trades.count({ symbol })));
  expect(stored.reduce((sum, count) => sum + count, 0)).toBe(expected);
  expect(counts.inserted).toBe(expected);
  expect(counts.inserted + counts.unchanged).toBe(8 * 6 * 60);
});

test('a transaction that began before another wrote sees what that wrote, at whatever isolation', async () => {
  const { store, url } = await openTestStore();
  const other = await openStore({ databaseUrl: url });
  onTestFinished(() => other.close());
  await store.trades.upsert([trade({ tradeId: 1, timestamp: T }), trade({ tradeId: 2, timestamp: T + 9n })]);
  let tries = 0;
  const counts = await store.transaction({ isolation: 'repeatable read' }, async (tx) => {
    tries += 1;
    await tx.trades.count({ symbol: 'BTCUSDT' }); // takes the snapshot
    if (tries === 1) await other.trades.upsert([trade({ tradeId: 3, timestamp: T + 5n })]);
    return tx.trades.upsert([trade({ tradeId: 3, timestamp: T + 5n })]);
  });
  expect([tries, counts.inserted, counts.unchanged]).toEqual([2, 0, 1]);
});
