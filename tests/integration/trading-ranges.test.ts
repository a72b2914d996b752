import { describe, expect, test } from 'vitest';
import { NotFoundError, newId, projectRange, StaleVersionError, type TradingRange } from '../../src/index.js';
import { soundDistribution, soundPattern, soundRange } from '../setup/ledger-inputs.js';
import { openRawClient } from '../setup/raw-client.js';
import { refusal, refusedFor } from '../setup/refusals.js';
import { openTestStore } from '../setup/test-database.js';

async function open() {
  const { store, url } = await openTestStore({ actor: 'test' });
  return { store, ranges: store.tradingRanges, raw: await openRawClient(url) };
}

const idsOf = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);

describe('create', () => {
  const out = (path: string, rule: string) => [`NUMBER_OUT_OF_RANGE ${path}: ${rule}`];
  const duration = out('durationBars', 'a duration in bars is a whole number from 15 to 100');
  const strength = out('strengthScore', 'a strength score is a whole number from 60 to 100');
  const touches = (path: string) => out(path, 'a touch count is a whole number of at least 0');
  const jump = [
    'JUMP_INSIDE_RANGE jumpTarget: a jump target lies above the resistance (accumulation) or below the support (distribution)',
  ];
  const turned = (creek: string) => [
    `LEVELS_TURNED_ROUND iceLevel: the resistance (iceLevel) lies above the support (creekLevel, ${creek})`,
  ];
  const factor = ['CAUSE_FACTOR_OUT_OF_RANGE causeFactor: a cause factor is from 2.0 to 3.0'];
  const timeframe = ['TIMEFRAME_UNKNOWN timeframe: a timeframe is one of 1m, 5m, 15m, 1h, 1d'];
  const phase = ['CHOICE_UNKNOWN phase: a phase is one of A, B, C, D, E'];

  test('refuses what breaks a rule, and writes nothing', async () => {
    const { ranges, raw } = await open();
    const broken: readonly (readonly [change: object, problems: string[]])[] = [
      [{ timeframe: '1D' }, timeframe],
      [{ timeframe: '4h' }, timeframe],
      [{ durationBars: 14 }, duration],
      [{ durationBars: 101 }, duration],
      [{ durationBars: 22.5 }, duration],
      [{ creekLevel: '110' }, turned('110')],
      [{ creekLevel: '111' }, turned('111')],
      [{ jumpTarget: '110' }, jump],
      [{ jumpTarget: '100' }, jump],
      [{ jumpTarget: '105' }, jump],
      [{ causeFactor: '1.99' }, factor],
      [{ causeFactor: '3.01' }, factor],
      [{ causeFactor: '2.345' }, ['FACTOR_TOO_PRECISE causeFactor: a factor has at most 2 decimals']],
      [{ rangeWidth: '10.00000001' }, ["RANGE_WIDTH_WRONG rangeWidth: a range's width is resistance - support, 10"]],
      [{ phase: 'F' }, phase],
      [{ phase: 'c' }, phase],
      [{ strengthScore: 59 }, strength],
      [{ strengthScore: 101 }, strength],
      [{ touchCountCreek: -1 }, touches('touchCountCreek')],
      [{ touchCountIce: 1.5 }, touches('touchCountIce')],
      [{ endTime: '2024-01-01' }, ['END_BEFORE_START endTime: a range does not end before it starts']],
      [{ creekLevel: '0' }, ['PRICE_NOT_POSITIVE creekLevel: a price is above zero']],
      [{ creekLevel: 99.5 }, ['DECIMAL_IS_FLOAT creekLevel: a decimal is not taken from a floating-point number']],
      [{ iceLevel: '110.000000001' }, ['PRICE_TOO_PRECISE iceLevel: a price has at most 8 decimals']],
      [{ jumpTarget: '10000000000' }, ['PRICE_TOO_LARGE jumpTarget: a price has at most 10 digits before the point']],
      [{ id: 'x' }, ['ID_INVALID id: not an id']],
      [
        { startTime: '2024-01-02T00:00:00.0001Z' },
        ['INSTANT_TOO_FINE startTime: an instant has at most millisecond precision'],
      ],
      [
        { durationBars: 1, creekLevel: '0', phase: 'Z' },
        [...duration, 'PRICE_NOT_POSITIVE creekLevel: a price is above zero', ...phase],
      ],
    ];
    for (const [change, problems] of broken)
      expect([change, await refusedFor(raw, () => ranges.create(soundRange(change)))]).toEqual([change, problems]);
    expect((await ranges.find({ includeDeleted: true })).rows).toEqual([]);
  });

  test('takes what lies on the edge, and answers what is read back', async () => {
    const { ranges } = await open();
    const edges: readonly object[] = [
      { durationBars: 15, causeFactor: '2.00', strengthScore: 60, phase: 'A' },
      {
        durationBars: 100,
        causeFactor: 3,
        strengthScore: 100,
        phase: 'E',
        touchCountCreek: 0,
        touchCountIce: 2_147_483_647,
      },
      { endTime: '2024-01-02T00:00:00Z', rangeWidth: '10.0' },
      { creekLevel: '0.00000002', iceLevel: '0.00000003', jumpTarget: '0.00000001' },
      { creekLevel: '0.00000001', iceLevel: '9999999999.99999998', jumpTarget: '9999999999.99999999' },
      { symbol: ' brk.b ', timeframe: '1m', startTime: '1600-01-01', endTime: '9999-12-31T23:59:59.999Z' },
    ];
    for (const change of edges) {
      const created = await ranges.create(soundRange(change));
      expect(await ranges.byId(created.id)).toEqual(created);
    }
    const [, , , tiny, huge, other] = (await ranges.find({ includeDeleted: true, symbol: 'AAPL' })).rows
      .concat((await ranges.find({ symbol: 'BRK.B' })).rows)
      .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
    expect(tiny).toMatchObject({ direction: 'distribution', symbol: 'AAPL' });
    expect(tiny!.rangeWidth.toString()).toBe('0.00000001');
    expect(huge!.rangeWidth.toString()).toBe('9999999999.99999997');
    expect(huge!.supportPrice.toString()).toBe('0.00000001');
    expect(huge!.resistancePrice.toString()).toBe('9999999999.99999998');
    expect(other).toMatchObject({ symbol: 'BRK.B', version: 1, deletedAt: null, touchCountCreek: 0 });
  });
});

