import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { openStore, type Store } from '../../src/index.js';
import { agree, plain, START, until } from '../setup/cached.js';
import { minuteBar, openIngest } from '../setup/ingest.js';

const MINUTES = 50;
const at = (minute: number) => new Date(START + minute * 60_000);

const writes = fc.array(fc.record({ minute: fc.nat(MINUTES - 1), close: fc.integer({ min: 1, max: 6 }) }), {
  minLength: 1,
  maxLength: 5,
});
/** What happens: through the ingest of this process or of another one, straight into the table, deletions, reads, and time for all that to travel. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('add' as const), writes }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('addElsewhere' as const), writes }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('upsert' as const), writes }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      from: fc.nat(MINUTES),
      count: fc.integer({ min: 1, max: 20 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rejected' as const), minute: fc.nat(MINUTES - 1) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      minute: fc.nat(MINUTES),
      count: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'flush' as const }) },
);

test('whatever is added, corrected, late, refused and deleted, by several writers: cache and database come to the same', async () => {
  const { store, url, directory } = await openIngest({ durability: 'memory', interval: 5 });
  const other = await openStore({
    databaseUrl: url,
    logLevel: 'silent',
    ingest: { directory: `${directory}/other`, durability: 'memory', interval: 5 },
  });
  onTestFinished(() => other.close());
  await store.feed.cache.start();
  let run = 0;
  const bars = (symbol: string, given: readonly { minute: number; close: number }[]) => {
    const newest = new Map(
      given.map(({ minute, close }) => [minute, { ...minuteBar(symbol, minute, close), high: 12 + close }]),
    );
    return [...newest.values()];
  };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
      run += 1;
      const symbol = `S${run}`;
      const pending: Promise<unknown>[] = [];
      for (const one of steps) {
        if (one.kind === 'add') await store.ingest.add(bars(symbol, one.writes));
        else if (one.kind === 'addElsewhere') await other.ingest.add(bars(symbol, one.writes));
        else if (one.kind === 'upsert') pending.push(other.bars.upsert(bars(symbol, one.writes)));
        else if (one.kind === 'rejected') await store.ingest.add([{ ...minuteBar(symbol, one.minute), volume: '1.5' }]);
        else if (one.kind === 'delete')
          pending.push(
            other.bars.delete({ symbol, timeframe: '1m', from: at(one.from), to: at(one.from + one.count) }),
          );
        else if (one.kind === 'flush') await store.ingest.flush();
        else {
          const asOf = at(one.minute);
          const found = store.feed.cache.bars({ symbol, timeframe: '1m', count: one.count, at: asOf });
          for (const { timestamp } of found ?? []) expect(timestamp.getTime() + 60_000).toBeLessThanOrEqual(+asOf);
        }
      }
      await Promise.all([...pending, store.ingest.flush(), other.ingest.flush()]);
      await agree(store, { symbol, timeframe: '1m', count: 100, at: at(MINUTES) });
      await same(store, symbol);
    }),
    { numRuns: Number(process.env.CACHE_RUNS ?? 25) },
  );
});

/** Every read that is answered. */
async function same(store: Store, symbol: string): Promise<void> {
  for (const [minute, count] of [
    [MINUTES, 1],
    [MINUTES, 30],
    [20, 3],
    [7, 10],
  ] as const) {
    const input = { symbol, timeframe: '1m', at: at(minute) } as const;
    const cached = await until(() => store.feed.cache.bars({ ...input, count }));
    expect(plain(cached)).toBe(plain(await store.bars.asOf({ ...input, limit: count })));
  }
}
