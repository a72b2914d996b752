import { describe, expect, test } from 'vitest';
import { whyNotTradable } from '../../src/domain/pattern.js';
import { newId, PATTERN_TYPES, type Pattern, type PatternType, usualPhases } from '../../src/index.js';
import { soundDistribution, soundMetadata, soundPattern, soundRange, TESTED } from '../setup/ledger-inputs.js';
import { openRawClient } from '../setup/raw-client.js';
import { refusal, refusedFor } from '../setup/refusals.js';
import { openTestStore } from '../setup/test-database.js';

async function open(options: Parameters<typeof openTestStore>[0] = {}) {
  const { store, url } = await openTestStore({ actor: 'test', onWarning: () => {}, ...options });
  const [range, distribution] = await store.tradingRanges.createMany([soundRange(), soundDistribution()]);
  return { store, patterns: store.patterns, raw: await openRawClient(url), range: range!, distribution: distribution! };
}

const CONTEXT: readonly PatternType[] = ['TEST', 'PS', 'PSY', 'SC', 'BC', 'AR', 'ST'];
const SHORT: readonly PatternType[] = ['UTAD', 'UT', 'SOW', 'LPSY'];

describe('create', () => {
  const rangeless = (type: string, phase: string) => [
    `TRADING_RANGE_MISSING tradingRangeId: a ${type} of phase ${phase} has a trading range: only context of phase A may have none`,
  ];
  const confidence = ['NUMBER_OUT_OF_RANGE confidenceScore: a confidence score is a whole number from 70 to 95'];
  const early = (path: string, bar: string, close: string) => [
    `LOOK_AHEAD ${path}: the bar of ${bar}T00:00:00Z closes at ${close}T00:00:00Z: nobody knows it before`,
  ];
  const notLater = ['TEST_NOT_LATER testBarTimestamp: a test comes after the bar that it tests, 2024-02-01T00:00:00Z'];
  const losing = (type: string, side: string) => [
    `STOP_ON_WINNING_SIDE stopLoss: the stop of a ${type} lies ${side} its entry, on the losing side`,
  ];

  test('refuses what breaks a rule, and writes nothing', async () => {
    const { patterns, raw, range } = await open();
    const broken: readonly (readonly [change: object, problems: string[]])[] = [
      [{ patternType: 'spring' }, [`CHOICE_UNKNOWN patternType: a pattern type is one of ${PATTERN_TYPES.join(', ')}`]],
      [{ timeframe: '1D' }, ['TIMEFRAME_UNKNOWN timeframe: a timeframe is one of 1m, 5m, 15m, 1h, 1d']],
      [{ phase: 'F' }, ['CHOICE_UNKNOWN phase: a phase is one of A, B, C, D, E']],
      [{ phase: 'D' }, ['PHASE_UNUSUAL phase: the usual phase of a SPRING is C']],
      [{ confidenceScore: 69 }, confidence],
      [{ confidenceScore: 96 }, confidence],
      [{ detectionTime: '2024-01-31' }, early('detectionTime', '2024-02-01', '2024-02-02')],
      [{ detectionTime: '2024-02-01T23:59:59.999Z' }, early('detectionTime', '2024-02-01', '2024-02-02')],
      [
        { patternBarTimestamp: '2024-02-01T05:00:00Z' },
        ['TIMESTAMP_MISALIGNED patternBarTimestamp: a 1d bar carries 00:00 UTC of its trading date'],
      ],
      [{ testBarTimestamp: '2024-02-01' }, notLater],
      [{ testBarTimestamp: '2024-01-31' }, notLater],
      [{ testBarTimestamp: '2024-02-02' }, early('detectionTime', '2024-02-02', '2024-02-03')],
      [{ testConfirmed: true }, ['TEST_BAR_MISSING testBarTimestamp: a confirmed test has a bar']],
      [{ testConfirmed: 'yes' }, ['FLAG_INVALID testConfirmed: not true or false']],
      [{ stopLoss: '101' }, losing('SPRING', 'below')],
      [{ stopLoss: '102' }, losing('SPRING', 'below')],
      [{ entryPrice: '0' }, ['PRICE_NOT_POSITIVE entryPrice: a price is above zero']],
      [{ invalidationLevel: '-1' }, ['PRICE_NOT_POSITIVE invalidationLevel: a price is above zero']],
      [{ volumeRatio: '-0.0001' }, ['RATIO_NEGATIVE volumeRatio: a ratio is not below zero']],
      [{ spreadRatio: '0.00001' }, ['RATIO_TOO_PRECISE spreadRatio: a ratio has at most 4 decimals']],
      [{ spreadRatio: '1000000' }, ['RATIO_TOO_LARGE spreadRatio: a ratio has at most 6 digits before the point']],
      [
        { metadataVersion: 0 },
        ['NUMBER_OUT_OF_RANGE metadataVersion: a metadata version is a whole number of at least 1'],
      ],
      [{ tradingRangeId: null }, rangeless('SPRING', 'C')],
      [{ tradingRangeId: 'x' }, ['ID_INVALID tradingRangeId: not an id']],
    ];
    for (const [change, problems] of broken)
      expect([change, await refusedFor(raw, () => patterns.create({ ...soundPattern(range), ...change }))]).toEqual([
        change,
        problems,
      ]);
    expect((await patterns.find()).rows).toEqual([]);
  });

  test('takes each type on the edge of its rules, and answers what is read back', async () => {
    const { patterns, range, distribution } = await open();
    const created: Pattern[] = [];
    for (const [index, patternType] of PATTERN_TYPES.entries()) {
      const whose = SHORT.includes(patternType) ? distribution : range;
      const confidenceScore = index % 2 === 0 ? 70 : 95;
      for (const phase of usualPhases(patternType))
        created.push(await patterns.create(soundPattern(whose, { patternType, phase, confidenceScore })));
      const context = soundPattern(null, { patternType, phase: 'A' });
      if (usualPhases(patternType).includes('A')) created.push(await patterns.create(context));
    }
    created.push(
      await patterns.create(
        soundPattern(range, {
          entryPrice: '9999999999.99999999',
          stopLoss: '0.00000001',
          invalidationLevel: '0.00000001',
          volumeRatio: '0',
          spreadRatio: '999999.9999',
          ...TESTED,
        }),
      ),
    );
    for (const pattern of created) expect(await patterns.byId(pattern.id)).toEqual(pattern);
    expect(created.at(-1)!.entryPrice.toString()).toBe('9999999999.99999999');
    expect(created.at(-1)!.stopLoss.toString()).toBe('0.00000001');
    expect(await patterns.byRange(range.id)).toHaveLength(
      created.filter((one) => one.tradingRangeId === range.id).length,
    );
  });

  test('an entry needs a range, and so does context outside phase A', async () => {
    const { patterns, raw } = await open({ patternRules: { unusualPhase: 'warn' } });
    for (const patternType of PATTERN_TYPES) {
      const context = CONTEXT.includes(patternType);
      const attempt = (phase: 'A' | 'B') => () => patterns.create(soundPattern(null, { patternType, phase }));
      expect(await refusedFor(raw, attempt('B'))).toEqual(rangeless(patternType, 'B'));
      if (context) expect((await attempt('A')()).tradingRangeId).toBeNull();
      else expect(await refusedFor(raw, attempt('A'))).toEqual(rangeless(patternType, 'A'));
    }
  });

  test('belongs to a range that is there, of its series and of its direction', async () => {
    const { store, patterns, raw, range, distribution } = await open();
    const attempt = (change: object) => refusedFor(raw, () => patterns.create(soundPattern(range, change)));
    const unknown = ['TRADING_RANGE_UNKNOWN tradingRangeId: there is no such trading range'];
    expect(await attempt({ tradingRangeId: newId() })).toEqual(unknown);
    const spring = await patterns.create(soundPattern(range));
    expect(await attempt({ tradingRangeId: spring.id })).toEqual(unknown);
    expect(await attempt({ symbol: 'SPY' })).toEqual([
      'PATTERN_OTHER_SYMBOL symbol: a pattern has the symbol of its trading range, AAPL',
    ]);
    expect(await attempt({ timeframe: '1h' })).toEqual([
      'PATTERN_OTHER_TIMEFRAME timeframe: a pattern has the timeframe of its trading range, 1d',
    ]);
    expect(await attempt({ tradingRangeId: distribution.id })).toEqual([
      'PATTERN_OTHER_DIRECTION patternType: a SPRING is an entry of accumulation, and the range is one of distribution',
    ]);
    for (const patternType of SHORT)
      expect(await attempt({ patternType })).toEqual([
        `PATTERN_OTHER_DIRECTION patternType: a ${patternType} is an entry of distribution, and the range is one of accumulation`,
      ]);
    await store.tradingRanges.softDelete(range.id, { version: 1 });
    expect(await attempt({})).toEqual(['RANGE_DELETED tradingRangeId: the trading range was deleted']);
    await store.tradingRanges.restore(range.id, { version: 2 });
    expect(await patterns.create(soundPattern(range))).toMatchObject({ tradingRangeId: range.id });
  });
});

