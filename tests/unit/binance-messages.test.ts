import { describe, expect, it } from 'vitest';
import { readMessage, readSnapshot } from '../../src/ingest/adapters/binance/messages.js';

const read = (value: object) => readMessage(JSON.stringify(value));
const wrapped = (stream: string, data: object) => read({ stream, data });

const TRADE = {
  e: 'trade',
  E: 1723161256322,
  T: 1723161256321,
  s: 'BTCUSDT',
  t: 7,
  p: '61800.30',
  q: '0.006',
  X: 'MARKET',
  m: false,
};
const DIFF = {
  e: 'depthUpdate',
  E: 11,
  T: 10,
  s: 'BTCUSDT',
  U: 5,
  u: 9,
  pu: 3,
  b: [['1.10', '0.014']],
  a: [['2.20', '0.000']],
};
const SPOT_DIFF = { e: 'depthUpdate', E: 11, s: 'BNBBTC', U: 5, u: 9, b: [['0.0024', '10', []]], a: [] };
const LEVELS = { bids: [['4.00000000', '431.00000000']], asks: [['4.00000200', '12.00000000', []]] };

describe('a message', () => {
  it('is a trade, whose taker is not the maker', () => {
    const trade = {
      kind: 'trade',
      symbol: 'BTCUSDT',
      timestamp: 1723161256321000n,
      id: 7,
      price: '61800.30',
      size: '0.006',
    };
    expect(read(TRADE)).toEqual({ ...trade, side: 'buy', offBook: false });
    expect(wrapped('btcusdt@trade', { ...TRADE, m: true })).toEqual({ ...trade, side: 'sell', offBook: false });
    // Spot, in microseconds.
    const { X, ...spot } = { ...TRADE, T: 1723161256321123, M: true };
    expect(read(spot)).toEqual({ ...trade, timestamp: 1723161256321123n, side: 'buy', offBook: false });
    expect(read({ ...TRADE, X: 'INSURANCE_FUND' })).toMatchObject({ offBook: true });
    expect(read({ ...TRADE, X: 'NA', p: '0', q: '0' })).toMatchObject({ offBook: true });
  });

  it('is a quote, which has no time on spot', () => {
    const levels = { b: '25.35190000', B: '31.21000000', a: '25.36520000', A: '40.66000000' };
    const quote = {
      kind: 'bookTicker',
      symbol: 'BNBUSDT',
      updateId: 400900217,
      bidPrice: '25.35190000',
      bidSize: '31.21000000',
    };
    const expected = { ...quote, askPrice: '25.36520000', askSize: '40.66000000' };
    expect(read({ u: 400900217, s: 'BNBUSDT', ...levels })).toEqual({ ...expected, timestamp: undefined });
    const futures = { e: 'bookTicker', u: 400900217, s: 'BNBUSDT', ...levels };
    expect(read({ ...futures, E: 3, T: 2 })).toEqual({ ...expected, timestamp: 2000n });
    expect(read({ ...futures, E: 3 })).toEqual({ ...expected, timestamp: 3000n });
  });

  it('is what changed in the book', () => {
    const scaled = { bids: [[110000000n, 1400000n]], asks: [[220000000n, 0n]] };
    const diff = { kind: 'diff', symbol: 'BTCUSDT', first: 5, last: 9, previous: 3, timestamp: 10000n, ...scaled };
    expect(read(DIFF)).toEqual(diff);
    expect(wrapped('btcusdt@depth@100ms', DIFF)).toEqual(diff);
    expect(read(SPOT_DIFF)).toMatchObject({ kind: 'diff', previous: undefined, timestamp: 11000n, asks: [] });
    expect(read(SPOT_DIFF)).toMatchObject({ bids: [[240000n, 1000000000n, []]] });
  });

  it('is the best levels, by the name of its stream', () => {
    expect(wrapped('btcusdt@depth5@500ms', DIFF)).toMatchObject({
      kind: 'partial',
      symbol: 'BTCUSDT',
      timestamp: 10000n,
    });
    const spot = wrapped('bnbbtc@depth20', { lastUpdateId: 160, ...LEVELS });
    expect(spot).toMatchObject({
      kind: 'partial',
      symbol: 'BNBBTC',
      timestamp: undefined,
      bids: [[400000000n, 43100000000n]],
    });
  });

  it('is a snapshot', () => {
    expect(read({ lastUpdateId: 160, E: 1, T: 1, ...LEVELS })).toEqual(readSnapshot({ lastUpdateId: 160, ...LEVELS }));
    expect(readSnapshot({ lastUpdateId: 160, ...LEVELS })).toMatchObject({ kind: 'snapshot', lastUpdateId: 160 });
  });

  it.each([
    { result: null, id: 1 },
    { e: 'aggTrade', s: 'A' },
    { stream: 'btcusdt@kline_1m', data: { e: 'kline' } },
    { code: 2, msg: 'Invalid request' },
  ])('is ignored: %o', (value) => {
    expect(read(value)).toEqual({ kind: 'ignored' });
  });
});

describe('what is none', () => {
  const problems = (text: string) => {
    try {
      return readMessage(text);
    } catch (error) {
      const { problems } = error as { problems: { code: string; path: string; value: unknown; rule: string }[] };
      return problems.map(({ code, path, value }) => [code, path, value]);
    }
  };

  it.each([
    ['', 'MESSAGE_NOT_JSON', '', ''],
    ['[1]', 'MESSAGE_INVALID', '', '[1]'],
    ['7', 'MESSAGE_INVALID', '', '7'],
    [JSON.stringify({ stream: 'x' }), 'MESSAGE_INVALID', 'data', undefined],
    [JSON.stringify({ ...TRADE, p: 61800.3 }), 'MESSAGE_INVALID', 'p', 61800.3],
    [JSON.stringify({ ...TRADE, p: '-1' }), 'MESSAGE_INVALID', 'p', '-1'],
    [JSON.stringify({ ...TRADE, q: '1e3' }), 'MESSAGE_INVALID', 'q', '1e3'],
    [JSON.stringify({ ...TRADE, t: 2 ** 60 }), 'MESSAGE_INVALID', 't', 2 ** 60],
    [JSON.stringify({ ...TRADE, T: undefined }), 'MESSAGE_INVALID', 'T', undefined],
    [JSON.stringify({ ...DIFF, b: [['1.123456789', '1']] }), 'MESSAGE_INVALID', 'b.0.0', '1.123456789'],
    [JSON.stringify({ ...DIFF, a: [['1']] }), 'MESSAGE_INVALID', 'a.0.1', undefined],
    [JSON.stringify({ lastUpdateId: 1, bids: [] }), 'MESSAGE_INVALID', 'asks', undefined],
  ])('is refused: %s', (text, code, path, value) => {
    expect(problems(text)).toContainEqual([code, path, value]);
  });
});
