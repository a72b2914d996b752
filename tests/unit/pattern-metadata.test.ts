import { describe, expect, it, test } from 'vitest';
import { Decimal } from '../../src/domain/decimal.js';
import { toJson } from '../../src/domain/json.js';
import { EFFORT_RESULTS, PATTERN_METADATA } from '../../src/domain/pattern-metadata.js';
import { PATTERN_TYPES, type PatternType } from '../../src/domain/pattern-types.js';
import { METADATA, OTHER_PATTERN_ID } from './pattern-inputs.js';
import { changed, DECIMALS, expectRefused, KEYS, REQUIRED, read, SCHEMAS } from './pattern-metadata-keys.js';
import { reading } from './reading.js';

describe('pattern metadata', () => {
  it('have a schema of version 1 for each type', () => {
    expect(PATTERN_METADATA.map(({ type }) => type)).toEqual(PATTERN_TYPES);
    expect(PATTERN_METADATA.every(({ kind, version }) => kind === 'pattern_metadata' && version === 1)).toBe(true);
  });

  test.each(PATTERN_TYPES)('of a %s have Decimals where the document has texts', (type) => {
    const { value, problems } = read(type, METADATA[type]);
    expect(problems).toEqual([]);
    const decimals = new Set(DECIMALS.filter(([whose]) => whose === type).map(([, key]) => key));
    const expected = Object.entries(METADATA[type]).map(([key, text]) => [
      key,
      decimals.has(key) ? new Decimal(text as string) : text,
    ]);
    expect(value).toEqual(Object.fromEntries(expected));
    expect(toJson(value)).toEqual(METADATA[type]);
    expect(Object.keys(METADATA[type]).sort()).toEqual(
      REQUIRED.flatMap(([whose, key]) => (whose === type ? [key] : [])).sort(),
    );
  });

  test.each(PATTERN_TYPES)('of a %s keep unknown keys as they stand', (type) => {
    const own = { own: { price: '1.50', list: [1, null, true] }, constructor: 'x', notes: 'thin' };
    expect(toJson(changed(type, own).value)).toEqual({ ...METADATA[type], ...own });
  });

  test.each(REQUIRED)('of a %s need %s', (type, key) => {
    const path = `metadata.${key}`;
    const { [key]: _, ...rest } = METADATA[type];
    expectRefused(read(type, rest), { path, value: undefined });
    expectRefused(changed(type, { [key]: null }), { path, value: null });
    expectRefused(changed(type, { [key]: undefined }), { path, value: undefined });
  });

  it('are refused with everything that is wrong', () => {
    expect(read('SC', { close_position: 'x' }).problems).toEqual([
      {
        code: 'DECIMAL_INVALID',
        path: 'metadata.close_position',
        value: 'x',
        rule: 'not a decimal number',
        hint: "write it as '187.15': no thousands separator",
      },
      {
        code: 'DECIMAL_INVALID',
        path: 'metadata.prior_close',
        value: undefined,
        rule: 'not a decimal number',
        hint: "write it as '187.15': no thousands separator",
      },
    ]);
  });

  it('of other types may have notes', () => {
    expect(read('PS', { notes: 'large buying' })).toMatchObject({ value: { notes: 'large buying' }, problems: [] });
    const rule = 'Invalid input: expected string, received number';
    expectRefused(read('TEST', { notes: 7 }), { code: 'JSON_SHAPE', path: 'metadata.notes', value: 7, rule });
  });

  it.each<[unknown, string]>([
    [null, 'null'],
    [[], 'array'],
    ['{}', 'string'],
    [7, 'number'],
  ])('are not %o', (metadata, received) => {
    const rule = `Invalid input: expected object, received ${received}`;
    for (const type of ['SPRING', 'BU'] as const)
      expectRefused(read(type, metadata), { code: 'JSON_SHAPE', path: 'metadata', value: metadata, rule });
  });

  it('of a version that nobody registered are refused, and read as they stand', () => {
    expectRefused(read('SPRING', METADATA.SPRING, 2), {
      code: 'JSON_SCHEMA_UNKNOWN',
      path: 'metadata',
      value: 2,
      rule: 'nobody has registered pattern_metadata SPRING version 2',
      hint: 'there is version 1',
    });
    const stored = { depth: '0.5' };
    const decoded = reading((report) => SCHEMAS.decode('pattern_metadata', 'SPRING', 2, stored, 'metadata', report));
    expect(decoded).toEqual({ value: stored, problems: [], codes: [] });
  });
});