describe('confirmTest', () => {
  test('marks the test, and again changes nothing', async () => {
    const { patterns, raw, range } = await open();
    const { id } = await patterns.create(soundPattern(range));
    const tested = await patterns.confirmTest(id, '2024-02-05', { confirmedAt: '2024-02-06' });
    expect(tested).toMatchObject({ testConfirmed: true, testBarTimestamp: new Date('2024-02-05') });
    expect(await patterns.byId(id)).toEqual(tested);
    const events = () => raw.query("SELECT metadata FROM audit_trail WHERE event_type = 'PATTERN_TEST_CONFIRMED'");
    const { rows } = await events();
    expect(rows).toMatchObject([
      { metadata: { confirmed_at: '2024-02-06T00:00:00Z', before: { test_confirmed: false } } },
    ]);
    expect(await patterns.confirmTest(id, '2024-02-05', { confirmedAt: '2024-02-10' })).toEqual(tested);
    expect((await events()).rows).toEqual(rows);
    const error = await refusal(raw, () => patterns.confirmTest(id, '2024-02-06'));
    expect(error).toMatchObject({ code: 'PATTERN_CONFIRMED' });
    expect(error.message).toBe(`pattern ${id} was confirmed by the bar of 2024-02-05T00:00:00Z already`);
  });

  test('refuses what could not be known, or is no test', async () => {
    const { patterns, raw, range } = await open();
    const { id } = await patterns.create(soundPattern(range));
    const attempt = (bar: string, confirmedAt?: string) =>
      refusedFor(raw, () => patterns.confirmTest(id, bar, confirmedAt === undefined ? {} : { confirmedAt }));
    const notYet =
      'LOOK_AHEAD confirmedAt: the bar of 2024-02-05T00:00:00Z closes at 2024-02-06T00:00:00Z: nobody knows it before';
    expect(await attempt('2024-02-05', '2024-02-05T23:59:59.999Z')).toEqual([notYet]);
    expect(await attempt('2024-02-01')).toEqual([
      'TEST_NOT_LATER testBarTimestamp: a test comes after the bar that it tests, 2024-02-01T00:00:00Z',
    ]);
    expect(await attempt('2024-02-05T14:30:00Z')).toEqual([
      expect.stringContaining('TIMESTAMP_MISALIGNED testBarTimestamp'),
    ]);
    expect(await attempt('x', 'y')).toEqual([
      'INSTANT_INVALID testBarTimestamp: not an instant',
      'INSTANT_INVALID confirmedAt: not an instant',
    ]);
    const late = await patterns.create(soundPattern(range, { detectionTime: '2024-03-01' }));
    expect(
      await refusedFor(raw, () => patterns.confirmTest(late.id, '2024-02-05', { confirmedAt: '2024-02-28' })),
    ).toEqual([
      'LOOK_AHEAD confirmedAt: a test is not confirmed before its pattern was detected, 2024-03-01T00:00:00Z',
    ]);
    await patterns.reject(id, 'a breakdown');
    expect(await attempt('2024-02-05', '2024-02-06')).toEqual([
      'PATTERN_REJECTED testBarTimestamp: the pattern was rejected: a breakdown',
    ]);
  });
});

