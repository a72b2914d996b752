import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { newId } from '../../src/domain/identifier.js';
import { decimalSchema } from '../../src/domain/schemas.js';
import { Decimal, type RecordedBacktest, type Store, type StoreOptions } from '../../src/index.js';
import { soundBacktest } from '../setup/backtest-inputs.js';
import { openRawClient } from '../setup/raw-client.js';
import { refusal, refusedFor } from '../setup/refusals.js';
import { openTestStore } from '../setup/test-database.js';

async function open(options: StoreOptions = {}): Promise<{ store: Store; raw: pg.Client }> {
  const { store, url } = await openTestStore({ logLevel: 'silent', ...options });
  return { store, raw: await openRawClient(url) };
}

test('the shares are computed from the counts, and what is stored equals the answer', async () => {
  const { store, raw } = await open();
  const result = await store.backtests.record(soundBacktest());
  const shares = [result.precision, result.recall, result.winRate].map((share) => share.toFixed());
  expect(shares).toEqual(['0.7', '0.7778', '0.6667']);
  expect(result).toMatchObject({ startDate: '2024-01-01', endDate: '2024-12-31', lookAheadBiasCheck: false });
  expect(await store.backtests.byId(result.id)).toEqual(result);
  const none = await store.backtests.record(
    soundBacktest({
      ...zero('totalPatternsDetected', 'truePositives', 'falsePositives', 'falseNegatives'),
      ...zero('winningSignals', 'losingSignals'),
    }),
  );
  expect([none.precision, none.recall, none.winRate].map((share) => share.toFixed())).toEqual(['0', '0', '0']);
  expect(none.winRate).toBeInstanceOf(Decimal);
  const { rows } = await raw.query('SELECT event_type, entity_id FROM audit_trail ORDER BY timestamp');
  expect(rows).toEqual([result, none].map(({ id }) => ({ event_type: 'BACKTEST_RESULT_RECORDED', entity_id: id })));
});

const zero = (...names: (keyof RecordedBacktest)[]) => Object.fromEntries(names.map((name) => [name, 0]));

describe('what is refused', () => {
  test.each<readonly [object, string]>([
    [{ precision: '0.7' }, 'FIELD_IS_COMPUTED precision: precision is computed, never taken from the caller'],
    [{ recall: '0.7778' }, 'FIELD_IS_COMPUTED recall: recall is computed, never taken from the caller'],
    [{ winRate: '1' }, 'FIELD_IS_COMPUTED winRate: winRate is computed, never taken from the caller'],
    [
      { lookAheadBiasCheck: true },
      'FIELD_IS_COMPUTED lookAheadBiasCheck: lookAheadBiasCheck is computed, never taken from the caller',
    ],
    [
      { totalPatternsDetected: 11 },
      'PATTERN_COUNTS_DISAGREE totalPatternsDetected: every pattern detected is a true or a false positive: 7 + 3',
    ],
    [
      { totalSignalsGenerated: 5 },
      'SIGNAL_COUNTS_DISAGREE totalSignalsGenerated: no more signals win or lose than were generated: 4 + 2',
    ],
    [{ endDate: '2023-12-31' }, 'END_BEFORE_START endDate: a backtest does not end before it starts, on 2024-01-01'],
    [{ startDate: '2024-02-30' }, 'DATE_INVALID startDate: not a day of the years 1600 to 9999'],
    [{ endDate: new Date() }, 'DATE_INVALID endDate: not a day of the years 1600 to 9999'],
    [{ maxDrawdown: '1.0001' }, 'FRACTION_OUT_OF_RANGE maxDrawdown: a fraction is from 0 to 1'],
    [{ maxDrawdown: '-0.0001' }, 'FRACTION_OUT_OF_RANGE maxDrawdown: a fraction is from 0 to 1'],
    [{ backtestRunId: 'run 1' }, 'ID_INVALID backtestRunId: not an id'],
    [{ config: 'fast' }, 'JSON_SCHEMA_UNKNOWN config: not an object'],
    [{ config: { risk: Number.NaN } }, 'JSON_INVALID config.risk: JSON has no such number'],
  ])('%o', async (change, refused) => {
    const { store, raw } = await open();
    const input = { ...soundBacktest(), ...change };
    expect(await refusedFor(raw, () => store.backtests.record(input))).toEqual([refused]);
    const many = () => store.backtests.recordMany([soundBacktest(), input]);
    expect(await refusedFor(raw, many)).toEqual([`1 ${refused}`]);
  });

  test('counts that are none, and numbers that no column holds', async () => {
    const { store, raw } = await open();
    const counts = ['falseNegatives', 'winningSignals', 'losingSignals', 'totalSignalsGenerated', 'truePositives'];
    for (const path of counts)
      for (const value of [-1, 0.5, 2 ** 31, null])
        expect(await refusedFor(raw, () => store.backtests.record({ ...soundBacktest(), [path]: value }))).toEqual([
          expect.stringContaining(` ${path}: `),
        ]);
    for (const averageRMultiple of ['10000', '1.005', 'NaN', ''])
      expect(await refusedFor(raw, () => store.backtests.record(soundBacktest({ averageRMultiple })))).toEqual([
        expect.stringContaining(' averageRMultiple: '),
      ]);
    const edges = { averageRMultiple: '-9999.99', maxDrawdown: '1', startDate: '1600-01-01', endDate: '9999-12-31' };
    const edge = await store.backtests.record(soundBacktest(edges));
    expect(await store.backtests.byId(edge.id)).toEqual(edge);
  });
});

