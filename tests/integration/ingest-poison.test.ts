import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import type { Ingest } from '../../src/index.js';
import { DeadLetters } from '../../src/ingest/dead-letters.js';
import { replayDeadLetters } from '../../src/ingest/replay-letters.js';
import { minuteBar, openIngest } from '../setup/ingest.js';
import { openRawClient } from '../setup/raw-client.js';

const ROWS = 1000;
const SYMBOLS = 10;
const START = Date.UTC(2024, 0, 2);

interface Rows {
  readonly table: string;
  /** What tells the bad row from all others, in SQL. */
  readonly isBad: string;
  /** Adds the rows, of which the one at `bad` is the bad one. */
  add(ingest: Ingest, bad: number): Promise<void>;
}

const place = (index: number) => ({
  symbol: `S${index % SYMBOLS}`,
  timestamp: new Date(START + Math.floor(index / SYMBOLS) * 60_000),
});
const each = <T>(row: (index: number) => T): T[] => Array.from({ length: ROWS }, (_, index) => row(index));

const KINDS: Readonly<Record<string, Rows>> = {
  bar: {
    table: 'ohlcv_bars',
    isBad: `source = 'poison'`,
    add: (ingest, bad) =>
      ingest.add(
        each((index) => ({
          ...minuteBar(`S${index % SYMBOLS}`, Math.floor(index / SYMBOLS)),
          ...(index === bad && { source: 'poison' }),
        })),
      ),
  },
  trade: {
    table: 'trades',
    isBad: 'price = 666',
    add: (ingest, bad) =>
      ingest.addTrades(
        each((index) => ({ ...place(index), tradeId: `${index}`, price: index === bad ? 666 : 1, size: 1 })),
      ),
  },
  quote: {
    table: 'quotes',
    isBad: 'ask_price = 666',
    add: (ingest, bad) =>
      ingest.addQuotes(
        each((index) => ({ ...place(index), bidPrice: 1, bidSize: 1, askPrice: index === bad ? 666 : 2, askSize: 1 })),
      ),
  },
  orderBook: {
    table: 'order_book_snapshots',
    isBad: 'array_length(ask_prices, 1) = 2',
    add: (ingest, bad) =>
      ingest.addOrderBooks(
        each((index) => ({
          ...place(index),
          bids: [[1, 1]],
          asks:
            index === bad
              ? [
                  [2, 1],
                  [3, 1],
                ]
              : [[2, 1]],
        })),
      ),
  },
};

interface Bad {
  readonly what: string;
  readonly code: string;
  readonly make: string;
  readonly mend: string;
}

/** What a table, its triggers and its functions may say to one row, each with how it is made and mended. */
function waysToBeBad({ table, isBad }: Rows): Bad[] {
  const trigger = (body: string) => ({
    make: `CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF (SELECT ${isBad} FROM (SELECT NEW.*) AS row) THEN ${body} END IF; RETURN NEW; END $$;
           CREATE TRIGGER poison BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION poison()`,
    mend: `DROP TRIGGER poison ON ${table}`,
  });
  const check = (condition: string) => ({
    make: `ALTER TABLE ${table} ADD CONSTRAINT chk_poison CHECK (${condition})`,
    mend: `ALTER TABLE ${table} DROP CONSTRAINT chk_poison`,
  });
  return [
    { what: 'a constraint', code: 'CHECK_VIOLATION', ...check(`NOT coalesce(${isBad}, false)`) },
    {
      what: 'a number out of range',
      code: 'DATABASE_ERROR',
      ...check(`CASE WHEN ${isBad} THEN 2147483647 + length(symbol) > 0 ELSE true END`),
    },
    { what: 'a trigger that refuses', code: 'DATABASE_ERROR', ...trigger(`RAISE EXCEPTION 'not this one';`) },
    { what: 'a value that is missing', code: 'NOT_NULL_VIOLATION', ...trigger('NEW.symbol := NULL;') },
  ];
}