describe('a change', () => {
  test('names the version that it read: a stale one changes nothing', async () => {
    const { ranges, raw } = await open();
    const range = await ranges.create(soundRange());
    const second = await ranges.updateLevels(range.id, { version: 1, iceLevel: '112.5', touchCountIce: 3 });
    expect(second).toMatchObject({ version: 2, touchCountIce: 3, durationBars: 22 });
    expect(second.rangeWidth.toString()).toBe('12.5');
    expect(await ranges.byId(range.id)).toEqual(second);
    const end = { endTime: '2024-02-02' };
    const attempts = [
      () => ranges.updateLevels(range.id, { version: 1, phase: 'D' }),
      () => ranges.close(range.id, { version: 1, ...end }),
      () => ranges.softDelete(range.id, { version: 1 }),
      () => ranges.updateLevels(range.id, { version: 3 }),
    ];
    for (const attempt of attempts) {
      const error = (await refusal(raw, attempt)) as StaleVersionError;
      expect(error).toBeInstanceOf(StaleVersionError);
      const expected = attempt === attempts[3] ? 3 : 1;
      expect(error).toMatchObject({
        code: 'STALE_VERSION',
        expected,
        actual: 2,
        hint: 'read it again and pass version 2',
      });
      expect(error.message).toBe(`trading range ${range.id} is at version 2, not ${expected}`);
    }
    for (const version of [0, 1.5, Number.NaN, '2' as unknown as number])
      expect(await refusedFor(raw, () => ranges.updateLevels(range.id, { version }))).toEqual([
        'NUMBER_OUT_OF_RANGE version: a version is a whole number of at least 1',
      ]);
  });

  test('holds to the rules of the whole range', async () => {
    const { ranges, raw } = await open();
    const range = await ranges.create(soundRange());
    const change = (levels: object) => refusedFor(raw, () => ranges.updateLevels(range.id, { version: 1, ...levels }));
    expect(await change({ iceLevel: '130' })).toEqual([expect.stringContaining('JUMP_INSIDE_RANGE jumpTarget')]);
    expect(await change({ creekLevel: '110' })).toEqual([expect.stringContaining('LEVELS_TURNED_ROUND iceLevel')]);
    expect(await change({ iceLevel: '112', rangeWidth: '10' })).toEqual([
      "RANGE_WIDTH_WRONG rangeWidth: a range's width is resistance - support, 12",
    ]);
    expect(await change({ durationBars: 101 })).toHaveLength(1);
    const close = (endTime: unknown) =>
      refusedFor(raw, () => ranges.close(range.id, { version: 1, endTime: endTime as string }));
    expect(await close('2024-01-01')).toEqual(['END_BEFORE_START endTime: a range does not end before it starts']);
    for (const missing of [null, undefined, 'x'])
      expect(await close(missing)).toEqual(['INSTANT_INVALID endTime: not an instant']);
  });

  test('does not turn a range round that has entries of its direction', async () => {
    const { store, ranges, raw } = await open();
    const range = await ranges.create(soundRange());
    const context = await store.patterns.create(soundPattern(range, { patternType: 'TEST', metadata: {} }));
    const round = projectRange({ ...range, direction: 'distribution' });
    const turned = await ranges.updateLevels(range.id, { ...round, version: 1 });
    expect([turned.direction, context.tradingRangeId]).toEqual(['distribution', range.id]);
    const back = projectRange({ ...range, direction: 'accumulation' });
    await ranges.updateLevels(range.id, { ...back, version: 2 });
    const spring = await store.patterns.create(soundPattern(range));
    for (const change of [
      () => ranges.updateLevels(range.id, { ...round, version: 3 }),
      () => ranges.close(range.id, { ...round, version: 3, endTime: '2024-06-01' }),
    ])
      expect(await refusedFor(raw, change)).toEqual([
        `RANGE_HAS_ENTRIES jumpTarget: the range is one of accumulation, as its SPRING ${spring.id} is`,
      ]);
    await store.patterns.reject(spring.id, 'it failed');
    expect(await ranges.updateLevels(range.id, { ...round, version: 3 })).toMatchObject({ direction: 'distribution' });
  });

  test('ends a range once, with its last levels', async () => {
    const { ranges, raw } = await open();
    const range = await ranges.create(soundRange());
    const closed = await ranges.close(range.id, { version: 1, endTime: '2024-02-02', phase: 'E', durationBars: 23 });
    expect(closed).toMatchObject({ version: 2, phase: 'E', durationBars: 23, endTime: new Date('2024-02-02') });
    expect(await ranges.byId(range.id)).toEqual(closed);
    const error = await refusal(raw, () => ranges.close(range.id, { version: 2, endTime: '2024-02-03' }));
    expect(error).toMatchObject({ name: 'ConflictError', code: 'TRADING_RANGE_CLOSED' });
  });

  test('of an id that is not there, is of something else, or is none', async () => {
    const { store, ranges, raw } = await open();
    const range = await ranges.create(soundRange());
    const pattern = await store.patterns.create(soundPattern(range));
    const unknown = newId();
    const version = 1;
    for (const attempt of [
      (id: string) => ranges.updateLevels(id, { version }),
      (id: string) => ranges.close(id, { version, endTime: '2024-02-02' }),
      (id: string) => ranges.softDelete(id, { version }),
      (id: string) => ranges.restore(id, { version }),
    ]) {
      const missing = await refusal(raw, () => attempt(unknown));
      expect(missing).toBeInstanceOf(NotFoundError);
      expect(missing).toMatchObject({ code: 'TRADING_RANGE_UNKNOWN', message: `there is no trading range ${unknown}` });
      const wrong = await refusal(raw, () => attempt(pattern.id));
      expect(wrong).toMatchObject({ code: 'TRADING_RANGE_UNKNOWN', hint: 'it is an id of patterns' });
      for (const none of ['x', '', `${range.id}0`, null as unknown as string])
        expect(await refusedFor(raw, () => attempt(none))).toEqual(['ID_INVALID id: not an id']);
    }
    expect(await ranges.byId(unknown)).toBeUndefined();
    expect(await ranges.byId(pattern.id)).toBeUndefined();
    expect(await ranges.byId(range.id.toUpperCase())).toEqual(range);
    expect(await refusedFor(raw, () => ranges.byId('x'))).toEqual(['ID_INVALID id: not an id']);
  });
});