test('reject: once, for a reason; the same again changes nothing', async () => {
  const { patterns, raw, range } = await open();
  const { id } = await patterns.create(soundPattern(range));
  for (const reason of ['', '  ', 'x'.repeat(1_001), 'a\0b', '\ud800', null as unknown as string])
    expect(await refusedFor(raw, () => patterns.reject(id, reason))).toEqual([
      'TEXT_INVALID reason: not a text of 1 to 1000 characters, none of them NUL',
    ]);
  const rejected = await patterns.reject(id, 'too deep');
  expect(rejected).toMatchObject({ rejectionReason: 'too deep' });
  expect(await patterns.reject(id, 'too deep')).toEqual(rejected);
  expect(await refusal(raw, () => patterns.reject(id, 'too late'))).toMatchObject({
    code: 'PATTERN_REJECTED',
    message: `pattern ${id} was rejected already: too deep`,
  });
  const { rows } = await raw.query("SELECT action FROM audit_trail WHERE event_type = 'PATTERN_REJECTED'");
  expect(rows).toEqual([{ action: 'too deep' }]);
  for (const attempt of [
    (x: string) => patterns.reject(x, 'no'),
    (x: string) => patterns.confirmTest(x, '2024-02-05'),
  ]) {
    expect(await refusal(raw, () => attempt(range.id))).toMatchObject({
      code: 'PATTERN_UNKNOWN',
      hint: 'it is an id of trading_ranges',
    });
    expect(await refusedFor(raw, () => attempt('1'))).toEqual(['ID_INVALID id: not an id']);
  }
});

