import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Decimal } from '../../src/domain/decimal.js';
import { readJson, toJson } from '../../src/domain/json.js';
import { EFFORT_RESULTS } from '../../src/domain/pattern-metadata.js';
import { PATTERN_TYPES, type PatternType } from '../../src/domain/pattern-types.js';
import { decimalSchema } from '../../src/domain/schemas.js';
import { decimalParts, textOf } from './arbitraries.js';
import { changed, expectRefused, isDecimal, read, SCHEMAS } from './pattern-metadata-keys.js';
import { reading } from './reading.js';

describe('a hostile document', () => {
  const nested = (levels: number) => JSON.parse(`${'['.repeat(levels)}1${']'.repeat(levels)}`) as unknown;
  const TOO_LARGE = { code: 'JSON_TOO_LARGE', value: '...', rule: 'a document has at most 1000000 characters' };
  const TOO_DEEP = { code: 'JSON_TOO_DEEP', value: '...', rule: 'nested more than 32 levels deep' };

  test.each<[string, unknown, object]>([
    ['NaN', Number.NaN, { code: 'JSON_INVALID', path: 'metadata.own', rule: 'JSON has no such number' }],
    ['1e400', JSON.parse('1e400'), { code: 'JSON_INVALID', path: 'metadata.own', value: Number.POSITIVE_INFINITY }],
    ['NaN as a Decimal', new Decimal(Number.NaN), { code: 'JSON_INVALID', rule: 'a decimal is finite' }],
    ['a Decimal that fills the memory', new Decimal('1e9000000000000000'), { ...TOO_LARGE, path: 'metadata.own' }],
    ['its inverse', new Decimal('1e-9000000000000000'), { ...TOO_LARGE, path: 'metadata.own' }],
    ['10,000 levels', nested(10_000), TOO_DEEP],
    ['33 levels', nested(32), TOO_DEEP],
    ['50 MB', 'x'.repeat(50_000_000), { ...TOO_LARGE, path: 'metadata.own' }],
    ['50 MB of a list', Array(10_000_000).fill(12_345), { ...TOO_LARGE, path: 'metadata.own' }],
    ['a million empty texts', Array(1_000_000).fill(''), { ...TOO_LARGE, path: 'metadata.own' }],
    ['NUL', 'a\0', { code: 'JSON_INVALID', rule: 'a text has no NUL and no half of a surrogate pair' }],
    ['half a character', '\ud800', { code: 'JSON_INVALID', path: 'metadata.own' }],
    ['2^53', 2 ** 53, { code: 'JSON_INVALID', rule: 'an integer beyond 2^53 is not exact' }],
    ['a Map', new Map(), { code: 'JSON_INVALID', rule: 'not a plain object' }],
    ['a function', () => 1, { code: 'JSON_INVALID', rule: 'JSON has no function' }],
    [
      'a key that schemas drop',
      JSON.parse('{"__proto__": 1}'),
      { code: 'JSON_INVALID', rule: 'a key is not __proto__' },
    ],
  ])('with %s is refused', (_, own, problem) => {
    expectRefused(changed('SPRING', { own }), problem);
    expectRefused(changed('BU', { own }), problem);
  });

  it('is not written out to learn how long it is', () => {
    for (const exponent of ['1e9000000000000000', '1e-9000000000000000']) {
      const issues = decimalSchema.safeParse(new Decimal(exponent)).error?.issues;
      expect(issues).toMatchObject([{ params: { code: 'DECIMAL_TOO_LONG' } }]);
    }
  });

  it('that holds itself is refused', () => {
    const own: Record<string, unknown> = {};
    own.own = own;
    expectRefused(changed('SPRING', { own }), TOO_DEEP);
  });

  it('in the place of a decimal is refused', () => {
    expectRefused(changed('SPRING', { penetration_pct: Number.NaN }), {
      code: 'JSON_INVALID',
      path: 'metadata.penetration_pct',
    });
    expectRefused(changed('SPRING', { penetration_pct: JSON.parse('1e400') }), { code: 'JSON_INVALID' });
    expectRefused(changed('SPRING', { penetration_pct: nested(10_000) }), TOO_DEEP);
    expectRefused(changed('SPRING', { penetration_pct: '0'.repeat(201) }), { code: 'DECIMAL_INVALID' });
  });

  it('of 31 levels of its own is kept', () => {
    const own = nested(31);
    expect(toJson(changed('BU', { own }).value)).toEqual({ own });
  });
});