describe('soft delete', () => {
  test('every read leaves deleted ranges out unless it is asked', async () => {
    const { ranges, raw } = await open();
    const kept = await ranges.create(soundRange());
    const range = await ranges.create(soundRange());
    const deleted = await ranges.softDelete(range.id, { version: 1, reason: 'drawn wrong' });
    expect(deleted).toMatchObject({ version: 2, deletedAt: expect.any(Date) });
    const window = { symbol: 'AAPL', timeframe: '1d', from: '2024-01-01', to: '2025-01-01' } as const;
    expect(await ranges.byId(range.id)).toBeUndefined();
    for (const rows of [
      (await ranges.find()).rows,
      (await ranges.latest()).rows,
      (await ranges.find({ includeDeleted: false, phase: 'C' })).rows,
      await ranges.active(),
      await ranges.overlapping(window),
    ])
      expect(rows).toEqual([kept]);
    expect(await ranges.byId(range.id, { includeDeleted: true })).toEqual(deleted);
    const both = [kept.id, range.id].sort();
    expect(idsOf((await ranges.find({ includeDeleted: true })).rows)).toEqual(both);
    expect(idsOf((await ranges.latest({ includeDeleted: true })).rows)).toEqual(both);
    const { rows } = await raw.query("SELECT action FROM audit_trail WHERE event_type = 'TRADING_RANGE_DELETED'");
    expect(rows).toEqual([{ action: 'drawn wrong' }]);
  });

  test('a deleted range takes no change but its restoring', async () => {
    const { ranges, raw } = await open();
    const range = await ranges.create(soundRange());
    const error = await refusal(raw, () => ranges.restore(range.id, { version: 1 }));
    expect(error).toMatchObject({ name: 'ConflictError', code: 'TRADING_RANGE_NOT_DELETED' });
    await ranges.softDelete(range.id, { version: 1 });
    for (const attempt of [
      () => ranges.updateLevels(range.id, { version: 2, phase: 'D' }),
      () => ranges.close(range.id, { version: 2, endTime: '2024-02-02' }),
      () => ranges.softDelete(range.id, { version: 2 }),
    ])
      expect(await refusal(raw, attempt)).toMatchObject({ code: 'TRADING_RANGE_DELETED', hint: 'restore it first' });
    expect(await refusal(raw, () => ranges.restore(range.id, { version: 1 }))).toBeInstanceOf(StaleVersionError);
    const restored = await ranges.restore(range.id, { version: 2 });
    expect(restored).toMatchObject({ version: 3, deletedAt: null });
    expect(await ranges.byId(range.id)).toEqual(restored);
  });
});

