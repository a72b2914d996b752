import { describe, expect, it } from 'vitest';
import type { TradeBar } from '../../src/domain/trade-bar.js';
import { InvalidInputError } from '../../src/errors.js';
import { BarBuilder } from '../../src/ingest/bar-builder.js';
import { toBarInput } from '../../src/ingest/trade-bar-input.js';

const T = 1_704_205_800_000_000n; // 2024-01-02T14:30:00Z
const MILLISECOND = 1_000n;

let ids = 0;
/** A trade at so many milliseconds. */
function at(milliseconds: number, price = '10', symbol = 'A') {
  ids += 1;
  return { symbol, timestamp: T + BigInt(milliseconds) * MILLISECOND, tradeId: ids, price, size: '1' };
}
const print = ({ symbol, interval, timestamp, open, close, trades }: TradeBar) =>
  `${symbol} ${interval} ${Number(BigInt(timestamp.getTime()) - T / 1000n) / 1000}s ${open}-${close} x${trades}`;

describe('when a bar is finished', () => {
  it('is when its end lies as far behind the newest trade of its symbol as trades may be late', () => {
    const builder = new BarBuilder({ lateness: 500 });
    expect(builder.add([at(0), at(59_999, '11'), at(60_000, '20'), at(60_499, '21')])).toEqual([]);
    expect(builder.add([at(120_000, '5', 'B')])).toEqual([]);
    // The last trade of the minute comes late, but not too late.
    expect(builder.add([at(30_000), at(60_500, '22')]).map(print)).toEqual(['A 1m 0s 10-11 x3']);
    expect(builder.stats).toEqual({
      ...{ trades: 7, duplicates: 0, bars: 1, corrected: 0, late: 0, dropped: 0, early: 0, open: 2, kept: 1, ids: 7 },
    });
  });

  it('is when time goes on without trades, for every symbol, and never twice', () => {
    const builder = new BarBuilder({ intervals: ['1s', '1m'], lateness: 0 });
    builder.add([at(500), at(300, '5', 'B')]);
    expect(builder.advance(T + 999_999n)).toEqual([]);
    expect(builder.advance(new Date('2024-01-02T14:30:01Z')).map(print)).toEqual([
      'A 1s 0s 10-10 x1',
      'B 1s 0s 5-5 x1',
    ]);
    expect(builder.advance(T)).toEqual([]);
    expect(builder.advance({ nanoseconds: T * 1000n + 60_000_000_001n }).map(print)).toEqual([
      'A 1m 0s 10-10 x1',
      'B 1m 0s 5-5 x1',
    ]);
    expect(builder.advance(T + 10n ** 12n)).toEqual([]);
  });

  it('leaves a gap where nobody trades, and answers oldest first', () => {
    const builder = new BarBuilder({ intervals: ['1s'], lateness: 0 });
    expect(builder.add([at(7_100), at(3_200), at(500), at(9_000)]).map(print)).toEqual([
      ...['A 1s 0s 10-10 x1', 'A 1s 3s 10-10 x1', 'A 1s 7s 10-10 x1'],
    ]);
  });
});

describe('a trade that comes when its bar is finished', () => {
  it('corrects it: the whole bar is handed out once more for each call', () => {
    const builder = new BarBuilder({ lateness: 0 });
    expect(builder.add([at(10, '10'), at(60_000)]).map(print)).toEqual(['A 1m 0s 10-10 x1']);
    expect(builder.add([at(5, '9'), at(20, '12'), at(60_001)]).map(print)).toEqual(['A 1m 0s 9-12 x3']);
    expect(builder.stats).toMatchObject({ bars: 1, corrected: 1, late: 2, dropped: 0 });
  });

  it('makes a bar where there was a gap', () => {
    const builder = new BarBuilder({ lateness: 0 });
    builder.add([at(0), at(180_000)]);
    expect(builder.add(at(70_000, '7')).map(print)).toEqual(['A 1m 60s 7-7 x1']);
    expect(builder.stats).toMatchObject({ bars: 2, corrected: 0, late: 1 });
  });

  it('is counted and left out on demand, whatever the calls', () => {
    const trades = [at(10), at(60_000), at(20, '11'), at(60_001, '12'), at(120_000), at(59_000)];
    const apart = new BarBuilder({ lateness: 0, late: 'count' });
    const together = new BarBuilder({ lateness: 0, late: 'count' });
    const bars = trades.flatMap((trade) => apart.add(trade)).map(print);
    expect(bars).toEqual(['A 1m 0s 10-10 x1', 'A 1m 60s 10-12 x2']);
    expect(together.add(trades).map(print)).toEqual(bars);
    expect(apart.stats).toEqual(together.stats);
    expect(apart.stats).toMatchObject({ late: 2, dropped: 2, corrected: 0 });
  });

  it('is left out when its bar is kept no longer', () => {
    const builder = new BarBuilder({ lateness: 0, keep: 60_000 });
    builder.add([at(10), at(120_000)]);
    expect(builder.add(at(20))).toEqual([]);
    expect(builder.add(at(60_000)).map(print)).toEqual(['A 1m 60s 10-10 x1']);
    expect(builder.stats).toMatchObject({ late: 2, dropped: 1 });
  });
});

