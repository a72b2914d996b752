import { expect, test } from 'vitest';
import type { Transaction } from '../../src/index.js';
import { soundRange } from '../setup/ledger-inputs.js';
import { minuteBars } from '../setup/minute-bars.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const ACTOR = { actor: 'feed' };

/** All that there are, whatever the catalog says. */
async function countBars(url: string): Promise<number> {
  const { rows } = await (await openRawClient(url)).query('SELECT count(*)::int AS bars FROM ohlcv_bars');
  return rows[0].bars;
}

const BATCH = 20_000;

test('one that fails leaves none of its rows, and the rest is committed', async () => {
  const { store, url } = await openTestStore({ logLevel: 'silent' });
  async function* broken() {
    yield* minuteBars('AAPL', BATCH + 1);
    throw new Error('the feed broke');
  }
  await store.transaction(ACTOR, async (tx) => {
    await tx.tradingRanges.create(soundRange());
    await tx.bars.upsert(minuteBars('MSFT', 1));
    await expect(tx.bars.upsert(broken())).rejects.toThrow('the feed broke');
    const controller = new AbortController();
    async function* aborted() {
      yield* minuteBars('AAPL', BATCH + 1);
      controller.abort(new Error('enough'));
      yield* minuteBars('TSLA', 2);
    }
    await expect(tx.bars.upsert(aborted(), { signal: controller.signal })).rejects.toThrow('enough');
    await tx.bars.upsert(minuteBars('MSFT', 2));
  });
  expect(await countBars(url)).toBe(2);
  expect((await store.tradingRanges.find()).rows).toHaveLength(1);
  expect((await store.bars.series()).map(({ symbol, count }) => [symbol, count])).toEqual([['MSFT', 2]]);
});

test('two in one transaction, one after the other and side by side', async () => {
  const { store } = await openTestStore({ logLevel: 'silent' });
  const stream = async function* (symbol: string) {
    yield* minuteBars(symbol, BATCH + 1);
  };
  await store.transaction(ACTOR, async (tx) => {
    await tx.bars.upsert(stream('A'));
    await Promise.all([tx.bars.upsert(stream('B')), tx.bars.upsert(stream('C'))]);
  });
  expect((await store.bars.series()).map(({ count }) => count)).toEqual([BATCH + 1, BATCH + 1, BATCH + 1]);
});

test('one that reads in the transaction that writes it is told so instead of waiting for itself', async () => {
  const { store, url } = await openTestStore({ logLevel: 'silent' });
  await store.bars.upsert(minuteBars('AAPL', BATCH + 1));
  const copy = (tx: Transaction, source: Pick<Transaction, 'bars'>) =>
    tx.bars.upsert(
      (async function* () {
        const copied = source.bars.iterate({ symbol: 'AAPL', timeframe: '1m' });
        for await (const { symbol: _, spread, spreadRatio, volumeRatio, ...bar } of copied)
          yield { ...bar, symbol: 'COPY' };
      })(),
    );
  await expect(store.transaction(ACTOR, (tx) => copy(tx, tx))).rejects.toMatchObject({
    code: 'TRANSACTION_BUSY',
    message: 'a call that is under way in the transaction called the transaction',
    hint: 'read what a stream of bars is made of before, or read it through the store, which has other connections',
  });
  expect(await countBars(url)).toBe(BATCH + 1);
  expect(await store.transaction(ACTOR, (tx) => copy(tx, store))).toMatchObject({ inserted: BATCH + 1 });
});
