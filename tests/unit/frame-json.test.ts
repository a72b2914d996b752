import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Decimal, fromScaled } from '../../src/domain/decimal.js';
import { readJson } from '../../src/domain/json.js';
import { TIMEFRAMES, type Timeframe } from '../../src/domain/timeframe.js';
import { parseFrame, serializeFrame } from '../../src/feed/frame-json.js';
import type { MarketFrame } from '../../src/feed/market-frame.js';

const timeframe: fc.Arbitrary<Timeframe> = fc.constantFrom(...TIMEFRAMES);
const instant = fc.date({
  min: new Date(Date.UTC(1600, 0, 1)),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});
const microsecond = fc.bigInt({ min: -11_676_096_000_000_000n, max: 253_402_300_799_999_999n });
const symbol = fc.constantFrom('AAPL', '^GSPC', 'BTC/USDT') as fc.Arbitrary<MarketFrame['symbol']>;
/** Values of every column, and sums of sizes, which have up to 28 digits. */
const decimal = fc.oneof(
  fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }).map((scaled) => fromScaled(scaled, 8)),
  fc.bigInt({ min: 0n, max: 10n ** 28n }).map((scaled) => new Decimal(scaled.toString()).div(1e8)),
  fc.constantFrom('0', '0.00000001', '-37.63', '0.123456789', '9999999999.99999999').map((text) => new Decimal(text)),
);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const json = fc.jsonValue().map((value) => readJson(value, '', () => {}) ?? null);

const values = {
  ...{ symbol, timeframe, timestamp: instant, open: decimal, high: decimal, low: decimal, close: decimal },
  ...{ volume: decimal, spread: decimal, spreadRatio: decimal, volumeRatio: decimal, vwap: maybe(decimal) },
};
const source = fc.string({ unit: 'binary', minLength: 1, maxLength: 32 });
const bar = fc.record({ ...values, source: maybe(source), createdAt: instant });
const few = <T>(each: fc.Arbitrary<T>) => fc.array(each, { maxLength: 3 });
const levels = few(fc.tuple(decimal, decimal));
const orderBook = fc.record({
  ...{ symbol, timestamp: microsecond, bids: levels, asks: levels, mid: maybe(decimal), spread: maybe(decimal) },
  ...{ bidVolume: decimal, askVolume: decimal, imbalance: maybe(decimal), createdAt: instant },
});
const stretch = fc.record({
  ...{ from: instant, to: instant, timeframe: maybe(timeframe), bars: few(bar), orderBooks: few(orderBook) },
});
const frames = fc.oneof(
  fc.record({ timeframe, source: fc.constant('stored' as const), from: timeframe, bars: few(bar) }),
  fc.record({
    ...{ timeframe, source: fc.constant('resampled' as const), from: timeframe },
    bars: few(fc.record({ ...values, sourceBars: fc.nat() })),
  }),
  fc.record({
    timeframe,
    source: fc.constant('none' as const),
    from: fc.constant(null),
    bars: fc.constant([] as const),
  }),
);
const seconds = fc.constantFrom(1, 5, 15, 60);
const frame: fc.Arbitrary<MarketFrame> = fc.record({
  ...{ symbol, at: instant, knownAt: maybe(instant), timeframes: few(frames), orderBook: maybe(orderBook) },
  imbalances: few(fc.record({ symbol, seconds, timestamp: instant, imbalance: maybe(decimal), snapshots: fc.nat() })),
  indicators: few(fc.record({ symbol, timeframe, timestamp: instant, name: source, value: json, createdAt: instant })),
  ...{ context: maybe(stretch), lookAhead: maybe(stretch) },
}) as fc.Arbitrary<MarketFrame>;

test('a frame comes back from JSON as it was', () => {
  fc.assert(
    fc.property(frame, (each) => {
      expect(parseFrame(serializeFrame(each))).toEqual(each);
    }),
    { numRuns: 200 },
  );
});

const empty = {
  ...{
    symbol: 'AAPL',
    at: new Date(0),
    knownAt: null,
    timeframes: [],
    orderBook: null,
    imbalances: [],
    indicators: [],
  },
  ...{ context: null, lookAhead: null },
} as unknown as MarketFrame;

test('it is what it is documented to be', () => {
  const book = {
    ...{ symbol: 'AAPL', timestamp: 1_700_000_000_123_456n, bids: [[new Decimal('1e-8'), new Decimal(2)]], asks: [] },
    ...{ mid: null, spread: null, bidVolume: new Decimal(2), askVolume: new Decimal(0), imbalance: null },
    createdAt: new Date('2024-01-01T00:00:00.007Z'),
  } as unknown as MarketFrame['orderBook'];
  expect(JSON.parse(serializeFrame({ ...empty, orderBook: book }))).toMatchObject({
    ...{ version: 1, symbol: 'AAPL', at: '1970-01-01T00:00:00.000Z' },
    orderBook: {
      ...{
        timestamp: '2023-11-14T22:13:20.123456Z',
        bids: [['0.00000001', '2']],
        createdAt: '2024-01-01T00:00:00.007Z',
      },
    },
  });
});

test('what is not a frame is refused, with every place', () => {
  const problems = (text: string) => {
    try {
      parseFrame(text);
      return [];
    } catch (error) {
      return (error as { problems: { code: string; path: string }[] }).problems.map(
        ({ code, path }) => `${path} ${code}`,
      );
    }
  };
  const sound = JSON.parse(serializeFrame(empty));
  expect(problems(JSON.stringify(sound))).toEqual([]);
  expect(problems('{')).toEqual([' FRAME_INVALID']);
  expect(problems('null')).toEqual([' FRAME_INVALID']);
  expect(problems(JSON.stringify({ ...sound, version: 2 }))).toEqual(['version FRAME_INVALID']);
  expect(problems(JSON.stringify({ ...sound, more: 1 }))).toEqual([' FRAME_INVALID']);
  expect(problems(JSON.stringify({ ...sound, at: 'soon', symbol: '' }))).toEqual([
    'symbol FRAME_INVALID',
    'at FRAME_INVALID',
  ]);
  const imbalance = { symbol: 'AAPL', seconds: 1, timestamp: '2024-01-01', imbalance: 0.1, snapshots: 1 };
  expect(problems(JSON.stringify({ ...sound, imbalances: [imbalance] }))).toEqual([
    'imbalances.0.imbalance FRAME_INVALID',
  ]);
});