test('tradable: what a signal may be made of, and nothing else', async () => {
  const { patterns, range, distribution } = await open();
  const inputs = PATTERN_TYPES.flatMap((patternType) =>
    [false, true].flatMap((tested) =>
      [1, 2, 3].map((day) =>
        soundPattern(SHORT.includes(patternType) ? distribution : range, {
          patternType,
          metadata: soundMetadata(patternType),
          ...(tested && TESTED),
          patternBarTimestamp: `2024-02-0${day}`,
          detectionTime: `2024-02-0${day + 5}`,
        }),
      ),
    ),
  );
  const created = await patterns.createMany(inputs);
  for (const [index, { id }] of created.entries()) if (index % 3 === 0) await patterns.reject(id, 'no');
  const all = (await patterns.find({ limit: 1_000 })).rows;
  const tradable = (await patterns.tradable({ limit: 1_000 })).rows;
  expect(tradable).toEqual(all.filter((pattern) => whyNotTradable(pattern) === undefined));
  expect(tradable).toHaveLength(28);
  const springs = (await patterns.tradable({ patternType: 'SPRING', from: '2024-02-02' })).rows;
  expect(springs.map(({ patternBarTimestamp }) => patternBarTimestamp.getUTCDate())).toEqual([2, 3]);
  const page = await patterns.tradable({ limit: 20 });
  expect(page.rows).toEqual(tradable.slice(0, 20));
  expect((await patterns.tradable({ limit: 20, cursor: page.next! })).rows).toEqual(tradable.slice(20));
});

test('filters', async () => {
  const { patterns, raw, range } = await open();
  const first = await patterns.create(soundPattern(range, { confidenceScore: 90 }));
  const second = await patterns.create(soundPattern(range, { patternType: 'SOS', patternBarTimestamp: '2024-01-31' }));
  const third = await patterns.create(soundPattern(null, { patternType: 'SC', symbol: 'SPY', timeframe: '1h' }));
  const found = async (filter: Parameters<typeof patterns.find>[0]) => {
    const [forward, backward] = [await patterns.find(filter), await patterns.latest(filter)];
    expect(forward).toEqual(backward);
    return forward.rows.map(({ id }) => [first.id, second.id, third.id].indexOf(id) + 1).sort();
  };
  expect(await found({})).toEqual([1, 2, 3]);
  expect(await found({ patternType: 'SOS' })).toEqual([2]);
  expect(await found({ phase: 'A' })).toEqual([3]);
  expect(await found({ tradingRangeId: range.id })).toEqual([1, 2]);
  expect(await found({ minConfidence: 90 })).toEqual([1]);
  expect(await found({ symbol: ' spy ' })).toEqual([3]);
  expect(await found({ timeframe: '1d' })).toEqual([1, 2]);
  expect(await found({ to: '2024-02-01' })).toEqual([2]);
  expect(await found({ from: '2024-02-01', to: '2024-02-02', timeframe: '1d' })).toEqual([1]);
  expect((await patterns.byRange(range.id)).map(({ id }) => id)).toEqual([second.id, first.id]);
  const bad = { patternType: 'sos', phase: 'Z', tradingRangeId: 'x', minConfidence: -1, timeframe: '1D' } as object;
  expect((await refusedFor(raw, () => patterns.find(bad))).map((problem) => problem.split(':')[0])).toEqual([
    'TIMEFRAME_UNKNOWN timeframe',
    'CHOICE_UNKNOWN patternType',
    'CHOICE_UNKNOWN phase',
    'ID_INVALID tradingRangeId',
    'NUMBER_OUT_OF_RANGE minConfidence',
  ]);
});