describe('a round trip', () => {
  const decimal = decimalParts(30, 40).map(textOf);
  /** From a bound upwards, or down from it, exactly. */
  const from = (bound: string, sign: 1 | -1, most = '1e6') =>
    decimalParts(6, 30)
      .map((parts) => new Decimal(textOf({ ...parts, negative: false })))
      .map((step) => new Decimal(bound).plus(step.modulo(most).times(sign)).toFixed());
  const price = fc.bigInt({ min: 1n, max: 999_999_999_999_999_999n }).map((cents) => {
    const digits = cents.toString().padStart(9, '0');
    return `${digits.slice(0, -8)}.${digits.slice(-8)}`;
  });
  const id = fc.uuid();
  const count = (most: number) => fc.integer({ min: 1, max: most });
  /** What a detector adds: any JSON that PostgreSQL holds exactly. */
  const own = fc
    .dictionary(
      fc.string().map((key) => `own_${key}`),
      fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown),
      { maxKeys: 4 },
    )
    .filter((value) => reading((report) => readJson(value, '', report)).problems.length === 0);

  const documents: Partial<Record<PatternType, fc.Arbitrary<object>>> = {
    SPRING: fc.record({
      penetration_pct: from('0.05', -1, '0.05'),
      recovery_bars: count(5),
      spring_low: price,
      recovery_price: price,
      creek_reference: price,
      creek_distance: decimal,
    }),
    UTAD: fc.record({
      breakout_pct: from('0', 1),
      bars_to_failure: count(3),
      utad_high: price,
      failure_price: price,
      ice_reference: price,
      ice_penetration: decimal,
    }),
    SOS: fc.record({
      breakout_pct: from('0.01', 1),
      breakout_price: price,
      close_position: from('0', 1, '1'),
      ice_reference: price,
    }),
    LPS: fc.record({
      sos_pattern_id: id,
      distance_from_ice: decimal,
      pullback_low: price,
      bars_after_sos: count(10),
      held_support: fc.boolean(),
      effort_result: fc.constantFrom(...EFFORT_RESULTS),
    }),
    SC: fc.record({ close_position: from('1', -1, '1'), prior_close: price }),
    AR: fc.record({ sc_pattern_id: id, rally_pct: from('0.03', 1), bars_after_sc: count(10) }),
    ST: fc.record({
      sc_pattern_id: id,
      distance_from_sc_low_pct: from('0.02', -1),
      volume_reduction_pct: from('0.10', 1),
      penetration_pct: from('0.0099999999', -1),
    }),
  };

  test.each(PATTERN_TYPES)('of a %s gives what was read', (type) => {
    const document = documents[type] ?? fc.record({ notes: fc.string() }, { requiredKeys: [] });
    fc.assert(
      fc.property(document, own, (known, unknown) => {
        const metadata = { ...known, ...unknown };
        const { value, problems } = read(type, metadata);
        expect(problems).toEqual([]);
        const written = toJson(value);
        const decode = SCHEMAS.decode.bind(SCHEMAS, 'pattern_metadata', type, 1, written, 'metadata');
        expect(read(type, written)).toEqual({ value, problems: [], codes: [] });
        expect(reading(decode)).toEqual({ value, problems: [], codes: [] });
        expect(toJson(read(type, written).value)).toEqual(written);
        expect(written).toMatchObject(unknown);
        for (const [key, given] of Object.entries(known))
          if (isDecimal(type, key))
            expect(new Decimal((written as Record<string, string>)[key]!).equals(given as string)).toBe(true);
          else expect((written as Record<string, unknown>)[key]).toBe(given);
      }),
    );
  });
});