/** What lies on both sides of each bound of the specification. */
const BOUNDS: [PatternType, string, inside: unknown[], outside: [unknown, string][]][] = [
  [
    'SPRING',
    'penetration_pct',
    ['0', '-0', '0.05', '0.050'],
    [
      ['-1e-30', 'not at least 0'],
      [`0.05${'0'.repeat(70)}1`, 'not at most 0.05'],
    ],
  ],
  [
    'SPRING',
    'recovery_bars',
    [1, 5],
    [
      [0, 'not a whole number from 1 to 5'],
      [6, 'not a whole number from 1 to 5'],
      [1.5, 'not a whole number from 1 to 5'],
      ['1', 'not a whole number from 1 to 5'],
    ],
  ],
  ['SPRING', 'creek_distance', ['-1.5', '0', '1e30'], []],
  ['UTAD', 'breakout_pct', ['0', '7'], [['-0.0001', 'not at least 0']]],
  [
    'UTAD',
    'bars_to_failure',
    [1, 3],
    [
      [0, 'not a whole number from 1 to 3'],
      [4, 'not a whole number from 1 to 3'],
    ],
  ],
  ['UTAD', 'ice_penetration', ['-1', '0', '1'], []],
  ['SOS', 'breakout_pct', ['0.01', '3'], [[`0.00${'9'.repeat(70)}`, 'not at least 0.01']]],
  [
    'SOS',
    'close_position',
    ['0', '1', '1.000'],
    [
      ['-0.01', 'not at least 0'],
      [`1.${'0'.repeat(70)}1`, 'not at most 1'],
    ],
  ],
  [
    'SC',
    'close_position',
    ['0', '1'],
    [
      ['-0.01', 'not at least 0'],
      ['1.01', 'not at most 1'],
    ],
  ],
  ['LPS', 'distance_from_ice', ['-2', '0', '2'], []],
  [
    'LPS',
    'bars_after_sos',
    [1, 10],
    [
      [0, 'not a whole number from 1 to 10'],
      [11, 'not a whole number from 1 to 10'],
    ],
  ],
  ['AR', 'rally_pct', ['0.03', '2'], [['0.0299', 'not at least 0.03']]],
  [
    'AR',
    'bars_after_sc',
    [1, 10],
    [
      [0, 'not a whole number from 1 to 10'],
      [11, 'not a whole number from 1 to 10'],
      [-1, 'not a whole number from 1 to 10'],
    ],
  ],
  ['ST', 'distance_from_sc_low_pct', ['0.02', '-0.5'], [['0.0201', 'not at most 0.02']]],
  ['ST', 'volume_reduction_pct', ['0.1', '0.10', '1'], [['0.0999', 'not at least 0.10']]],
  [
    'ST',
    'penetration_pct',
    [`0.00${'9'.repeat(70)}`, '-0.5'],
    [
      ['0.01', 'not below 0.01'],
      ['0.0100', 'not below 0.01'],
    ],
  ],
];

