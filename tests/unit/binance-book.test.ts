import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BookLoss, BookSync } from '../../src/ingest/adapters/binance/book-sync.js';
import { LocalBook } from '../../src/ingest/adapters/binance/local-book.js';
import { type DepthDiff, readMessage, readSnapshot } from '../../src/ingest/adapters/binance/messages.js';
import { type ExpectedBook, SimulatedMarket } from '../setup/simulated-market.js';

const diffsOf = (messages: readonly string[]) =>
  messages.map(readMessage).filter((message): message is DepthDiff => message.kind === 'diff');

function openSync() {
  const books: ExpectedBook[] = [];
  const losses: BookLoss[] = [];
  const sync = new BookSync({
    onBook: (book, { timestamp }) => books.push({ timestamp, ...(book.top(20) as Omit<ExpectedBook, 'timestamp'>) }),
    onLost: (loss) => losses.push(loss),
  });
  return { sync, books, losses };
}

/** A message of which the numbers alone matter. */
const diff = (first: number, last: number, previous?: number): DepthDiff => ({
  ...{ kind: 'diff', symbol: 'A', timestamp: BigInt(last), first, last, previous },
  ...{ bids: [[BigInt(last), 1n]], asks: [[10n ** 9n, 1n]] },
});
const whole = (lastUpdateId: number) => ({ ...readSnapshot({ lastUpdateId, bids: [], asks: [] }) });

describe('the documented rules', () => {
  it('of futures: over the end of the snapshot, then each behind the one before it', () => {
    const { sync, books, losses } = openSync();
    for (const each of [diff(1, 4, 0), diff(6, 9, 4), diff(11, 15, 9)]) sync.take(each);
    expect(sync.needsSnapshot).toBe(true);
    sync.load(whole(8));
    sync.take(diff(18, 20, 15));
    sync.take(diff(18, 20, 15));
    expect(books.map(({ timestamp }) => timestamp)).toEqual([9n, 15n, 20n]);
    sync.take(diff(25, 30, 22));
    expect(losses).toEqual([{ symbol: 'A', reason: 'gap', lastUpdateId: 20, found: 25 }]);
    sync.take(diff(33, 40, 30));
    expect(sync.needsSnapshot).toBe(true);
    // The message that did not fit is there still.
    sync.load(whole(24));
    expect(books.map(({ timestamp }) => timestamp)).toEqual([9n, 15n, 20n, 30n, 40n]);
  });

  it('of spot: one behind the other without a number between', () => {
    const { sync, books, losses } = openSync();
    for (const each of [diff(1, 4), diff(5, 5), diff(6, 9)]) sync.take(each);
    sync.load(whole(5));
    for (const each of [diff(8, 9), diff(10, 10), diff(10, 12)]) sync.take(each);
    expect(books.map(({ timestamp }) => timestamp)).toEqual([9n, 10n, 12n]);
    sync.take(diff(14, 15));
    expect(losses).toEqual([{ symbol: 'A', reason: 'gap', lastUpdateId: 12, found: 14 }]);
  });

  it('refuse a snapshot that is older than the first message', () => {
    const { sync, books, losses } = openSync();
    sync.take(diff(11, 15, 9));
    sync.load(whole(8));
    expect(losses).toEqual([{ symbol: 'A', reason: 'old-snapshot', lastUpdateId: 8, found: 11 }]);
    sync.load(whole(20));
    // All that is there is in it already: the next message decides.
    expect([sync.needsSnapshot, sync.synced, books.length]).toEqual([false, false, 0]);
    sync.take(diff(26, 30, 22));
    expect(losses.at(-1)).toMatchObject({ reason: 'old-snapshot' });
    sync.load(whole(24));
    expect(books.map(({ timestamp }) => timestamp)).toEqual([30n]);
  });

  it('end where bids meet asks: something was missed', () => {
    const { sync, books, losses } = openSync();
    sync.load(whole(5));
    sync.take({ ...diff(6, 6), asks: [[3n, 1n]] });
    expect(books).toEqual([]);
    expect(losses).toEqual([{ symbol: 'A', reason: 'crossed', lastUpdateId: 5, found: 6 }]);
  });
});

describe.each([
  ['futures', false],
  ['spot', true],
])('a book of %s', (_, spot) => {
  it('is the one of the market, or is lost: whatever is missing, and wherever snapshots are taken', () => {
    let [seen, lost] = [0, 0];
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.array(fc.record({ steps: fc.nat(60), missing: fc.nat(2), snapshot: fc.boolean(), late: fc.nat(30) })),
        (seed, parts) => {
          const market = new SimulatedMarket({ seed, spot });
          const { sync, books, losses } = openSync();
          let snapshot = market.snapshot();
          for (const { steps, missing, snapshot: taken, late } of parts) {
            for (const each of diffsOf(market.run(steps))) sync.take(each);
            market.run(missing);
            if (taken) snapshot = market.snapshot();
            for (const each of diffsOf(market.run(late))) sync.take(each);
            if (sync.needsSnapshot) sync.load(readSnapshot(snapshot));
          }
          const had = new Map(market.books.map((book) => [book.timestamp, book]));
          for (const book of books) expect(book).toEqual(had.get(book.timestamp));
          seen += books.length;
          lost += losses.length;
        },
      ),
    );
    expect(seen).toBeGreaterThan(500);
    expect(lost).toBeGreaterThan(50);
  });
});

describe('LocalBook', () => {
  it('is what a sorted map is', () => {
    const level = fc.tuple(fc.bigInt({ min: 1n, max: 30n }), fc.bigInt({ min: 0n, max: 3n }));
    fc.assert(
      fc.property(fc.array(fc.record({ bids: fc.array(level), asks: fc.array(level) })), (changes) => {
        const book = new LocalBook();
        const sides = { bids: new Map<bigint, bigint>(), asks: new Map<bigint, bigint>() };
        for (const change of changes) {
          book.apply(change);
          for (const name of ['bids', 'asks'] as const)
            for (const [price, size] of change[name]) {
              if (size === 0n) sides[name].delete(price);
              else sides[name].set(price, size);
            }
        }
        const top = (name: 'bids' | 'asks', sign: bigint) =>
          [...sides[name]]
            .sort(([a], [b]) => Number((a - b) * sign))
            .slice(0, 7)
            .map((pair) => pair.map((value) => `0.${value.toString().padStart(8, '0')}`.replace(/0+$/, '')));
        const empty = sides.bids.size + sides.asks.size === 0;
        expect(book.top(7)).toEqual(empty ? undefined : { bids: top('bids', -1n), asks: top('asks', 1n) });
      }),
    );
  });

  it('keeps the best 5,000 levels of a side', () => {
    const book = new LocalBook();
    const all = Array.from({ length: 6_000 }, (_, index): [bigint, bigint] => [
      BigInt(index + 1) * 10n ** 8n,
      10n ** 8n,
    ]);
    book.apply({ bids: all.slice(0, 5_500), asks: [] });
    const { bids } = book.top(10_000)!;
    expect([bids.length, bids[0], bids.at(-1)]).toEqual([5_000, ['5500', '1'], ['501', '1']]);
  });
});
