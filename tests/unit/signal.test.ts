import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { APPROVAL_CHAIN, encodeApprovalChain } from '../../src/domain/approval-chain.js';
import { Decimal } from '../../src/domain/decimal.js';
import { JsonSchemas } from '../../src/domain/json-schemas.js';
import { type Pattern, whyNotTradable } from '../../src/domain/pattern.js';
import type { Direction, PatternType } from '../../src/domain/pattern-types.js';
import {
  allocationPct,
  canMove,
  checkSignalAgainstPattern,
  type NewSignal,
  nextStatuses,
  readNewSignal,
  SIGNAL_MOVES,
  SIGNAL_STATUSES,
  type SignalDraft,
} from '../../src/domain/signal.js';
import { reading } from './reading.js';
import { byId, patterns, signals } from './sample-seeds.js';

const SCHEMAS = new JsonSchemas([APPROVAL_CHAIN]);
const PATTERN_ID = '8a4b4f79-af5c-4e95-8e3f-f83936c9d2ef';

/** R exactly 4, risk 2.00 x 100. */
const LONG: NewSignal = {
  symbol: ' aapl',
  timeframe: '1d',
  generatedAt: '2024-05-23T00:10:00Z',
  entryPrice: '100',
  stopLoss: '98',
  target1: '104',
  target2: '108',
  positionSize: 100,
  confidenceScore: 80,
  patternId: PATTERN_ID,
};
const SHORT: NewSignal = { ...LONG, signalType: 'SHORT', stopLoss: '102', target1: '96', target2: '92' };

function read(input: unknown) {
  return reading((report) => readNewSignal(input as NewSignal, SCHEMAS, report));
}

function draft(change: Partial<NewSignal> = {}): SignalDraft {
  const { value, problems } = read({ ...LONG, ...change });
  expect(problems).toEqual([]);
  return value!;
}

function expectRefused(input: unknown, expected: object): void {
  const { value, problems } = read(input);
  expect(value).toBeUndefined();
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject(expected);
}