async function openPoisoned(durability: 'memory' | 'spool') {
  const opened = await openIngest({ durability });
  const client = await openRawClient(opened.url);
  const database = await Database.open(readConfig({ databaseUrl: opened.url, logLevel: 'silent' }));
  onTestFinished(() => database.close());
  const letters = new DeadLetters(opened.directory);
  const replay = async () => {
    const { written, refused } = await replayDeadLetters(database.pool, database.log, letters, await letters.list());
    return { written: written.length, refused: refused.length };
  };
  const count = async (query: string) => Number((await client.query(`SELECT count(*) FROM ${query}`)).rows[0].count);
  return { ...opened, client, letters, replay, count };
}

const cases = Object.entries(KINDS).flatMap(([kind, rows]) =>
  waysToBeBad(rows).map((bad, index) => ({
    kind,
    rows,
    bad,
    what: bad.what,
    durability: (['memory', 'spool'] as const)[index % 2]!,
    at: [0, 999, 503, 7][index]!,
  })),
);

test.each(cases)(
  '$kind, $what, row $at, at $durability: that row alone is a dead letter, and comes in once it is mended',
  async ({ kind, rows, bad, durability, at }) => {
    const { store, client, letters, replay, count } = await openPoisoned(durability);
    await client.query(bad.make);
    await rows.add(store.ingest, at);
    await store.ingest.flush();
    expect(await count(rows.table)).toBe(ROWS - 1);
    expect(await count(`${rows.table} WHERE ${rows.isBad}`)).toBe(0);
    expect(await letters.list()).toMatchObject([{ kind, code: bad.code }]);
    expect(await replay()).toEqual({ written: 0, refused: 1 });
    await client.query(bad.mend);
    expect(await replay()).toEqual({ written: 1, refused: 0 });
    expect(await count(rows.table)).toBe(ROWS);
    expect(await count(`${rows.table} WHERE ${rows.isBad}`)).toBe(1);
    expect(await letters.list()).toEqual([]);
    expect(await store.ingest.close()).toMatchObject({ written: ROWS - 1, left: 0, spooled: 0, deadLetters: 1 });
  },
);

test('a volume finer than its series comes in once the series is as fine', async () => {
  const { store, client, letters, replay } = await openPoisoned('spool');
  const bars = each((index) => minuteBar('A', index));
  await store.ingest.add(bars.map((bar, index) => (index === 500 ? { ...bar, volume: '1.5' } : bar)));
  await store.ingest.flush();
  expect(await letters.list()).toMatchObject([{ kind: 'bar', code: 'VOLUME_TOO_PRECISE' }]);
  expect(await replay()).toEqual({ written: 0, refused: 1 });
  await client.query('UPDATE ohlcv_bars SET volume = volume * 10; UPDATE bar_series SET volume_scale = 1');
  expect(await replay()).toEqual({ written: 1, refused: 0 });
  const stored = await store.bars.range({ symbol: 'A', timeframe: '1m' });
  expect(stored).toHaveLength(ROWS);
  expect(stored[500]!.volume.toString()).toBe('1.5');
  expect(stored[501]!.volume.toString()).toBe('601');
});

test('a trade that is stored with other values comes in once that one is gone', async () => {
  const { store, client, letters, replay, count } = await openPoisoned('memory');
  const trades = each((index) => ({ ...place(index), tradeId: `${index}`, price: 1, size: 1 }));
  await store.trades.upsert([{ ...trades[700]!, price: 5 }]);
  await store.ingest.addTrades(trades);
  await store.ingest.flush();
  expect(await letters.list()).toMatchObject([{ kind: 'trade', code: 'ROW_DIFFERS' }]);
  expect(await count('trades')).toBe(ROWS);
  await client.query(`DELETE FROM trades WHERE trade_id = '700'`);
  expect(await replay()).toEqual({ written: 1, refused: 0 });
  expect(await count('trades WHERE price = 1')).toBe(ROWS);
});
