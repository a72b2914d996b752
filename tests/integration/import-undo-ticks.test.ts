import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Store } from '../../src/index.js';
import { manifestOf, temporaryDirectory } from '../setup/exported.js';
import { openRawClient } from '../setup/raw-client.js';
import { follow } from '../setup/subscriber.js';
import { openTestStore } from '../setup/test-database.js';
import { folderOf } from '../setup/tick-files.js';

const AT = BigInt(Date.UTC(2024, 0, 2, 15)) * 1000n;
const time = (micros: number) => `2024-01-02T15:00:00.${String(micros).padStart(6, '0')}Z`;
const at = (micros: number) => AT + BigInt(micros);
const trade = (micros: number, size: number) => ({ symbol: 'ES', timestamp: at(micros), price: '1.5', size });
const quote = (micros: number, bid: string) => ({
  ...{ symbol: 'ES', timestamp: at(micros), sequence: 0n, bidPrice: bid, bidSize: 1, askPrice: null, askSize: null },
});

/** Trades of one instant without ids, one more in each file; quotes, books and indicators of several series. */
const FILES = {
  'more.csv': ['symbol,timestamp,trade_id,price,size,side', `ES,${time(1)},,1.5,1,`, `ES,${time(1)},,1.5,1,buy`],
  'quotes.csv': [
    'symbol,timestamp,sequence,bid_price,bid_size,ask_price,ask_size',
    ...[1, 2, 3].map((micros) => `ES,${time(micros)},0,1.5,1,,`),
    `NQ,${time(1)},,,,2,1`,
  ],
  'books.csv': ['symbol,timestamp,bid_prices,bid_sizes,ask_prices,ask_sizes', `ES,${time(1)},2 1,1 1,3,5`],
  'indicators.ndjson': [
    '{"symbol":"ES","timeframe":"1d","name":"rsi","timestamp":"2024-01-02T00:00:00Z","value":{"b":"1.50","a":[null]}}',
    '{"symbol":"ES","timeframe":"1d","name":"atr","timestamp":"2024-01-02T00:00:00Z","value":2}',
  ],
  'trades.csv': [
    'symbol,timestamp,trade_id,price,size,side',
    ...[`ES,${time(1)},,1.5,1,`, `ES,${time(1)},,1.5,1,`, `ES,${time(1)},,1.5,1,`],
    ...[`ES,${time(2)},7,1.50000001,2,`, `ES,${time(9)},,1.5,3,sell`],
  ],
};
const NAMES = Object.keys(FILES);

async function contentOf(store: Store): Promise<Record<string, string>> {
  const directory = join(await temporaryDirectory(), 'export');
  const kinds = ['trades', 'quotes', 'order-books', 'indicators'] as const;
  const written = await store.files.export({ kinds, format: 'csv', directory }).catch(() => undefined);
  return written ? Object.fromEntries((await manifestOf(directory)).files.map((file) => [file.kind, file.sha256])) : {};
}

async function openWithRows() {
  const { store, url } = await openTestStore();
  await store.trades.upsert([trade(1, 1), trade(5, 9)]);
  await store.quotes.upsert([quote(2, '1.5')]);
  const folder = await folderOf(FILES);
  return { store, url, folder, paths: NAMES.map((name) => folder(name)), before: await contentOf(store) };
}

test('an import of ticks is taken back to what was there before, and can be done again', async () => {
  const { store, url, folder, paths, before } = await openWithRows();
  const first = await store.files.import({ paths, parallel: 1 });
  expect(first.totals).toMatchObject({ failed: 0, inserted: 11, changed: 0, unchanged: 3 });
  const imported = await contentOf(store);
  const following = await follow(store, ['ES'], { kinds: ['quote'] });
  const undone = await store.files.undo(first.runId);
  expect(undone).toMatchObject({ files: 5, deleted: 11, restored: 0 });
  expect(undone.series.map(({ kind, symbol, name, deleted }) => `${kind} ${symbol} ${name} ${deleted}`)).toEqual([
    ...['indicator ES atr 1', 'indicator ES rsi 1', 'orderBook ES  1', 'quote ES  2', 'quote NQ  1', 'trade ES  5'],
  ]);
  expect(await contentOf(store)).toEqual(before);
  // Who follows is told of the stretch, and of what is left in it.
  expect(await following.take(2)).toMatchObject([
    { kind: 'deleted', of: 'quote', from: at(1), to: at(4) },
    { kind: 'quote', quote: { timestamp: at(2) } },
  ]);
  const client = await openRawClient(url);
  const { rows } = await client.query(
    `SELECT action, metadata FROM audit_trail WHERE event_type = 'TIME_SERIES_IMPORT_UNDONE' AND action LIKE '%trades%' ORDER BY action`,
  );
  expect(rows).toEqual(
    [
      {
        action: 'undid the import of 1 trades of ES',
        metadata: { relation: 'trades', source: folder('more.csv'), inserted: 1 },
      },
      {
        action: 'undid the import of 4 trades of ES',
        metadata: { relation: 'trades', source: folder('trades.csv'), inserted: 4 },
      },
    ].toSorted((one, other) => (one.action < other.action ? -1 : 1)),
  );
  await expect(store.files.undo(first.runId)).rejects.toMatchObject({ code: 'ALREADY_UNDONE' });

  const second = await store.files.import({ paths, parallel: 1 });
  expect(second.totals).toMatchObject({ imported: 5, skipped: 0, inserted: 11 });
  expect(await contentOf(store)).toEqual(imported);
  // One file: what another import found there is gone, and that one is no longer known to be in.
  await store.files.undo(second.files.find(({ path }) => path === folder('trades.csv'))!.id);
  const third = await store.files.import({ paths });
  expect(third.files.filter(({ status }) => status === 'imported').map(({ path }) => path)).toContain(
    folder('trades.csv'),
  );
  expect(await store.trades.count({ symbol: 'ES' })).toBe(7);
});