describe('a new signal', () => {
  it('is PENDING and LONG, with everything that it can do without', () => {
    const signal = draft({ patternId: undefined });
    expect(signal.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(draft().id).not.toBe(signal.id);
    expect(JSON.parse(JSON.stringify({ ...signal, id: '' }))).toEqual({
      id: '',
      signalType: 'LONG',
      patternId: null,
      symbol: 'AAPL',
      timeframe: '1d',
      generatedAt: '2024-05-23T00:10:00.000Z',
      entryPrice: '100',
      stopLoss: '98',
      target1: '104',
      target2: '108',
      positionSize: '100',
      riskAmount: '200',
      rMultiple: '4',
      confidenceScore: 80,
      campaignId: null,
      campaignAllocation: '0',
      status: 'PENDING',
      notificationSent: false,
      approvalChain: null,
    });
  });

  it('keeps what it is given', () => {
    const id = '2258F886-b739-4a7f-9810-fbdcfda99ae8';
    const campaignId = '73c2bd2e-8dd9-46a0-8dc5-592fa6574e81';
    const approvalChain = { validation_results: [] };
    const given = { id, campaignId, campaignAllocation: '0.4000', approvalChain, riskAmount: '200.00', rMultiple: 4n };
    const signal = draft(given);
    expect(signal).toMatchObject({ id: id.toLowerCase(), campaignId, patternId: PATTERN_ID });
    expect(signal.campaignAllocation.toFixed()).toBe('0.4');
    expect(signal.approvalChain).toEqual({ overall_status: 'PASS', warnings: [], validation_results: [] });
  });

  it('may be SHORT', () => {
    const { value } = read(SHORT);
    expect([value?.signalType, value?.rMultiple.toFixed(2), value?.riskAmount.toFixed(2)]).toEqual([
      'SHORT',
      '4.00',
      '200.00',
    ]);
  });

  test.each(signals)('of the sample: $signal_type of $symbol at $generated_at, $status', (row) => {
    const { value, problems } = read(inputOf(row));
    expect(problems).toEqual([]);
    expect(value!.rMultiple.toFixed(2)).toBe(row.r_multiple);
    expect(value!.riskAmount.toFixed(2)).toBe(row.risk_amount);
    expect(encodeApprovalChain(value!.approvalChain)).toEqual(row.approval_chain);
    const pattern = samplePattern(row.pattern_id);
    expect(reading((report) => checkSignalAgainstPattern(value!, pattern, report)).problems).toEqual([]);
  });

  const wrong: [string, Partial<Record<keyof NewSignal | 'status' | 'notificationSent', unknown>>, object][] = [
    ['status', { status: 'APPROVED' }, { code: 'FIELD_IS_COMPUTED', path: 'status', value: 'APPROVED' }],
    ['notification', { notificationSent: true }, { code: 'FIELD_IS_COMPUTED', path: 'notificationSent', value: true }],
    ['id', { id: 'x' }, { code: 'ID_INVALID', path: 'id', value: 'x', rule: 'not an id' }],
    ['pattern id', { patternId: 7 }, { code: 'ID_INVALID', path: 'patternId', value: 7 }],
    ['campaign id', { campaignId: '' }, { code: 'ID_INVALID', path: 'campaignId', value: '' }],
    ['symbol', { symbol: '' }, { code: 'SYMBOL_INVALID', path: 'symbol' }],
    ['timeframe', { timeframe: '1D' }, { code: 'TIMEFRAME_UNKNOWN', path: 'timeframe', hint: "write '1d'" }],
    [
      'type',
      { signalType: 'long' },
      {
        code: 'CHOICE_UNKNOWN',
        path: 'signalType',
        value: 'long',
        rule: 'a signal type is one of LONG, SHORT',
        hint: "write 'LONG'",
      },
    ],
    ['type null', { signalType: null }, { code: 'CHOICE_UNKNOWN', path: 'signalType', value: null }],
    ['instant', { generatedAt: 'now' }, { code: 'INSTANT_INVALID', path: 'generatedAt' }],
    ['float', { entryPrice: 100.1 }, { code: 'DECIMAL_IS_FLOAT', path: 'entryPrice', value: 100.1 }],
    ['9 decimals', { stopLoss: '98.000000001' }, { code: 'PRICE_TOO_PRECISE', path: 'stopLoss' }],
    ['11 digits', { target2: '10000000000' }, { code: 'PRICE_TOO_LARGE', path: 'target2' }],
    ['zero', { target1: '0' }, { code: 'PRICE_NOT_POSITIVE', path: 'target1' }],
    [
      'size of zero',
      { positionSize: 0 },
      { code: 'SIZE_NOT_POSITIVE', path: 'positionSize', value: 0, rule: 'a size is above zero' },
    ],
    ['size below zero', { positionSize: '-0.00000001' }, { code: 'SIZE_NOT_POSITIVE', path: 'positionSize' }],
    [
      'size of 9 decimals',
      { positionSize: '0.000000001' },
      { code: 'SIZE_TOO_PRECISE', path: 'positionSize', rule: 'a size has at most 8 decimals' },
    ],
    ['size of 11 digits', { positionSize: '10000000000' }, { code: 'SIZE_TOO_LARGE', path: 'positionSize' }],
    [
      'confidence of 69',
      { confidenceScore: 69 },
      {
        code: 'NUMBER_OUT_OF_RANGE',
        path: 'confidenceScore',
        value: 69,
        rule: 'a confidence score is a whole number from 70 to 95',
      },
    ],
    ['confidence of 96', { confidenceScore: 96 }, { code: 'NUMBER_OUT_OF_RANGE', path: 'confidenceScore', value: 96 }],
    [
      'allocation over 1',
      { campaignAllocation: '1.0001' },
      {
        code: 'ALLOCATION_OUT_OF_RANGE',
        path: 'campaignAllocation',
        value: '1.0001',
        rule: "a campaign allocation is from 0 to 1, a share of the campaign's budget",
      },
    ],
    ['allocation below 0', { campaignAllocation: '-0.0001' }, { code: 'ALLOCATION_OUT_OF_RANGE' }],
    ['allocation of 5 decimals', { campaignAllocation: '0.33333' }, { code: 'ALLOCATION_TOO_PRECISE' }],
    ['allocation null', { campaignAllocation: null }, { code: 'DECIMAL_INVALID', path: 'campaignAllocation' }],
    [
      'chain',
      { approvalChain: { validation_results: [], overall_status: 'WARN' } },
      { code: 'OVERALL_STATUS_WRONG', path: 'approvalChain.overall_status', rule: 'the stages make it PASS' },
    ],
  ];
  it.each(wrong)('is refused for its %s', (_, change, expected) => expectRefused({ ...LONG, ...change }, expected));

  it.each([70, 95])('may have a confidence of %i', (confidenceScore) => {
    expect(draft({ confidenceScore }).confidenceScore).toBe(confidenceScore);
  });

  it.each(['0', '0.0001', '1', '1.0000'])('may have an allocation of %s', (campaignAllocation) => {
    expect(draft({ campaignAllocation }).campaignAllocation.equals(campaignAllocation)).toBe(true);
  });

  it.each([null, undefined, 7])('is not %s', (input) => expectRefused(input, { code: 'SERIES_INVALID', path: '' }));

  it('reports everything that is wrong', () => {
    const { codes } = read({ ...LONG, symbol: '', entryPrice: 0.1, confidenceScore: 1, positionSize: 0 });
    expect(codes).toEqual(['SYMBOL_INVALID', 'DECIMAL_IS_FLOAT', 'SIZE_NOT_POSITIVE', 'NUMBER_OUT_OF_RANGE']);
  });
});

describe('the levels of a signal', () => {
  const wrong: [string, NewSignal, object][] = [
    [
      'LONG: stop at the entry',
      { ...LONG, stopLoss: '100' },
      { code: 'STOP_ON_WINNING_SIDE', path: 'stopLoss', value: '100', rule: 'the stop of a LONG lies below its entry' },
    ],
    [
      'LONG: stop above the entry',
      { ...LONG, stopLoss: '100.00000001' },
      { code: 'STOP_ON_WINNING_SIDE', path: 'stopLoss', hint: 'is it a SHORT?' },
    ],
    [
      'LONG: target at the entry',
      { ...LONG, target1: '100' },
      { code: 'TARGET_ON_LOSING_SIDE', path: 'target1', rule: 'a target of a LONG lies above its entry' },
    ],
    [
      'LONG: second target below the first',
      { ...LONG, target2: '103.99999999' },
      {
        code: 'TARGETS_TURNED_ROUND',
        path: 'target2',
        rule: 'the second target of a LONG does not lie below the first',
      },
    ],
    [
      'SHORT: stop at the entry',
      { ...SHORT, stopLoss: '100' },
      { code: 'STOP_ON_WINNING_SIDE', path: 'stopLoss', rule: 'the stop of a SHORT lies above its entry' },
    ],
    [
      'SHORT: stop below the entry',
      { ...SHORT, stopLoss: '99.99999999' },
      { code: 'STOP_ON_WINNING_SIDE', path: 'stopLoss', hint: 'is it a LONG?' },
    ],
    [
      'SHORT: target at the entry',
      { ...SHORT, target1: '100' },
      { code: 'TARGET_ON_LOSING_SIDE', path: 'target1', rule: 'a target of a SHORT lies below its entry' },
    ],
    [
      'SHORT: second target above the first',
      { ...SHORT, target2: '96.00000001' },
      {
        code: 'TARGETS_TURNED_ROUND',
        path: 'target2',
        rule: 'the second target of a SHORT does not lie above the first',
      },
    ],
  ];
  it.each(wrong)('%s', (_, input, expected) => expectRefused(input, expected));

  it('are both refused where a SHORT is called a LONG', () => {
    expect(read({ ...SHORT, signalType: 'LONG' }).codes).toEqual([
      'STOP_ON_WINNING_SIDE',
      'TARGET_ON_LOSING_SIDE',
      'TARGETS_TURNED_ROUND',
    ]);
  });

  it('may have one target twice, one tick from the entry', () => {
    expect(draft({ target1: '104', target2: '104' }).rMultiple.toFixed()).toBe('2');
    expect(draft({ target1: '100.00000001' }).target1.toFixed()).toBe('100.00000001');
    const tight = {
      stopLoss: '99.99999999',
      target1: '100.00000002',
      target2: '100.00000002',
      positionSize: '9999999999',
    };
    expect(draft(tight)).toMatchObject({ rMultiple: new Decimal(2), riskAmount: new Decimal('100') });
  });
});

describe('the R multiple', () => {
  it('is at least 2 before it is rounded', () => {
    expect(draft({ target1: '104', target2: '104' }).rMultiple.toFixed(2)).toBe('2.00');
    // 1.999999995, which would round to 2.00
    expectRefused(
      { ...LONG, target1: '103', target2: '103.99999999' },
      {
        code: 'R_MULTIPLE_TOO_LOW',
        path: 'rMultiple',
        value: new Decimal('1.99999999'),
        rule: 'a signal has an R multiple of at least 2.0, before it is rounded',
        hint: 'a nearer stop or a farther second target raises it',
      },
    );
  });

  it.each([
    // In floats (105.35 - 100) / 2 is 2.67499..., and half-even would make 2.66 of 2.665.
    ['105.35', '98', '2.68'],
    ['105.34999999', '98', '2.67'],
    ['105.33', '98', '2.67'],
    ['100.9', '99.7', '3.00'],
    ['102.01', '99', '2.01'],
  ])('for a target of %s and a stop of %s is %s', (target2, stopLoss, expected) => {
    expect(draft({ target1: '100.5', target2, stopLoss }).rMultiple.toFixed(2)).toBe(expected);
  });

  it('is what the column can hold', () => {
    const far = { stopLoss: '99.99', target1: '101' };
    expect(draft({ ...far, target2: '199.99994999' }).rMultiple.toFixed(2)).toBe('9999.99');
    expectRefused(
      { ...LONG, ...far, target2: '199.99995' },
      {
        code: 'R_MULTIPLE_TOO_LARGE',
        path: 'rMultiple',
        value: new Decimal('10000'),
        rule: 'an R multiple is at most 9999.99',
        hint: 'is the stop right? It lies next to the entry',
      },
    );
  });

  it('of the caller must equal it', () => {
    expect(draft({ rMultiple: '4.000' }).rMultiple.toFixed()).toBe('4');
    expectRefused(
      { ...LONG, rMultiple: '4.01' },
      {
        code: 'R_MULTIPLE_WRONG',
        path: 'rMultiple',
        value: '4.01',
        rule: 'an R multiple is |target2 - entryPrice| / |entryPrice - stopLoss|, here 4.00',
        hint: 'leave it out',
      },
    );
    expectRefused({ ...LONG, rMultiple: '4.0001' }, { code: 'R_MULTIPLE_WRONG' });
    expectRefused({ ...LONG, rMultiple: 4.5 }, { code: 'DECIMAL_IS_FLOAT', path: 'rMultiple' });
  });
});

describe('the risk', () => {
  it.each([
    // In floats 100 - 98.995 is 1.00499..., and so a cent less.
    ['98.995', '1', '1.01'],
    ['98.99500001', '1', '1.00'],
    ['99.93', '100', '7.00'],
    ['99.5', '0.01', '0.01'],
    ['99.99999999', '9999999999.99999999', '100.00'],
  ])('with a stop of %s and a size of %s is %s', (stopLoss, positionSize, expected) => {
    const targets = { target1: '100.00000002', target2: stopLoss === '99.99999999' ? '100.00000002' : '150' };
    expect(draft({ stopLoss, positionSize, ...targets }).riskAmount.toFixed(2)).toBe(expected);
  });

  it('that rounds to 0.00 is refused', () => {
    const expected = {
      code: 'RISK_TOO_SMALL',
      path: 'riskAmount',
      rule: 'a risk is at least half a cent, |entryPrice - stopLoss| x positionSize',
      hint: 'is the position size right?',
    };
    expectRefused({ ...LONG, positionSize: '0.002' }, { ...expected, value: new Decimal('0.004') });
    expectRefused({ ...LONG, positionSize: '0.00249999' }, { ...expected, value: new Decimal('0.00499998') });
    expect(draft({ positionSize: '0.0025' }).riskAmount.toFixed(2)).toBe('0.01');
  });

  it('is what the column can hold', () => {
    const wide = { stopLoss: '99', target2: '200' };
    expect(draft({ ...wide, positionSize: '9999999999.99' }).riskAmount.toFixed(2)).toBe('9999999999.99');
    expect(draft({ ...wide, positionSize: '9999999999.99499999' }).riskAmount.toFixed(2)).toBe('9999999999.99');
    expectRefused(
      { ...LONG, ...wide, positionSize: '9999999999.995' },
      {
        code: 'RISK_TOO_LARGE',
        path: 'riskAmount',
        value: new Decimal('10000000000'),
        rule: 'a risk, |entryPrice - stopLoss| x positionSize, is at most 9999999999.99',
      },
    );
  });

  it('of the caller must equal it', () => {
    expect(draft({ riskAmount: '200.00' }).riskAmount.toFixed()).toBe('200');
    expectRefused(
      { ...LONG, riskAmount: '200.01' },
      {
        code: 'RISK_AMOUNT_WRONG',
        path: 'riskAmount',
        value: '200.01',
        rule: 'a risk is |entryPrice - stopLoss| x positionSize, here 200.00',
        hint: 'leave it out',
      },
    );
  });
});

test('R multiple and risk are those of whole numbers', () => {
  const scaled = (most: bigint) => fc.oneof(fc.bigInt(1n, 1000n), fc.bigInt(1n, most));
  const idea = fc.record({
    up: fc.boolean(),
    // With a risk of a multiple of 200, a multiple may lie exactly on the half of a hundredth; with others it lies next to it.
    risk: fc.oneof(
      scaled(10n ** 12n),
      scaled(10n ** 9n).map((risk) => 200n * risk),
    ),
    reward: fc.oneof(
      fc.record({ hundredths: fc.bigInt(390n, 2_100_000n), off: fc.bigInt(-2n, 2n) }),
      scaled(10n ** 14n).map((reward) => ({ reward })),
    ),
    size: scaled(10n ** 18n - 1n),
  });
  fc.assert(
    fc.property(idea, ({ up, risk, reward: made, size }) => {
      const reward = 'reward' in made ? made.reward : (risk * made.hundredths) / 200n + made.off;
      const entry = 2n * 10n ** 16n;
      const sign = up ? 1n : -1n;
      fc.pre(reward > 0n && reward < entry && risk < entry);
      const prices = [entry, entry - sign * risk, entry + sign * reward].map(text8);
      const [entryPrice, stopLoss, target] = prices as [string, string, string];
      const levels = { entryPrice, stopLoss, target1: target, target2: target };
      const signalType: Direction = up ? 'LONG' : 'SHORT';
      const { value, codes } = read({ ...LONG, ...levels, signalType, positionSize: text8(size) });

      const r = halfUp(reward * 100n, risk);
      const cents = halfUp(risk * size, 10n ** 14n);
      const expected = [];
      if (reward < 2n * risk) expected.push('R_MULTIPLE_TOO_LOW');
      else if (r > 999_999n) expected.push('R_MULTIPLE_TOO_LARGE');
      if (cents === 0n) expected.push('RISK_TOO_SMALL');
      else if (cents >= 10n ** 12n) expected.push('RISK_TOO_LARGE');
      expect(codes).toEqual(expected);
      if (expected.length > 0) return;
      expect(value!.rMultiple.toFixed(2).replace('.', '')).toBe(r.toString());
      expect(BigInt(value!.riskAmount.toFixed(2).replace('.', ''))).toBe(cents);
    }),
    { numRuns: 500 },
  );
});

describe('a signal on a pattern', () => {
  const SPRING: Pattern = {
    ...samplePattern(PATTERN_ID),
    ...{ patternType: 'SPRING', detectionTime: new Date('2024-05-23T00:10:00Z'), testConfirmed: true },
  };
  const check = (signal: SignalDraft, change: Partial<Pattern> = {}) =>
    reading((report) => checkSignalAgainstPattern(signal, { ...SPRING, ...change }, report)).problems;

  it('may be generated at the instant of the detection', () => {
    expect(check(draft())).toEqual([]);
  });

  it.each<Partial<Pattern>>([{ testConfirmed: false }, { rejectionReason: 'no volume' }, { patternType: 'SC' }])(
    'needs one that is tradable, not %o',
    (change) => {
      const rule = whyNotTradable({ ...SPRING, ...change });
      expect(rule).toEqual(expect.any(String));
      expect(check(draft(), change)).toEqual([
        { code: 'PATTERN_NOT_TRADABLE', path: 'patternId', value: SPRING.id, rule },
      ]);
    },
  );

  it('has its direction', () => {
    const short = read(SHORT).value!;
    const expected = { code: 'SIGNAL_OTHER_DIRECTION', path: 'signalType' };
    expect(check(short)).toEqual([{ ...expected, value: 'SHORT', rule: 'a signal on SPRING is LONG' }]);
    expect(check(short, { patternType: 'SOW' })).toEqual([]);
    expect(check(draft(), { patternType: 'SOW' })).toEqual([
      { ...expected, value: 'LONG', rule: 'a signal on SOW is SHORT' },
    ]);
  });

  it('has its symbol and its timeframe', () => {
    expect(check(draft({ symbol: 'SPY', timeframe: '1h' }))).toEqual([
      {
        code: 'SIGNAL_OTHER_SYMBOL',
        path: 'symbol',
        value: 'SPY',
        rule: 'a signal has the symbol of its pattern, AAPL',
      },
      {
        code: 'SIGNAL_OTHER_TIMEFRAME',
        path: 'timeframe',
        value: '1h',
        rule: 'a signal has the timeframe of its pattern, 1d',
      },
    ]);
  });

  it('is not generated before it', () => {
    const early = draft({ generatedAt: '2024-05-23T00:09:59.999Z' });
    expect(check(early)).toEqual([
      {
        code: 'LOOK_AHEAD',
        path: 'generatedAt',
        value: new Date('2024-05-23T00:09:59.999Z'),
        rule: 'a signal is not generated before its pattern was detected, 2024-05-23T00:10:00Z',
      },
    ]);
  });

  it('is not generated before the test of its pattern was over, where it needs one', () => {
    const testBarTimestamp = new Date('2024-05-23');
    const early = check(draft({ generatedAt: '2024-05-23T23:59:59.999Z' }), { testBarTimestamp });
    expect(early).toMatchObject([
      {
        code: 'LOOK_AHEAD',
        path: 'generatedAt',
        rule: 'the test of its pattern was over at 2024-05-24T00:00:00Z, and nobody knew it before',
      },
    ]);
    expect(check(draft({ generatedAt: '2024-05-24' }), { testBarTimestamp })).toEqual([]);
    expect(check(draft({}), { testBarTimestamp, patternType: 'SOS' })).toEqual([]);
  });

  it.each<[PatternType, string]>([
    ['SPRING', '3.0'],
    ['SOS', '2.5'],
    ['LPS', '2.5'],
    ['BU', '2.5'],
    ['UTAD', '3.5'],
  ])('has the R multiple that %s asks for, %s, before it is rounded', (patternType, least) => {
    const up = patternType !== 'UTAD';
    // A stop 1 away, and a target at exactly `least` or one tick nearer: that rounds to the same two decimals.
    const at = (reward: Decimal) => {
      const target = up ? reward.plus(100) : new Decimal(100).minus(reward);
      const levels = { stopLoss: up ? '99' : '101', target1: target, target2: target };
      return draft({ ...levels, signalType: up ? 'LONG' : 'SHORT' });
    };
    const enough = at(new Decimal(least));
    const short = at(new Decimal(least).minus('0.00000001'));
    expect(short.rMultiple).toEqual(enough.rMultiple);
    expect(check(enough, { patternType })).toEqual([]);
    expect(check(short, { patternType })).toEqual([
      {
        code: 'R_MULTIPLE_TOO_LOW',
        path: 'rMultiple',
        value: new Decimal(least).minus('0.00000001'),
        rule: `a signal on ${patternType} has an R multiple of at least ${least}, before it is rounded`,
        hint: 'a nearer stop or a farther second target raises it',
      },
    ]);
  });

  it('of 2.9999 rounds to 3.00, and is too little for a SPRING', () => {
    const signal = draft({ stopLoss: '99', target1: '102', target2: '102.9999' });
    expect(signal.rMultiple.toFixed(2)).toBe('3.00');
    expect(check(signal)).toMatchObject([{ code: 'R_MULTIPLE_TOO_LOW', value: new Decimal('2.9999') }]);
  });

  it.each<PatternType>(['UT', 'SOW', 'LPSY'])('needs no more than 2.0 on %s', (patternType) => {
    const signal = read({ ...SHORT, target2: '96' }).value!;
    expect(signal.rMultiple.toFixed(2)).toBe('2.00');
    expect(check(signal, { patternType })).toEqual([]);
  });
});

describe('the moves of a signal', () => {
  const LEGAL = [
    'PENDING APPROVED',
    'PENDING REJECTED',
    'PENDING EXPIRED',
    'APPROVED FILLED',
    'APPROVED EXPIRED',
    'FILLED STOPPED',
    'FILLED TARGET_HIT',
  ];

  it('are these and no others', () => {
    const all = SIGNAL_STATUSES.flatMap((from) => SIGNAL_STATUSES.map((to) => [from, to] as const));
    expect(all).toHaveLength(49);
    const legal = all.filter(([from, to]) => canMove(from, to)).map((move) => move.join(' '));
    expect(legal.toSorted()).toEqual(LEGAL.toSorted());
    expect(Object.keys(SIGNAL_MOVES).toSorted()).toEqual(SIGNAL_STATUSES.toSorted());
  });

  it('are told to whoever tried another', () => {
    expect(nextStatuses('PENDING')).toBe('from PENDING it may become APPROVED, REJECTED or EXPIRED');
    expect(nextStatuses('FILLED')).toBe('from FILLED it may become STOPPED or TARGET_HIT');
    expect(nextStatuses('EXPIRED')).toBe('EXPIRED is final');
  });
});

test.each([
  ['0', '0'],
  ['0.0001', '0.0005'],
  ['0.4', '2'],
  ['0.3333', '1.6665'],
  ['1', '5'],
])('a campaign allocation of %s is %s per cent', (share, pct) => {
  expect(allocationPct(new Decimal(share)).toFixed()).toBe(pct);
});

function inputOf(row: (typeof signals)[number]): unknown {
  const { status: _status, notificationSent: _sent, ...given } = camelCased(row);
  return { ...given, approvalChain: row.approval_chain };
}

function samplePattern(id: string): Pattern {
  const row = byId(patterns, id);
  const { detection_time, test_bar_timestamp } = row;
  const testBarTimestamp = test_bar_timestamp === null ? null : new Date(test_bar_timestamp);
  return { ...camelCased(row), detectionTime: new Date(detection_time), testBarTimestamp } as unknown as Pattern;
}

function camelCased(row: object): Record<string, unknown> {
  const name = (column: string) => column.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [name(column), value]));
}

/** A whole number of 10^-8 as a decimal. */
function text8(value: bigint): string {
  const digits = value.toString().padStart(9, '0');
  return `${digits.slice(0, -8)}.${digits.slice(-8)}`;
}

function halfUp(numerator: bigint, denominator: bigint): bigint {
  return (2n * numerator + denominator) / (2n * denominator);
}
