import { expect, test } from 'vitest';
import type { Bar, BarInput, Store, Transaction } from '../../src/index.js';
import { dailyBar, weekdayBars } from '../setup/daily-bars.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

/** So often is a window asked for that a layout which does something about that has done it. */
const OFTEN = 4;
const SYMBOLS = ['AAPL', '$SPX'];
const WINDOWS = [
  { from: '2024-01-01T00:00:00Z', to: '2024-07-01T00:00:00Z' },
  { from: '2023-12-13T00:00:00Z', to: '2024-06-13T00:00:00Z' },
  // In the same months as the one before, and with bounds within a day.
  { from: '2023-12-14T00:00:00.001Z', to: '2024-06-12T00:00:00.001Z' },
  { from: '2024-06-10T00:00:00Z', to: '2024-06-20T00:00:00Z' },
  { from: '1600-01-01T00:00:00Z', to: '9999-12-31T23:59:59.999Z' },
] as const;

/** What is stored, in the plainest way. */
class Bars {
  readonly #bars = new Map<string, BarInput>();

  put(bars: readonly BarInput[]): void {
    for (const bar of bars) this.#bars.set(`${bar.symbol} ${(bar.timestamp as Date).toISOString()}`, bar);
  }

  remove(symbol: string, at: string): void {
    this.#bars.delete(`${symbol} ${new Date(at).toISOString()}`);
  }

  of(symbol: string, from = '1600-01-01T00:00:00Z', to = '9999-12-31T23:59:59.999Z'): string[] {
    return [...this.#bars.values()]
      .filter(({ timestamp }) => Date.parse(from) <= Number(timestamp) && Number(timestamp) < Date.parse(to))
      .filter((bar) => bar.symbol === symbol)
      .sort((a, b) => Number(a.timestamp) - Number(b.timestamp))
      .map(({ timestamp, close, volume }) => `${(timestamp as Date).toISOString()} ${close} ${volume}`);
  }
}

const short = (bar: Bar) => `${bar.timestamp.toISOString()} ${bar.close} ${bar.volume}`;

async function expectReads({ bars }: Pick<Store | Transaction, 'bars'>, stored: Bars): Promise<void> {
  for (let turn = 0; turn < OFTEN; turn += 1) {
    for (const window of WINDOWS) {
      let all = 0;
      for (const symbol of SYMBOLS) {
        const expected = stored.of(symbol, window.from, window.to);
        const asked = { symbol, timeframe: '1d', ...window } as const;
        expect((await bars.range(asked)).map(short)).toEqual(expected);
        expect((await bars.existingTimestamps(asked)).map((at) => at.toISOString())).toEqual(
          expected.map((row) => row.split(' ')[0]),
        );
        expect(await bars.count(asked)).toBe(expected.length);
        all += expected.length;
      }
      expect(await bars.count({ timeframe: '1d', ...window })).toBe(all);
    }
    for (const symbol of SYMBOLS) {
      const latest = await bars.latest({ symbol, timeframe: '1d', limit: 50 });
      expect(latest.map(short)).toEqual(stored.of(symbol).slice(-50));
      const asOf = await bars.asOf({ symbol, timeframe: '1d', at: '2024-05-10T00:00:00Z', limit: 70 });
      expect(asOf.map(short)).toEqual(stored.of(symbol, undefined, '2024-05-10T00:00:00Z').slice(-70));
    }
  }
}

test('a window that is asked for again and again has what is stored at that time', async () => {
  const { store, url } = await openTestStore();
  const stored = new Bars();
  const put = async (bars: BarInput[]) => {
    await store.bars.upsert(bars);
    stored.put(bars);
  };
  for (const symbol of SYMBOLS) await put(weekdayBars(symbol, '2023-12-01', '2024-08-01'));
  await expectReads(store, stored);
  // A correction, bars of a day that had none, and one less.
  await put([dailyBar('AAPL', new Date('2024-03-05'), 7777), dailyBar('$SPX', new Date('2024-03-09'), 7778)]);
  await put([dailyBar('$SPX', new Date('2024-08-02'), 7779)]);
  await store.bars.delete({ symbol: 'AAPL', timeframe: '1d', from: '2024-03-06', to: '2024-03-07' });
  stored.remove('AAPL', '2024-03-06');
  await expectReads(store, stored);

  // Another column and one less, as a migration would do it while the store is open.
  const raw = await openRawClient(url);
  await raw.query('ALTER TABLE ohlcv_bars ADD COLUMN later INT');
  await expectReads(store, stored);
  await raw.query('ALTER TABLE ohlcv_bars DROP COLUMN later');
  await expectReads(store, stored);
});

test('in a transaction it has what the transaction wrote, and afterwards what was committed', async () => {
  const { store } = await openTestStore();
  const stored = new Bars();
  for (const symbol of SYMBOLS) {
    const bars = weekdayBars(symbol, '2023-12-01', '2024-08-01');
    await store.bars.upsert(bars);
    stored.put(bars);
  }
  const changed = new Bars();
  for (const symbol of SYMBOLS) changed.put(weekdayBars(symbol, '2023-12-01', '2024-08-01'));
  const weekend = dailyBar('$SPX', new Date('2024-03-09'), 7778);
  changed.put([weekend]);
  await expect(
    store.transaction({}, async (tx) => {
      await expectReads(tx, stored);
      await tx.bars.upsert([weekend]);
      await expectReads(tx, changed);
      throw new Error('not meant');
    }),
  ).rejects.toThrow('not meant');
  await expectReads(store, stored);
  await store.transaction({ isolation: 'repeatable read' }, async (tx) => {
    await tx.bars.upsert([weekend]);
    await expectReads(tx, changed);
  });
  await expectReads(store, changed);
});