test('a run is recorded once a series; the very same result is recognised', async () => {
  const { store, raw } = await open();
  const input = soundBacktest({ config: { depth: new Decimal('1.50'), since: new Date(0) } });
  const result = await store.backtests.record(input);
  expect(await store.backtests.record(input)).toEqual(result);
  expect(await store.backtests.recordMany([input, soundBacktest()])).toHaveLength(2);
  expect(await refusal(raw, () => store.backtests.record({ ...input, falseNegatives: 3 }))).toMatchObject({
    code: 'ID_CONFLICT',
    message: `backtest result ${input.id} exists with other values: false_negatives: 3: it was created with 2`,
  });
  expect(await refusal(raw, () => store.backtests.record({ ...input, id: newId() }))).toMatchObject({
    name: 'ConflictError',
    code: 'BACKTEST_RECORDED',
    message: expect.stringContaining(`(${input.backtestRunId}, AAPL, 1d)`),
    hint: 'a run is recorded once; give another one an id of its own',
  });
  const other = await store.backtests.record({ ...input, id: newId(), timeframe: '1h' });
  expect((await store.backtests.byRun(input.backtestRunId)).map(({ id }) => id)).toEqual([result.id, other.id]);
});

describe('the look-ahead check', () => {
  const bar = { symbol: 'AAPL', timeframe: '1d', open: 2, high: 3, low: 1, close: 2, volume: 4 } as const;

  /** A reader that has walked through the year. */
  async function walked(store: Store, symbol = 'AAPL') {
    const reader = store.asOf('2024-01-03');
    for (const at of ['2024-01-03', '2024-06-01', '2024-12-31']) {
      reader.advanceTo(at);
      await reader.latest({ symbol, timeframe: '1d', limit: 5 });
    }
    return reader;
  }

  test('is true with a clean reader of that series and period, and else false', async () => {
    const { store } = await open();
    await store.bars.upsert([{ ...bar, timestamp: '2024-01-02' }]);
    const check = async (reader: unknown, change: Partial<RecordedBacktest> = {}) =>
      (await store.backtests.record(soundBacktest({ reader: reader as RecordedBacktest['reader'], ...change })))
        .lookAheadBiasCheck;
    const clean = await walked(store);
    expect(await check(clean)).toBe(true);
    expect(await check(undefined)).toBe(false);
    expect(await check(clean, { timeframe: '1h' }), 'another series').toBe(false);
    expect(await check(await walked(store, 'MSFT')), 'another symbol').toBe(false);
    expect(await check(clean, { startDate: '2025-01-01', endDate: '2025-12-31' }), 'a later period').toBe(false);
    expect(await check(clean, { startDate: '2023-01-01', endDate: '2023-12-31' }), 'an earlier period').toBe(false);
    expect(await check(store.asOf('2024-06-01')), 'one that read nothing').toBe(false);
    const violating = await walked(store);
    await violating.range({ symbol: 'AAPL', timeframe: '1d', from: '2024-01-01', to: '2025-06-01' });
    expect(violating.violationCount).toBe(1);
    expect(await check(violating)).toBe(false);
    expect(await check({ vouchesFor: () => true, violationCount: 0, reads: 9 }), 'a forged one').toBe(false);
  });

  test('is in the trail, and of each result of a batch by its own reader', async () => {
    const { store, raw } = await open();
    const reader = await walked(store);
    const results = await store.backtests.recordMany([soundBacktest({ reader }), soundBacktest()]);
    expect(results.map(({ lookAheadBiasCheck }) => lookAheadBiasCheck)).toEqual([true, false]);
    const { rows } = await raw.query(
      "SELECT metadata #>> '{after,look_ahead_bias_check}' AS checked FROM audit_trail WHERE entity_id = $1",
      [results[0]!.id],
    );
    expect(rows).toEqual([{ checked: 'true' }]);
  });
});

