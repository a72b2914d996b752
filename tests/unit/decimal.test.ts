import { Decimal as PrismaDecimal } from '@prisma/client/runtime/client';
import { Decimal as PlainDecimal } from 'decimal.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Decimal,
  formatScaled,
  fromScaled,
  MONEY,
  PRICE,
  RATIO,
  readDecimal,
  readScaled,
  toScaled,
} from '../../src/domain/decimal.js';
import { decimalParts, shiftPoint, textOf } from './arbitraries.js';
import { reading } from './reading.js';

const read = (value: unknown) => reading((report) => readDecimal(value, 'field', report));
const price = (value: unknown) => reading((report) => readScaled(value, PRICE, 'open', report));

describe('Decimal', () => {
  it('never prints an exponent, in JSON neither', () => {
    expect(new Decimal('1e-8').toString()).toBe('0.00000001');
    expect(JSON.stringify({ price: new Decimal('1e25') })).toBe('{"price":"10000000000000000000000000"}');
  });

  it('rounds half-up with 60 digits', () => {
    expect(new Decimal('2.5').toFixed(0)).toBe('3');
    expect(new Decimal('0.00005').toDecimalPlaces(4).toString()).toBe('0.0001');
    expect(new Decimal(2).div(3).toString()).toBe(`0.${'6'.repeat(59)}7`);
  });
});