test('active: those that have not ended, by start', async () => {
  const { ranges } = await open();
  const create = (change: object): Promise<TradingRange> => ranges.create(soundRange(change));
  const late = await create({ startTime: '2024-03-01' });
  const early = await create({ startTime: '2024-01-01' });
  const hourly = await create({ timeframe: '1h', startTime: '2024-02-01' });
  const other = await create({ symbol: 'SPY', startTime: '2024-02-02' });
  await create({ endTime: '2024-02-02' });
  expect(idsOf(await ranges.active())).toEqual(idsOf([early, hourly, other, late]));
  expect(idsOf(await ranges.active({ symbol: 'aapl' }))).toEqual(idsOf([early, hourly, late]));
  expect(idsOf(await ranges.active({ symbol: 'AAPL', timeframe: '1d' }))).toEqual(idsOf([early, late]));
});

test('overlapping: windows and ranges are half-open', async () => {
  const { ranges, raw } = await open();
  const series = { symbol: 'AAPL', timeframe: '1d' } as const;
  const ended = await ranges.create(soundDistribution({ startTime: '2024-01-10', endTime: '2024-01-20' }));
  const lasting = await ranges.create(soundRange({ startTime: '2024-01-20' }));
  await ranges.create(soundRange({ startTime: '2024-01-10', symbol: 'SPY' }));
  await ranges.create(soundRange({ startTime: '2024-01-10', timeframe: '1h' }));
  const found = async (from: string, to: string) => idsOf(await ranges.overlapping({ ...series, from, to }));
  expect(await found('2024-01-01', '2024-01-10')).toEqual([]);
  expect(await found('2024-01-01', '2024-01-10T00:00:00.001Z')).toEqual([ended.id]);
  expect(await found('2024-01-19T23:59:59.999Z', '2024-01-20')).toEqual([ended.id]);
  expect(await found('2024-01-20', '2024-01-20T00:00:00.001Z')).toEqual([lasting.id]);
  expect(await found('2024-01-01', '2030-01-01')).toEqual([ended.id, lasting.id]);
  expect(await found('9999-12-31T23:59:59.998Z', '9999-12-31T23:59:59.999Z')).toEqual([lasting.id]);
  expect(await refusedFor(raw, () => ranges.overlapping({ ...series, from: 'x', to: '2024-01-01' }))).toEqual([
    'INSTANT_INVALID from: not an instant',
  ]);
  expect(await refusedFor(raw, () => ranges.overlapping({ ...series, from: '2024-02-01', to: '2024-01-01' }))).toEqual([
    'WINDOW_REVERSED to: to is not before from (2024-02-01T00:00:00.000Z)',
  ]);
});

