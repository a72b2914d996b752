import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openStore } from '../../src/index.js';
import { minuteBar, openIngest, openIngestByProxy } from '../setup/ingest.js';
import { openRawClient } from '../setup/raw-client.js';

const SERIES = { symbol: 'A', timeframe: '1m' } as const;
const AT = new Date(Date.UTC(2024, 0, 2));

async function spoolsIn(directory: string): Promise<string[]> {
  return (await readdir(join(directory, 'spool'))).filter((name) => /^\d{15}-/.test(name));
}

/** Rows of one lane that an ingest left in its spool, since it could not reach its database. */
async function leaveRows(rows: number) {
  const opened = await openIngestByProxy({ durability: 'spool', interval: 0, segmentSize: 1024 });
  opened.proxy.close();
  for (let minute = 0; minute < rows; minute += 1) await opened.store.ingest.add(minuteBar('A', minute));
  expect(await opened.store.ingest.close({ timeout: 20 })).toMatchObject({ spooled: rows });
  return opened;
}

test('a trade that is to be the first of its id does not take the place of one that replaces it in the same batch', async () => {
  const { store } = await openIngest({ durability: 'memory', interval: 20 });
  const trade = { symbol: 'A', timestamp: AT, tradeId: 1, size: 1, side: 'buy' } as const;
  await store.ingest.addTrade({ ...trade, price: 10 }, { replace: true });
  await store.ingest.addTrade({ ...trade, price: 11 });
  await store.ingest.flush();
  const [stored] = await store.trades.range({ symbol: 'A' });
  expect(stored!.price.toString()).toBe('10');
  expect(store.ingest.stats).toMatchObject({ deadLetters: 1, written: 1 });
});

test('an ingest that cannot be opened leaves what it took over to the next try', async () => {
  const { url, directory } = await leaveRows(2);
  const admin = await openRawClient(url);
  await admin.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$`);
  await admin.query('CREATE TRIGGER refuse BEFORE INSERT ON ingest_positions EXECUTE FUNCTION refuse()');
  const options = { databaseUrl: url, logLevel: 'silent', ingest: { directory, durability: 'spool' } } as const;
  await expect(openStore(options)).rejects.toThrow('not now');
  await admin.query('DROP TRIGGER refuse ON ingest_positions');
  const again = await openStore(options);
  await again.ingest.add(minuteBar('A', 1, 15));
  await again.ingest.flush();
  expect((await again.bars.range(SERIES)).map(({ close }) => close.toString())).toEqual(['10', '15']);
  await again.close();
  expect(await spoolsIn(directory)).toEqual([]);
});

test('rows that somebody was told are safe are not dropped for newer ones', async () => {
  const { url, directory } = await leaveRows(5);
  const ingest = { directory, durability: 'memory', whenFull: 'drop-oldest', queueSize: 5, interval: 60_000 } as const;
  const admin = await openRawClient(url);
  await admin.query('BEGIN; LOCK TABLE bar_series');
  const next = await openStore({ databaseUrl: url, logLevel: 'silent', ingest });
  const adding = next.ingest.add([minuteBar('B', 0), minuteBar('B', 1)]);
  await sleep(300);
  await admin.query('COMMIT');
  await adding;
  await next.ingest.flush();
  expect(next.ingest.stats.dropped).toBe(0);
  expect(await next.bars.count(SERIES)).toBe(5);
  await next.close();
});

test('who waits for a flush when the ingest is closed is told that rows are left', async () => {
  const { store, proxy } = await openIngestByProxy({ durability: 'spool', interval: 0 });
  await store.ingest.add(minuteBar('A', 0));
  await store.ingest.flush();
  proxy.close();
  await store.ingest.add(minuteBar('A', 1));
  const flush = store.ingest.flush().catch((error) => error.name);
  await store.ingest.close({ timeout: 20 });
  expect(await flush).toBe('IngestClosedError');
  expect(await store.ingest.flush().catch((error) => error.name)).toBe('IngestClosedError');
});

test('rows that were being written when the ingest was closed are told as left, also where others were dropped behind them', async () => {
  const { store, proxy } = await openIngestByProxy({
    durability: 'memory',
    whenFull: 'drop-oldest',
    queueSize: 4,
    batchSize: 2,
    interval: 0,
    writers: 1,
  });
  proxy.close();
  for (let minute = 0; minute < 6; minute += 1) {
    await store.ingest.add(minuteBar('A', minute));
    await sleep(5);
  }
  expect(await store.ingest.close({ timeout: 20 })).toMatchObject({ written: 0, dropped: 2, left: 4 });
});

test('trades that are no array are refused', async () => {
  const { store } = await openIngest({ durability: 'memory', interval: 0 });
  const trade = { symbol: 'A', timestamp: AT, tradeId: 1, size: 1, price: 1, side: 'buy' } as const;
  for (const wrong of [trade, new Set([trade]), undefined]) {
    await expect(store.ingest.addTrades(wrong as never)).rejects.toMatchObject({ problems: [{ code: 'ROW_INVALID' }] });
  }
});

test('rows that come onto the disk while the ingest is closed are told as spooled', async () => {
  const { store, proxy } = await openIngestByProxy({ durability: 'spool', interval: 0 });
  await store.ingest.flush();
  proxy.close();
  const bars = Array.from({ length: 5_000 }, (_, minute) => minuteBar('A', minute));
  const adding = store.ingest.add(bars);
  expect(await store.ingest.close({ timeout: 0 })).toMatchObject({ written: 0, spooled: 5_000, left: 0 });
  await adding;
});

test('an ingest whose spool cannot be let go of is closed nevertheless', async () => {
  const { store, proxy, directory } = await openIngestByProxy({ durability: 'spool', interval: 0 });
  proxy.close();
  await store.ingest.add(minuteBar('A', 0));
  const lock = join(directory, 'spool', 'lock');
  await rm(lock, { recursive: true });
  await writeFile(lock, '');
  expect(await store.ingest.close({ timeout: 20 })).toMatchObject({ spooled: 1, left: 0 });
});

test.each([
  ['memory', 'IngestClosedError'],
  ['database', 'RowsNotWrittenError'],
] as const)(
  'at %s, a row that waits behind those of an earlier process is refused when the ingest is closed',
  async (durability, name) => {
    const { url, directory } = await leaveRows(200);
    const ingest = { directory, durability, queueSize: 10, batchSize: 5, interval: 0 } as const;
    const admin = await openRawClient(url);
    await admin.query('BEGIN; LOCK TABLE bar_series');
    const next = await openStore({ databaseUrl: url, logLevel: 'silent', ingest });
    const adding = next.ingest.add(minuteBar('B', 0)).then(
      () => 'taken',
      (error) => error.name,
    );
    await sleep(100);
    expect(await next.ingest.close({ timeout: 20 })).toMatchObject({ written: 0 });
    expect(await adding).toBe(name); // though nothing can be written yet
    await admin.query('ROLLBACK');
    await next.close();
  },
);

test('who waits for a row is told when the ingest is closed, also while it pauses before another try', async () => {
  const { store, proxy } = await openIngestByProxy({ durability: 'database', interval: 0, retryDelay: 60_000 });
  await store.ingest.add(minuteBar('A', 0));
  proxy.close();
  const retried = new Promise<void>((resolve) => store.ingest.observe({ retried: () => resolve() }));
  const adding = store.ingest.add(minuteBar('A', 1)).catch((error) => error.name);
  await retried;
  expect(await store.ingest.close({ timeout: 20 })).toMatchObject({ written: 1, left: 1 });
  expect(await adding).toBe('RowsNotWrittenError');
});