it('counts a trade once that comes twice, and one with another instant or without an id twice', () => {
  const builder = new BarBuilder({ lateness: 0 });
  const trade = at(10);
  const unnamed = { ...trade, tradeId: null };
  builder.add([trade, unnamed]);
  builder.add([trade, unnamed, { ...trade, timestamp: trade.timestamp + 1n }]);
  expect(builder.advance(T + 10n ** 8n).map(print)).toEqual(['A 1m 0s 10-10 x4']);
  expect(builder.add(trade)).toEqual([]);
  expect(builder.stats).toMatchObject({ trades: 6, duplicates: 1 + 1 });
});

it('builds no bar that opens before its start', () => {
  const builder = new BarBuilder({ intervals: ['1s', '1m'], lateness: 0, from: T + 20_500_000n });
  const bars = builder.add([at(20_700), at(21_000), at(59_000), at(60_000), at(120_000)]);
  expect(bars.map(print)).toEqual([
    ...['A 1s 21s 10-10 x1', 'A 1s 59s 10-10 x1', 'A 1s 60s 10-10 x1', 'A 1m 60s 10-10 x1'],
  ]);
  expect(builder.stats.early).toBe(1 + 3);
});

it('keeps nothing of what is long over', () => {
  const builder = new BarBuilder({ intervals: ['1s', '1m'], lateness: 1_000, keep: 10_000 });
  const held: object[] = [];
  for (let minute = 0; minute < 400; minute += 1) {
    builder.add(Array.from({ length: 60 }, (_, second) => at(minute * 60_000 + second * 1_000)));
    const { open, kept, ids } = builder.stats;
    if (minute % 100 === 99) held.push({ open, kept, ids });
  }
  // Two seconds and a minute are open, ten seconds are kept, and no finished minute; ids go by whole minutes.
  expect(held).toEqual(new Array(4).fill({ open: 3, kept: 10, ids: 60 }));
});

describe('what it refuses', () => {
  const refused = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidInputError);
      return (error as InvalidInputError).problems.map(({ row, code, path }) => `${row ?? ''} ${code} ${path}`.trim());
    }
    return undefined;
  };

  it('is named by its position, and nothing is taken', () => {
    const builder = new BarBuilder({ lateness: 0 });
    const call = [at(0), { ...at(1), price: 0.1 }, null as never, at(60_000), { ...at(2), symbol: '', size: '0' }];
    expect(refused(() => builder.add(call))).toEqual([
      ...['1 DECIMAL_IS_FLOAT price', '2 ROW_INVALID', '4 SYMBOL_INVALID symbol', '4 SIZE_NOT_POSITIVE size'],
    ]);
    expect(builder.stats).toMatchObject({ trades: 0, open: 0 });
    expect(refused(() => builder.add(at(0, '-1')))).toEqual(['0 PRICE_NOT_POSITIVE price']);
    expect(
      new BarBuilder({ allowNonPositive: true, lateness: 0 }).add([at(0, '-1'), at(60_000, '1')]).map(print),
    ).toEqual(['A 1m 0s -1--1 x1']);
  });

  it.each([
    [{ intervals: ['5m'] }, 'CHOICE_UNKNOWN intervals'],
    [{ late: 'drop' }, 'CHOICE_UNKNOWN late'],
    [{ lateness: -1 }, 'NUMBER_OUT_OF_RANGE lateness'],
    [{ keep: 0.5 }, 'NUMBER_OUT_OF_RANGE keep'],
    [{ from: 'now' }, 'INSTANT_INVALID from'],
  ])('is an option that is none: %o', (options, expected) => {
    expect(refused(() => new BarBuilder(options as never))).toEqual([expected]);
  });

  it('is a bar of a second as one to be stored', () => {
    const [second] = new BarBuilder({ intervals: ['1s'], lateness: 0 }).add([at(0), at(1_000)]);
    expect(refused(() => toBarInput(second!))).toEqual(['TRADE_BAR_NOT_STORED interval']);
  });
});