test('filters', async () => {
  const { ranges, raw } = await open();
  const first = await ranges.create(soundRange());
  const second = await ranges.create(soundRange({ phase: 'B', startTime: '2024-02-01' }));
  const third = await ranges.create(soundRange({ symbol: 'SPY', timeframe: '1h', startTime: '2024-03-01' }));
  const found = async (filter: Parameters<typeof ranges.find>[0]) => {
    const [forward, backward] = [await ranges.find(filter), await ranges.latest(filter)];
    expect(forward).toEqual(backward);
    return idsOf(forward.rows);
  };
  expect(await found({})).toEqual(idsOf([first, second, third]));
  expect(await found({ phase: 'C' })).toEqual(idsOf([first, third]));
  expect(await found({ symbol: 'spy' })).toEqual([third.id]);
  expect(await found({ timeframe: '1d', from: '2024-02-01' })).toEqual([second.id]);
  expect(await found({ from: '2024-01-02', to: '2024-02-01' })).toEqual([first.id]);
  const bad = { phase: 'c', symbol: '', from: '2024-02-01', to: '2024-01-01' } as object;
  expect((await refusedFor(raw, () => ranges.find(bad))).map((problem) => problem.split(':')[0])).toEqual([
    'WINDOW_REVERSED to',
    'SYMBOL_INVALID symbol',
    'CHOICE_UNKNOWN phase',
  ]);
});