test('compare puts runs side by side, a line a series', async () => {
  const { store } = await open();
  const [first, second, unknown] = [randomUUID(), randomUUID(), randomUUID()];
  const record = (backtestRunId: string, symbol: string, timeframe: '1d' | '1h' = '1d') =>
    store.backtests.record(soundBacktest({ backtestRunId, symbol, timeframe }));
  const msft = await record(first, 'MSFT');
  const hourly = await record(first, 'AAPL', '1h');
  const [daily, both] = [await record(second, 'AAPL'), await record(second, 'MSFT')];
  expect(await store.backtests.compare([second, unknown, first])).toEqual([
    { symbol: 'AAPL', timeframe: '1d', results: [daily, null, null] },
    { symbol: 'AAPL', timeframe: '1h', results: [null, null, hourly] },
    { symbol: 'MSFT', timeframe: '1d', results: [both, null, msft] },
  ]);
  expect(await store.backtests.compare([])).toEqual([]);
  const { rows } = await store.backtests.find({ backtestRunId: second, symbol: 'AAPL' });
  expect(rows).toEqual([daily]);
  expect((await store.backtests.latest({ limit: 1 })).rows).toEqual([both]);
});

test('a configuration whose schema is registered comes back with its Decimals; another as it stands', async () => {
  const schema = z.looseObject({ type: z.literal('detector'), threshold: decimalSchema });
  const { store, raw } = await open({
    jsonSchemas: [{ kind: 'backtest_config', type: 'detector', version: 1, schema }],
  });
  const result = await store.backtests.record(
    soundBacktest({ config: { type: 'detector', threshold: new Decimal('0.70'), note: 'x' } }),
  );
  expect(result.config).toEqual({ type: 'detector', threshold: new Decimal('0.7'), note: 'x' });
  const stored = (await store.backtests.byId(result.id))!.config as { threshold: Decimal };
  expect(stored.threshold).toBeInstanceOf(Decimal);
  expect(stored).toEqual(result.config);
  const plain = await store.backtests.record(soundBacktest({ config: { threshold: new Decimal('0.70') } }));
  expect((await store.backtests.byId(plain.id))!.config).toEqual({ threshold: '0.7' });
  const config = { type: 'detector', schema_version: 2, threshold: '1' };
  expect(await refusedFor(raw, () => store.backtests.record(soundBacktest({ config })))).toEqual([
    'JSON_SCHEMA_UNKNOWN config: nobody has registered backtest_config detector version 2',
  ]);
  const wrong = { type: 'detector', threshold: 'high' };
  expect(await refusedFor(raw, () => store.backtests.record(soundBacktest({ config: wrong })))).toEqual([
    expect.stringMatching(/ config\.threshold: /),
  ]);
});

test.each(['Pacific/Kiritimati', 'America/Los_Angeles', 'Africa/Cairo'])('dates are the same in %s', async (zone) => {
  const { TZ } = process.env;
  onTestFinished(() => {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  });
  process.env.TZ = zone;
  expect(new Date(2024, 0, 1).getTimezoneOffset(), 'the zone is in force').not.toBe(0);
  const { store, raw } = await open();
  const input = soundBacktest({ startDate: '2024-04-26', endDate: '2024-10-31' }); // on which clocks change in Cairo
  const { id } = await store.backtests.record(input);
  expect(await store.backtests.byId(id)).toMatchObject({ startDate: '2024-04-26', endDate: '2024-10-31' });
  expect((await store.backtests.record(input)).id, 'and recognised').toBe(id);
  const { rows } = await raw.query('SELECT start_date::text, end_date::text FROM backtest_results');
  expect(rows).toEqual([{ start_date: '2024-04-26', end_date: '2024-10-31' }]);
});