test('an import of ticks stays where something touched its rows, and says of which series', async () => {
  const { store, url, folder, paths } = await openWithRows();
  const client = await openRawClient(url);
  const touches: readonly [name: string, touch: () => Promise<unknown>, symbol: string, removed: number][] = [
    ['quotes.csv', () => store.quotes.upsert([quote(3, '1.4')]), 'ES', 1],
    ['quotes.csv', () => store.quotes.delete({ symbol: 'NQ' }), 'NQ', 1],
    [
      'trades.csv',
      async () => {
        await store.trades.delete({ symbol: 'ES', from: at(9) });
        await store.trades.upsert([{ ...trade(9, 3), side: 'sell' }]); // with the same values
      },
      'ES',
      1,
    ],
    // Beside the store, in place.
    ['indicators.ndjson', () => client.query(`UPDATE indicators SET value = '3' WHERE name = 'atr'`), 'ES', 0],
  ];
  for (const [name, touch, symbol, removed] of touches) {
    const [file] = (await store.files.import({ paths: [folder(name)], again: true })).files;
    await touch();
    const content = await contentOf(store);
    const refused = await store.files.undo(file!.id).catch((error) => error);
    expect(refused, name).toMatchObject({ code: 'IMPORT_TOUCHED', touched: [{ symbol, removed }] });
    expect(await contentOf(store)).toEqual(content);
    await store.trades.delete({ symbol: 'ES' });
    for (const one of ['ES', 'NQ']) await store.quotes.delete({ symbol: one });
  }
  // Rows that others write beside its own, at the same instants too, stand in nobody's way.
  const { files, runId } = await store.files.import({ paths: [folder('trades.csv')], again: true });
  expect(files[0]).toMatchObject({ inserted: 5 });
  await store.trades.upsert([trade(1, 8), trade(4, 8)]);
  await store.files.import({ paths: [folder('more.csv')], again: true });
  expect(await store.files.undo(runId)).toMatchObject({ deleted: 5 });
  expect((await store.trades.range({ symbol: 'ES' })).map(({ size, side }) => `${size} ${side}`)).toEqual([
    ...['8 null', '1 buy', '8 null'],
  ]);
  expect(paths).toHaveLength(5);
});

test('an import that changed rows stays; the other files of its run are taken back by themselves', async () => {
  const { store, folder } = await openWithRows();
  await store.quotes.upsert([quote(3, '1.4')]);
  const { runId, files } = await store.files.import({ paths: [folder('quotes.csv'), folder('books.csv')] });
  const content = await contentOf(store);
  await expect(store.files.undo(runId)).rejects.toMatchObject({
    code: 'UNDO_UNSUPPORTED',
    message: expect.stringContaining('changed 1 rows of ES (quote), which keep no former values'),
  });
  expect(await contentOf(store)).toEqual(content);
  const books = files.find(({ path }) => path === folder('books.csv'))!;
  expect(await store.files.undo(books.id)).toMatchObject({ files: 1, deleted: 1 });
  expect(await store.orderBooks.count({ symbol: 'ES' })).toBe(0);
});

test('of two undoings at once, beside writers of the same series, one takes each row back', async () => {
  const { store, paths, before } = await openWithRows();
  const { runId } = await store.files.import({ paths });
  const outcomes = await Promise.allSettled([
    store.files.undo(runId),
    store.files.undo(runId),
    store.trades.upsert([trade(1, 4), trade(3, 4)]),
    store.quotes.upsert([quote(5, '1')]),
  ]);
  const codes = outcomes.map((one) => (one.status === 'rejected' ? one.reason.code : 'done'));
  expect(codes.sort()).toEqual(['ALREADY_UNDONE', 'done', 'done', 'done']);
  expect((await store.trades.range({ symbol: 'ES' })).map(({ size }) => Number(size))).toEqual([1, 4, 4, 9]);
  await store.trades.delete({ symbol: 'ES' });
  await store.quotes.delete({ symbol: 'ES', from: at(5) });
  await store.trades.upsert([trade(1, 1), trade(5, 9)]);
  expect(await contentOf(store)).toEqual(before);
});
