import { describe, expect, it } from 'vitest';
import { decimalSign, plainNumber } from '../../src/transfer/read/written-number.js';

describe('plainNumber', () => {
  it.each<['.' | ',', string, string]>([
    ['.', ' 187.15 ', '187.15'],
    ['.', '4,787,699', '4787699'],
    ['.', '1,234.50', '1234.50'],
    ['.', '$187.15', '187.15'],
    ['.', '$1,187.15', '1187.15'],
    ['.', '-€5', '-5'],
    ['.', '1.25M', '1.25e6'],
    ['.', '120.5K', '120.5e3'],
    ['.', '1,002.5 b', '1002.5e9'],
    ['.', '1e-8', '1e-8'],
    [',', '187,15', '187.15'],
    [',', '1.234,5', '1234.5'],
    [',', '1.234.567', '1234567'],
    [',', '1,25M', '1.25e6'],
    [',', '7', '7'],
  ])('with a decimal %s, %j is %s', (decimal, text, plain) => {
    expect(plainNumber(text, { decimal })).toBe(plain);
  });

  it.each<['.' | ',', string]>([
    ['.', '12,5'],
    ['.', '1,23,456'],
    ['.', '0,123'],
    ['.', '1e3M'],
    ['.', 'N/A'],
    ['.', '5%'],
    [',', '10.5'],
    [',', '1.2345'],
    [',', '1,2,3'],
  ])('with a decimal %s, %j is no number', (decimal, text) => {
    expect(plainNumber(text, { decimal })).not.toMatch(/^[+-]?[\d.]+(e\d+)?$/);
  });
});

describe('decimalSign', () => {
  it.each<[string[], string]>([
    [['187.15'], '.'],
    [['187,15'], ','],
    [['1,234', '1.234,50'], ','],
    [['1.234', '1,234.50'], '.'],
    [['1.234', '10,5'], ','],
    [['1,234,567'], '.'],
    [['1.234.567'], ','],
    [['0,123'], ','],
    [['1,234', '$2,345'], 'unclear'],
    [['1.234', '2.345'], '.'],
    [[], '.'],
  ])('of %j', (numbers, sign) => {
    expect(decimalSign(numbers)).toBe(sign);
  });
});
