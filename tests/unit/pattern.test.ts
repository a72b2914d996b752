import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';
import type { PatternRow } from '../../seeds/generate/ledger-rows.js';
import { Decimal } from '../../src/domain/decimal.js';
import { toJson } from '../../src/domain/json.js';
import { LEDGER_SCHEMAS } from '../../src/domain/ledger-schemas.js';
import type { NewPattern } from '../../src/domain/pattern.js';
import { PATTERN_TYPES } from '../../src/domain/pattern-types.js';
import { draft, expectRefused, METADATA, RANGE_ID, readPattern, SPRING, sound } from './pattern-inputs.js';
import { patterns } from './sample-seeds.js';

describe('a new pattern', () => {
  it('is neither tested nor rejected, and gets an id', () => {
    const { value, problems, warnings } = readPattern(SPRING);
    expect([problems, warnings]).toEqual([[], []]);
    expect(value!.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(draft().id).not.toBe(value!.id);
    expect(JSON.parse(JSON.stringify({ ...value, id: '' }))).toEqual({
      id: '',
      patternType: 'SPRING',
      symbol: 'AAPL',
      timeframe: '1d',
      detectionTime: '2024-02-02T00:00:00.000Z',
      patternBarTimestamp: '2024-02-01T00:00:00.000Z',
      confidenceScore: 80,
      phase: 'C',
      tradingRangeId: RANGE_ID,
      entryPrice: '101',
      stopLoss: '98',
      invalidationLevel: '97.5',
      volumeRatio: '0.5',
      spreadRatio: '1.2',
      testConfirmed: false,
      testBarTimestamp: null,
      rejectionReason: null,
      metadata: METADATA.SPRING,
      metadataVersion: 1,
    });
    expect(value!.metadata).toMatchObject({ penetration_pct: new Decimal('0.02') });
  });

  it('keeps what it is given', () => {
    const id = '2258F886-b739-4a7f-9810-fbdcfda99ae8';
    const test = { testConfirmed: true, testBarTimestamp: '2024-02-05' };
    const pattern = draft({ id, symbol: ' brk.b', ...test, detectionTime: '2024-02-06', spreadRatio: 2n });
    expect(pattern).toMatchObject({ id: id.toLowerCase(), symbol: 'BRK.B', testConfirmed: true });
    expect(pattern.testBarTimestamp).toEqual(new Date('2024-02-05T00:00:00Z'));
    expect(pattern.spreadRatio).toEqual(new Decimal(2));
  });

  it('may have a version of metadata that its caller registered', () => {
    const schema = z.looseObject({ depth: z.number() });
    const schemas = LEDGER_SCHEMAS.with([{ kind: 'pattern_metadata', type: 'SPRING', version: 2, schema }]);
    expect(draft({ metadataVersion: 2, metadata: { depth: 3 } }, { schemas })).toMatchObject({
      metadata: { depth: 3 },
      metadataVersion: 2,
    });
    expectRefused({ ...SPRING, metadataVersion: 2 }, { code: 'JSON_SHAPE', path: 'metadata.depth' }, { schemas });
  });

  test.each(PATTERN_TYPES)('may be a %s', (type) => {
    const { value, problems, warnings } = readPattern(sound(type));
    expect([problems, warnings]).toEqual([[], []]);
    expect(toJson(value!.metadata)).toEqual(METADATA[type]);
  });

  function inputOf(row: PatternRow): unknown {
    return {
      id: row.id,
      patternType: row.pattern_type,
      symbol: row.symbol,
      timeframe: row.timeframe,
      detectionTime: row.detection_time,
      patternBarTimestamp: row.pattern_bar_timestamp,
      confidenceScore: row.confidence_score,
      phase: row.phase,
      tradingRangeId: row.trading_range_id,
      entryPrice: row.entry_price,
      stopLoss: row.stop_loss,
      invalidationLevel: row.invalidation_level,
      volumeRatio: row.volume_ratio,
      spreadRatio: row.spread_ratio,
      metadata: row.metadata,
      metadataVersion: row.metadata_version,
    };
  }

  it('of the sample: 35 of them', () => {
    expect(patterns).toHaveLength(35);
  });

  test.each(patterns)('of the sample: $pattern_type of $symbol on $pattern_bar_timestamp', (row) => {
    const { value, problems, warnings } = readPattern(inputOf(row), { rules: { volume: 'reject' } });
    expect([problems, warnings]).toEqual([[], []]);
    expect(toJson(value!.metadata)).toEqual(plain(row.metadata));
    expect(value!.entryPrice.equals(row.entry_price)).toBe(true);
  });

  /** As the store writes decimals: without the zeros at their end. */
  function plain(metadata: object): object {
    const texts = Object.entries(metadata).map(([key, value]) => [
      key,
      typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? new Decimal(value).toFixed() : value,
    ]);
    return Object.fromEntries(texts);
  }
});

describe('a new pattern is refused', () => {
  const CONFIDENCE_RULE = 'a confidence score is a whole number from 70 to 95';
  const wrong: [string, Partial<Record<keyof NewPattern | 'rejectionReason', unknown>>, object][] = [
    ['id', { id: 'x' }, { code: 'ID_INVALID', path: 'id', value: 'x', rule: 'not an id' }],
    ['id of null', { id: null }, { code: 'ID_INVALID', path: 'id', value: null }],
    ['range id', { tradingRangeId: 7 }, { code: 'ID_INVALID', path: 'tradingRangeId', value: 7, rule: 'not an id' }],
    [
      'type',
      { patternType: 'spring' },
      { code: 'CHOICE_UNKNOWN', path: 'patternType', value: 'spring', hint: "write 'SPRING'" },
    ],
    [
      'no type',
      { patternType: undefined },
      { code: 'CHOICE_UNKNOWN', path: 'patternType', rule: `a pattern type is one of ${PATTERN_TYPES.join(', ')}` },
    ],
    ['symbol', { symbol: '' }, { code: 'SYMBOL_INVALID', path: 'symbol', value: '' }],
    [
      'timeframe',
      { timeframe: '1D' },
      {
        code: 'TIMEFRAME_UNKNOWN',
        path: 'timeframe',
        value: '1D',
        rule: 'a timeframe is one of 1m, 5m, 15m, 1h, 1d',
        hint: "write '1d'",
      },
    ],
    [
      'confidence of 69',
      { confidenceScore: 69 },
      { code: 'NUMBER_OUT_OF_RANGE', path: 'confidenceScore', value: 69, rule: CONFIDENCE_RULE },
    ],
    ['confidence of 96', { confidenceScore: 96 }, { code: 'NUMBER_OUT_OF_RANGE', value: 96, rule: CONFIDENCE_RULE }],
    ['confidence of 80.5', { confidenceScore: 80.5 }, { code: 'NUMBER_OUT_OF_RANGE', value: 80.5 }],
    ['confidence as a text', { confidenceScore: '80' }, { code: 'NUMBER_OUT_OF_RANGE', value: '80' }],
    ['confidence of NaN', { confidenceScore: Number.NaN }, { code: 'NUMBER_OUT_OF_RANGE', path: 'confidenceScore' }],
    ['phase', { phase: 'F' }, { code: 'CHOICE_UNKNOWN', path: 'phase', rule: 'a phase is one of A, B, C, D, E' }],
    ['instant', { detectionTime: 'now' }, { code: 'INSTANT_INVALID', path: 'detectionTime', value: 'now' }],
    [
      'bar of the year 1',
      { patternBarTimestamp: '0001-01-01' },
      { code: 'INSTANT_OUT_OF_RANGE', path: 'patternBarTimestamp' },
    ],
    ['test instant', { testBarTimestamp: 7 }, { code: 'INSTANT_INVALID', path: 'testBarTimestamp', value: 7 }],
    [
      'flag',
      { testConfirmed: 'yes' },
      { code: 'FLAG_INVALID', path: 'testConfirmed', value: 'yes', rule: 'not true or false' },
    ],
    [
      'a float',
      { entryPrice: 101.5 },
      { code: 'DECIMAL_IS_FLOAT', path: 'entryPrice', value: 101.5, hint: "pass it as a string: '101.5'" },
    ],
    ['9 decimals', { stopLoss: '98.000000001' }, { code: 'PRICE_TOO_PRECISE', path: 'stopLoss' }],
    ['11 digits', { invalidationLevel: '10000000000' }, { code: 'PRICE_TOO_LARGE', path: 'invalidationLevel' }],
    ['1e400', { entryPrice: '1e400' }, { code: 'PRICE_TOO_LARGE', path: 'entryPrice', value: '1e400' }],
    ['an infinite price', { entryPrice: Number.POSITIVE_INFINITY }, { code: 'DECIMAL_INVALID', path: 'entryPrice' }],
    [
      'a price of zero',
      { invalidationLevel: '0' },
      { code: 'PRICE_NOT_POSITIVE', path: 'invalidationLevel', value: '0', rule: 'a price is above zero' },
    ],
    ['a price below zero', { entryPrice: '-37.63' }, { code: 'PRICE_NOT_POSITIVE', path: 'entryPrice' }],
    [
      'a volume ratio below zero',
      { volumeRatio: '-0.0001' },
      { code: 'RATIO_NEGATIVE', path: 'volumeRatio', value: '-0.0001', rule: 'a ratio is not below zero' },
    ],
    [
      'a spread ratio of five decimals',
      { spreadRatio: '1.00001' },
      { code: 'RATIO_TOO_PRECISE', path: 'spreadRatio', rule: 'a ratio has at most 4 decimals' },
    ],
    ['a spread ratio of seven digits', { spreadRatio: '1000000' }, { code: 'RATIO_TOO_LARGE', path: 'spreadRatio' }],
    [
      'version 0 of metadata',
      { metadataVersion: 0 },
      {
        code: 'NUMBER_OUT_OF_RANGE',
        path: 'metadataVersion',
        value: 0,
        rule: 'a metadata version is a whole number of at least 1',
      },
    ],
    ['version 2^31 of metadata', { metadataVersion: 2 ** 31 }, { code: 'NUMBER_OUT_OF_RANGE' }],
    [
      'an unknown version of metadata',
      { metadataVersion: 2 },
      {
        code: 'JSON_SCHEMA_UNKNOWN',
        path: 'metadata',
        rule: 'nobody has registered pattern_metadata SPRING version 2',
        hint: 'there is version 1',
      },
    ],
    ['no metadata', { metadata: undefined }, { code: 'JSON_INVALID', path: 'metadata', rule: 'JSON has no undefined' }],
    ['metadata of null', { metadata: null }, { code: 'JSON_SHAPE', path: 'metadata', value: null }],
    [
      'metadata out of bounds',
      { metadata: { ...METADATA.SPRING, penetration_pct: '0.0501' } },
      {
        code: 'METADATA_OUT_OF_RANGE',
        path: 'metadata.penetration_pct',
        value: '0.0501',
        rule: 'not at most 0.05',
      },
    ],
    [
      'a rejection',
      { rejectionReason: 'no volume' },
      {
        code: 'REJECTED_AT_CREATION',
        path: 'rejectionReason',
        value: 'no volume',
        rule: 'a new pattern is not rejected',
        hint: 'create it, then reject(id, reason)',
      },
    ],
  ];
  test.each(wrong)('with a wrong field: %s', (_, change, problem) => {
    expectRefused({ ...SPRING, ...change }, problem);
  });

  it.each([null, undefined, 7, 'SPRING', true])('when it is %o', (input) => {
    const rule = 'not an object with a symbol and a timeframe';
    expectRefused(input, { code: 'SERIES_INVALID', path: '', value: input, rule });
  });

  it('with every problem at once, those of its place too', () => {
    const { value, problems } = readPattern({
      ...SPRING,
      confidenceScore: 69,
      phase: 'B',
      tradingRangeId: null,
      stopLoss: '102',
      detectionTime: '2024-02-01',
      metadata: {},
    });
    expect(value).toBeUndefined();
    const found = problems.map(({ code, path }) => `${path} ${code}`);
    for (const problem of [
      'detectionTime LOOK_AHEAD',
      'confidenceScore NUMBER_OUT_OF_RANGE',
      'stopLoss STOP_ON_WINNING_SIDE',
      'tradingRangeId TRADING_RANGE_MISSING',
      'phase PHASE_UNUSUAL',
      'metadata.spring_low DECIMAL_INVALID',
    ])
      expect(found).toContain(problem);
  });

  it('without a problem of its own for what follows from another', () => {
    expect(readPattern({}).problems.map(({ path }) => path)).toEqual([
      'symbol',
      'timeframe',
      'patternType',
      'patternBarTimestamp',
      'detectionTime',
      'confidenceScore',
      'phase',
      'entryPrice',
      'stopLoss',
      'invalidationLevel',
      'volumeRatio',
      'spreadRatio',
    ]);
  });

  it('takes what lies on a bound', () => {
    for (const confidenceScore of [70, 95]) expect(draft({ confidenceScore })).toMatchObject({ confidenceScore });
    expect(draft({ volumeRatio: '0' }).volumeRatio.toFixed()).toBe('0');
    expect(draft({ spreadRatio: '999999.9999' }).spreadRatio.toFixed()).toBe('999999.9999');
    expect(draft({ entryPrice: '9999999999.99999999' }).entryPrice.toFixed()).toBe('9999999999.99999999');
    const none = { rejectionReason: null, testBarTimestamp: null, testConfirmed: undefined };
    expect(draft(none as Partial<NewPattern>)).toMatchObject({ rejectionReason: null, testConfirmed: false });
  });
});
