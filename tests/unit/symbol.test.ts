import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareSeries, readSeriesKey, type SeriesKey, seriesKey } from '../../src/domain/series.js';
import { readSymbol } from '../../src/domain/symbol.js';
import { TIMEFRAMES } from '../../src/domain/timeframe.js';
import { InvalidInputError } from '../../src/errors.js';
import { reading } from './reading.js';

const read = (value: unknown) => reading((report) => readSymbol(value, 'symbol', report));
const FIRST = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789^$';
const NEXT = `${FIRST}._:/=&-`;
const anySymbol = fc
  .tuple(fc.constantFrom(...FIRST), fc.string({ unit: fc.constantFrom(...NEXT), maxLength: 19 }))
  .map(([first, rest]) => first + rest);

describe('readSymbol', () => {
  it.each([
    ['AAPL', 'AAPL'],
    [' aapl\n', 'AAPL'],
    ['^GSPC', '^GSPC'],
    ['BRK.B', 'BRK.B'],
    ['M&M.NS', 'M&M.NS'],
    ['btc/usdt', 'BTC/USDT'],
    ['ES=F', 'ES=F'],
    ['$SPX', '$SPX'],
    ['7203.T', '7203.T'],
    ['NYSE:BRK-B', 'NYSE:BRK-B'],
    ['A'.repeat(20), 'A'.repeat(20)],
    [` ${'A'.repeat(20)} `, 'A'.repeat(20)],
  ])('reads %o as %s', (value, symbol) => {
    expect(read(value)).toEqual({ value: symbol, problems: [], codes: [] });
  });

  it.each([
    '',
    '  ',
    '.A',
    '-A',
    'A B',
    'A,B',
    'AA\0PL',
    '\0',
    'AA\nPL',
    "A';--",
    'A\tB',
    'ÄPFEL',
    'ß',
    'ſPY',
    'ıBM',
    'ＡＡＰＬ',
    '📈',
    1,
    null,
    undefined,
    ['AAPL'],
  ])('rejects %o', (value) => {
    const { value: symbol, problems } = read(value);
    expect(symbol).toBeUndefined();
    expect(problems).toMatchObject([{ code: 'SYMBOL_INVALID', path: 'symbol', value }]);
  });

  it('rejects 21 characters', () => {
    expect(read('A'.repeat(21))).toMatchObject({ value: undefined, codes: ['SYMBOL_TOO_LONG'] });
  });

  it('reads every symbol of the rule, in any case, and reads its own answer again', () => {
    fc.assert(
      fc.property(anySymbol, (symbol) => {
        expect(read(symbol).value).toBe(symbol);
        expect(read(` ${symbol.toLowerCase()} `).value).toBe(symbol);
      }),
      { numRuns: 300 },
    );
  });

  it('never answers anything that the rule does not allow', () => {
    const inUpperCase = (symbol: string) =>
      symbol.length <= 20 && FIRST.includes(symbol[0]!) && [...symbol].every((c) => NEXT.includes(c));
    // What becomes a letter of the rule when it is put in upper case, and any character at all.
    const unit = fc.oneof(
      fc.constantFrom('a', 'Z', '.', 'ß', 'ſ', 'ı', 'ﬁ', '\0', '\n'),
      fc.integer({ min: 0, max: 0x10ffff }).map((codePoint) => String.fromCodePoint(codePoint)),
    );
    fc.assert(
      fc.property(fc.string({ unit, minLength: 1, maxLength: 4 }), (text) => {
        const { value, codes } = read(text);
        expect(value === undefined ? codes.length === 1 : inUpperCase(value)).toBe(true);
        // Upper case may make letters of what was none, so the text itself is asked.
        expect(value === undefined || /^[ -~]*$/.test(text.trim())).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('series keys', () => {
  it('are normalised', () => {
    expect(seriesKey({ symbol: ' aapl ', timeframe: '1d' })).toEqual({ symbol: 'AAPL', timeframe: '1d' });
  });

  it('report both of their fields', () => {
    const wrong = JSON.parse('{"symbol": "A B", "timeframe": "1D"}');
    expect(reading((report) => readSeriesKey(wrong, report)).codes).toEqual(['SYMBOL_INVALID', 'TIMEFRAME_UNKNOWN']);
    expect(() => seriesKey(wrong)).toThrow(InvalidInputError);
  });

  it.each(['null', '"AAPL"', '3'])('reject %s, which is no object', (json) => {
    expect(reading((report) => readSeriesKey(JSON.parse(json), report)).codes).toEqual(['SERIES_INVALID']);
  });

  it('have one order, whatever order they come in', () => {
    const key = fc
      .tuple(anySymbol, fc.constantFrom(...TIMEFRAMES))
      .map(([symbol, timeframe]): SeriesKey => seriesKey({ symbol, timeframe }));
    fc.assert(
      fc.property(fc.array(key, { maxLength: 12 }), (keys) => {
        const sorted = [...keys].sort(compareSeries).map(({ symbol, timeframe }) => `${symbol} ${timeframe}`);
        // A space sorts before every character of a symbol, so that the texts have the same order.
        expect(sorted).toEqual(keys.map(({ symbol, timeframe }) => `${symbol} ${timeframe}`).sort());
      }),
      { numRuns: 300 },
    );
  });
});