describe('the bounds of metadata', () => {
  test.each(BOUNDS)('of a %s, %s', (type, key, inside, outside) => {
    for (const value of inside) expect(changed(type, { [key]: value }).problems).toEqual([]);
    for (const [value, rule] of outside)
      expect(changed(type, { [key]: value }).problems).toEqual([
        { code: 'METADATA_OUT_OF_RANGE', path: `metadata.${key}`, value, rule },
      ]);
  });

  test.each(KEYS.price)('of a %s: %s is a price', (type, key) => {
    const path = `metadata.${key}`;
    for (const price of ['0.00000001', '9999999999.99999999'])
      expect(toJson(changed(type, { [key]: price }).value)).toMatchObject({ [key]: price });
    for (const [value, code, rule] of [
      ['0', 'PRICE_NOT_POSITIVE', 'a price is above zero'],
      ['-37.63', 'PRICE_NOT_POSITIVE', 'a price is above zero'],
      ['0.000000001', 'PRICE_TOO_PRECISE', 'a price has at most 8 decimals'],
      ['10000000000', 'PRICE_TOO_LARGE', 'a price has at most 10 digits before the point'],
      ['1e400', 'PRICE_TOO_LARGE', 'a price has at most 10 digits before the point'],
    ])
      expectRefused(changed(type, { [key]: value }), { code, path, value, rule });
  });

  test.each(DECIMALS)('of a %s: %s is an exact decimal', (type, key) => {
    const path = `metadata.${key}`;
    const rule = 'a decimal is not taken from a floating-point number';
    const hint = "pass it as a string: '0.015'";
    expectRefused(changed(type, { [key]: 0.015 }), { code: 'DECIMAL_IS_FLOAT', path, value: 0.015, rule, hint });
    for (const value of ['1,5', '', 'NaN', true, {}])
      expectRefused(changed(type, { [key]: value }), { code: 'DECIMAL_INVALID', path, rule: 'not a decimal number' });
  });

  test.each(KEYS.decimal)('of a %s: %s can be read again once it is written', (type, key) => {
    const rule = 'a decimal has at most 200 characters, written without an exponent';
    const path = `metadata.${key}`;
    for (const value of ['1e400', '-1e400', '1e-400', '1e9999', `.${'1'.repeat(199)}`])
      expectRefused(changed(type, { [key]: value }), { code: 'DECIMAL_TOO_LONG', path, value, rule });
  });

  it('of a long decimal are 200 characters', () => {
    const written = `-${'9'.repeat(199)}`;
    const { value, problems } = changed('SPRING', { creek_distance: written });
    expect(problems).toEqual([]);
    expect(toJson(value)).toMatchObject({ creek_distance: written });
    expectRefused(changed('SPRING', { creek_distance: '1e200' }), { code: 'DECIMAL_TOO_LONG' });
    expect(changed('SPRING', { creek_distance: '1e199' }).problems).toEqual([]);
  });

  test.each(KEYS.id)('of a %s: %s is a UUID', (type, key) => {
    const hint = "a UUID such as '3f2b6c1e-8d3a-4a55-9c0e-2f7d1b9a6e04'";
    for (const value of ['', 'x', OTHER_PATTERN_ID.slice(1), `${OTHER_PATTERN_ID}0`, 7])
      expectRefused(changed(type, { [key]: value }), {
        code: 'ID_INVALID',
        path: `metadata.${key}`,
        value,
        rule: 'not an id',
        hint,
      });
    expect(changed(type, { [key]: OTHER_PATTERN_ID.toUpperCase() }).value).toMatchObject({ [key]: OTHER_PATTERN_ID });
  });

  it('of an LPS say whether support held, and what the effort came to', () => {
    expect(changed('LPS', { held_support: false }).value).toMatchObject({ held_support: false });
    for (const value of ['true', 1, 'yes'])
      expectRefused(changed('LPS', { held_support: value }), {
        code: 'JSON_SHAPE',
        path: 'metadata.held_support',
        value,
        rule: `Invalid input: expected boolean, received ${typeof value}`,
      });
    for (const effort_result of EFFORT_RESULTS)
      expect(changed('LPS', { effort_result }).value).toMatchObject({ effort_result });
    const rule =
      'Invalid option: expected one of "EFFORT_MATCHES_RESULT"|"EFFORT_WITHOUT_RESULT"|"RESULT_WITHOUT_EFFORT"';
    for (const value of ['effort_matches_result', '', 'NONE'])
      expectRefused(changed('LPS', { effort_result: value }), {
        code: 'JSON_SHAPE',
        path: 'metadata.effort_result',
        value,
        rule,
      });
  });
});