describe('readDecimal', () => {
  it.each([
    ['187.15', '187.15'],
    [' 1.5 ', '1.5'],
    ['+1.5', '1.5'],
    ['-37.63', '-37.63'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['1e-8', '0.00000001'],
    ['1E3', '1000'],
    ['007.10', '7.1'],
    ['-0', '0'],
    [-0, '0'],
    [new Decimal('-0'), '0'],
    [0, '0'],
    [42, '42'],
    [-9007199254740991, '-9007199254740991'],
    [12345678901234567890n, '12345678901234567890'],
    [new Decimal('0.00000001'), '0.00000001'],
  ])('reads %o as %s', (value, text) => {
    const { value: decimal, problems } = read(value);
    expect(problems).toEqual([]);
    expect(JSON.stringify(decimal)).toBe(`"${text}"`);
  });

  it.each<unknown>([
    '',
    ' ',
    '.',
    '-',
    '+-1',
    '1,5',
    '1 000',
    '1_000',
    '0x10',
    '0b11',
    '1e',
    '1e99999',
    '1.2.3',
    'NaN',
    'Infinity',
    '١٢',
    '1'.repeat(201),
    Number.NaN,
    Number.POSITIVE_INFINITY,
    new Decimal(Number.NaN),
    new Decimal('-Infinity'),
    null,
    undefined,
    true,
    [],
    ['1'],
    {},
    { valueOf: () => 1 },
    new Date(0),
    Symbol('1'),
  ])('rejects %o', (value) => {
    const { value: decimal, problems } = read(value);
    expect(decimal).toBeUndefined();
    expect(problems).toMatchObject([{ code: 'DECIMAL_INVALID', path: 'field', value }]);
  });

  it.each([0.1, -37.63, 2 ** 53, 1e21, Number.MIN_VALUE])('rejects the float %d and shows its text', (value) => {
    const { value: decimal, problems } = read(value);
    expect(decimal).toBeUndefined();
    expect(problems).toMatchObject([{ code: 'DECIMAL_IS_FLOAT', hint: `pass it as a string: '${value}'` }]);
  });

  it.each([
    ['decimal.js itself', PlainDecimal],
    ['a clone of decimal.js', PlainDecimal.clone({ precision: 5, toExpNeg: -2 })],
    ['Prisma', PrismaDecimal],
  ])('makes a Decimal of %s one of ours, without losing a digit', (_, Foreign) => {
    const digits = '0.00000000000000000000000012345678901234567890123456789';
    const { value: decimal, problems } = read(new Foreign(digits));
    expect(problems).toEqual([]);
    expect(decimal?.constructor).toBe(Decimal);
    expect(decimal?.toString()).toBe(digits);
  });

  it('gives a Decimal of ours back as it is', () => {
    const value = new Decimal('187.15');
    expect(read(value).value).toBe(value);
  });
});

describe('readScaled', () => {
  it.each([
    ['187.15', 18715000000n],
    ['0.00000001', 1n],
    ['9999999999.99999999', 999999999999999999n],
    ['-9999999999.99999999', -999999999999999999n],
    ['1.500000000000000000', 150000000n],
    ['00000000000000001', 100000000n],
    ['-0', 0n],
    [1e9, 100000000000000000n],
  ])('reads the price %o as %d', (value, scaled) => {
    expect(price(value)).toEqual({ value: scaled, problems: [], codes: [] });
  });

  it.each([
    ['0.000000001', 'PRICE_TOO_PRECISE'],
    ['187.150000001', 'PRICE_TOO_PRECISE'],
    ['1e-9', 'PRICE_TOO_PRECISE'],
    ['1e-400', 'PRICE_TOO_PRECISE'],
    [`1234567890.${'0'.repeat(60)}1`, 'PRICE_TOO_PRECISE'],
    ['10000000000', 'PRICE_TOO_LARGE'],
    ['-10000000000', 'PRICE_TOO_LARGE'],
    ['99999999999.5', 'PRICE_TOO_LARGE'],
    ['1e400', 'PRICE_TOO_LARGE'],
    [10n ** 30n, 'PRICE_TOO_LARGE'],
    ['x', 'DECIMAL_INVALID'],
    ['1.2.3', 'DECIMAL_INVALID'],
    ['1..2', 'DECIMAL_INVALID'],
    ['.', 'DECIMAL_INVALID'],
    ['', 'DECIMAL_INVALID'],
  ])('rejects the price %o: %s', (value, code) => {
    const { value: scaled, problems } = price(value);
    expect(scaled).toBeUndefined();
    expect(problems).toMatchObject([{ code, path: 'open', value }]);
  });

  it('says how many digits a ratio and an amount of money may have', () => {
    const ratio = reading((report) => readScaled('1.00001', RATIO, 'spread_ratio', report));
    expect(ratio.problems).toMatchObject([{ code: 'RATIO_TOO_PRECISE', rule: 'a ratio has at most 4 decimals' }]);
    const money = reading((report) => readScaled('12345678901', MONEY, 'risk_amount', report));
    expect(money.problems).toMatchObject([
      { code: 'MONEY_TOO_LARGE', rule: 'a money has at most 10 digits before the point' },
    ]);
  });

  it('agrees with moving the point in the text, whatever the value is given as', () => {
    fc.assert(
      fc.property(decimalParts(14, 12), fc.constantFrom(PRICE, RATIO, MONEY), (parts, kind) => {
        const text = textOf(parts);
        const tooLarge = parts.whole.replace(/^0+/, '').length > kind.integerDigits;
        const expected = tooLarge ? undefined : shiftPoint(parts, kind.scale);
        for (const value of [text, ` ${text}\n`, `${text}e0`, new Decimal(text), new PrismaDecimal(text)]) {
          const { value: scaled, codes } = reading((report) => readScaled(value, kind, 'x', report));
          expect(scaled).toBe(expected);
          const wrong = `${kind.name.toUpperCase()}_TOO_${tooLarge ? 'LARGE' : 'PRECISE'}`;
          expect(codes).toEqual(expected === undefined ? [wrong] : []);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('toScaled, fromScaled, formatScaled', () => {
  const scale = fc.integer({ min: 0, max: 20 });

  it('toScaled agrees with moving the point in the text, for decimals of every size', () => {
    fc.assert(
      fc.property(decimalParts(40, 90), scale, (parts, places) => {
        expect(toScaled(new Decimal(textOf(parts)), places)).toBe(shiftPoint(parts, places));
      }),
      { numRuns: 2000 },
    );
  });

  it('toScaled agrees with decimal.js near the end of what a float holds', () => {
    const near = fc.bigInt({ min: 2n ** 53n - 5000n, max: 2n ** 53n + 5000n });
    fc.assert(
      fc.property(near, fc.integer({ min: 0, max: 16 }), fc.integer({ min: 0, max: 16 }), (integer, digits, places) => {
        const value = new Decimal(integer.toString()).div(new Decimal(10).pow(digits));
        const shifted = value.times(new Decimal(10).pow(places));
        expect(toScaled(value, places)).toBe(shifted.isInteger() ? BigInt(shifted.toFixed()) : undefined);
      }),
      { numRuns: 1000 },
    );
  });

  it('fromScaled is scaled / 10^scale, and toScaled takes it back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), scale, (scaled, places) => {
        const value = fromScaled(scaled, places);
        expect(value.times(new Decimal(10).pow(places)).toFixed()).toBe(scaled.toString());
        expect(toScaled(value, places)).toBe(scaled);
      }),
      { numRuns: 1000 },
    );
  });

  it('fromScaled makes the very same value as the class does from the text', () => {
    const few = fc.tuple(fc.integer({ min: -999, max: 999 }), fc.integer({ min: 0, max: 15 }));
    const sparse = few.map(([digits, zeros]) => BigInt(digits) * 10n ** BigInt(zeros));
    const any = fc.oneof(sparse, fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }), fc.maxSafeInteger().map(BigInt));
    fc.assert(
      fc.property(any, scale, (scaled, places) => {
        const { s, e, d } = fromScaled(scaled, places);
        const byText = new Decimal(formatScaled(scaled, places));
        expect({ s, e, d }).toEqual({ s: byText.s, e: byText.e, d: byText.d });
      }),
      { numRuns: 5000 },
    );
  });

  it('formatScaled prints what the Decimal prints', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), scale, (scaled, places) => {
        const expected = new Decimal(scaled.toString()).div(new Decimal(10).pow(places)).toFixed();
        expect(formatScaled(scaled, places)).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    [18715000000n, 8, '187.15'],
    [1n, 8, '0.00000001'],
    [-1n, 8, '-0.00000001'],
    [0n, 8, '0'],
    [100n, 0, '100'],
    [100n, 2, '1'],
    [-3763000000n, 8, '-37.63'],
  ])('formatScaled(%d, %d) is %s', (scaled, places, text) => {
    expect(formatScaled(scaled, places)).toBe(text);
  });
});
