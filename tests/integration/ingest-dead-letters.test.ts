import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BarInput } from '../../src/index.js';
import { RowsNotWrittenError } from '../../src/index.js';
import { minuteBar, openIngest } from '../setup/ingest.js';
import { openRawClient } from '../setup/raw-client.js';
import { WYCKOFF } from '../setup/wyckoff-program.js';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function wyckoff(url: string, ...args: string[]): Promise<Outcome> {
  const env = { PATH: process.env.PATH, WYCKOFF_DATABASE_URL: url, WYCKOFF_LOG_LEVEL: 'silent' };
  return new Promise((resolve) => {
    execFile(process.execPath, [...WYCKOFF, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
    });
  });
}

async function lettersIn(directory: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(directory, 'dead-letters.ndjson'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** A thousand bars of ten series, of which the one at `at` is `bad`. */
function thousandBars(at: number, bad: Partial<BarInput>): BarInput[] {
  return Array.from({ length: 1000 }, (_, index) => ({
    ...minuteBar(`S${index % 10}`, Math.floor(index / 10)),
    ...(index === at && bad),
  }));
}

const countOf = async (url: string, table = 'ohlcv_bars') => {
  const client = await openRawClient(url);
  return Number((await client.query(`SELECT count(*) FROM ${table}`)).rows[0].count);
};

const KINDS_OF_BAD: [what: string, bad: Partial<BarInput>, check: string | undefined, code: string][] = [
  ['a volume finer than its series', { volume: '1.5' }, undefined, 'VOLUME_TOO_PRECISE'],
  ['a CHECK of the table', { source: 'poison' }, `CHECK (source <> 'poison')`, 'CHECK_VIOLATION'],
  [
    'a function that overflows',
    { source: 'poison' },
    `CHECK (CASE WHEN source = 'poison' THEN 2147483647 + length(source) > 0 ELSE true END)`,
    'DATABASE_ERROR',
  ],
];

test.each(['memory', 'spool'] as const)(
  'at %s, each kind of bad row alone is lost to the dead letters',
  async (durability) => {
    for (const [index, [what, bad, check, code]] of KINDS_OF_BAD.entries()) {
      const { store, url, directory } = await openIngest({ durability });
      if (check) {
        const client = await openRawClient(url);
        await client.query(`ALTER TABLE ohlcv_bars ADD CONSTRAINT chk_poison ${check}`);
      }
      await store.ingest.add(thousandBars([0, 503, 999][index]!, bad));
      await store.ingest.flush();
      expect(await countOf(url), what).toBe(999);
      const letters = await lettersIn(directory);
      expect(letters, what).toMatchObject([{ kind: 'bar', code, attempts: expect.any(Number), rows: [bad] }]);
      expect(letters[0]!.time).toMatch(/^\d{4}-.*Z$/);
      expect(await store.ingest.close()).toEqual({ written: 999, spooled: 0, left: 0, dropped: 0, deadLetters: 1 });
    }
  },
);

test('several bad rows, named or not, leave the good ones of the same series', async () => {
  const { store, url, directory } = await openIngest({ durability: 'spool' });
  const client = await openRawClient(url);
  await client.query(`ALTER TABLE ohlcv_bars ADD CONSTRAINT chk_poison CHECK (source <> 'poison')`);
  const bars = Array.from({ length: 200 }, (_, minute) => ({
    ...minuteBar('A', minute),
    ...(minute % 50 === 7 && { source: 'poison' }),
    ...(minute % 60 === 11 && { volume: '0.5' }),
  }));
  await store.ingest.add(bars);
  await store.ingest.flush();
  const bad = bars.filter((bar) => 'source' in bar || bar.volume === '0.5').length;
  expect(await countOf(url)).toBe(200 - bad);
  expect(await lettersIn(directory)).toHaveLength(bad);
});

test('the older value of a bar is written when the newer one is refused', async () => {
  const { store, directory } = await openIngest({ durability: 'memory' });
  await store.ingest.add([minuteBar('A', 0, 5)]);
  await store.ingest.add([{ ...minuteBar('A', 0, 6), volume: '0.5' }]);
  await store.ingest.flush();
  expect((await store.bars.latest({ symbol: 'A', timeframe: '1m' }))[0]!.close.toString()).toBe('5');
  expect(await lettersIn(directory)).toMatchObject([{ rows: [{ close: '6', volume: '0.5' }] }]);
});

test('a trade that is stored with other values is a dead letter, in whichever batch it comes', async () => {
  const { store, directory } = await openIngest({ durability: 'memory' });
  const trade = { symbol: 'A', timestamp: 1n, tradeId: 'x', price: 1, size: 1 };
  await store.ingest.addTrades([trade, { ...trade, price: 2 }, trade, { ...trade, tradeId: 'y' }]);
  await store.ingest.flush();
  expect((await store.trades.range({ symbol: 'A' })).map(({ tradeId, price }) => [tradeId, price.toString()])).toEqual([
    ['x', '1'],
    ['y', '1'],
  ]);
  expect(await lettersIn(directory)).toMatchObject([{ kind: 'trade', code: 'ROW_DIFFERS', rows: [{ price: '2' }] }]);
  await store.ingest.addTrade({ ...trade, price: 3 }, { replace: true });
  await store.ingest.flush();
  expect((await store.trades.range({ symbol: 'A' }))[0]!.price.toString()).toBe('3');
});

test('at database, the caller is told which rows lie in the dead letters', async () => {
  const { store } = await openIngest({ durability: 'database', interval: 10 });
  const failure = await store.ingest
    .add([minuteBar('A', 0), { ...minuteBar('A', 1), volume: '0.5' }, minuteBar('B', 2)])
    .catch((error) => error);
  expect(failure).toBeInstanceOf(RowsNotWrittenError);
  expect(failure.rows).toMatchObject([{ row: 1, outcome: 'dead-letter', error: { code: 'VOLUME_TOO_PRECISE' } }]);
  expect((await store.bars.series()).map(({ symbol, count }) => [symbol, count])).toEqual([
    ['A', 1],
    ['B', 1],
  ]);
});

test('a missing right is no fault of the rows: they wait', async () => {
  const { store, url } = await openIngest({ durability: 'memory', maxRetries: 1 });
  const client = await openRawClient(url);
  await client.query('ALTER TABLE ohlcv_bars RENAME TO hidden');
  await store.ingest.add([minuteBar('A', 0)]);
  const flushed = store.ingest.flush();
  while (store.ingest.stats.retries < 3) await new Promise((resolve) => setTimeout(resolve, 10));
  await client.query('ALTER TABLE hidden RENAME TO ohlcv_bars');
  await flushed;
  expect(await countOf(url)).toBe(1);
  expect(store.ingest.stats).toMatchObject({ written: 1, deadLetters: 0, breaker: 'closed' });
});

test('the commands list, replay after a mend, and drop', async () => {
  const { store, url, directory } = await openIngest({ durability: 'spool' });
  const client = await openRawClient(url);
  await client.query(`ALTER TABLE ohlcv_bars ADD CONSTRAINT chk_poison CHECK (source <> 'poison')`);
  await store.ingest.add([minuteBar('A', 0), { ...minuteBar('A', 1), source: 'poison' }]);
  await store.ingest.flush();
  await store.ingest.add({ ...minuteBar('B', 2), volume: '0.5' });
  await store.ingest.addTrades(new Array(2).fill({ symbol: 'T', timestamp: 5n, price: 1, size: 1 }));
  await store.ingest.flush();
  const args = ['--directory', directory];
  const listed = await wyckoff(url, 'dead-letters', 'list', ...args, '--json');
  const { letters } = JSON.parse(listed.stdout);
  expect([listed.code, letters.length]).toEqual([0, 2]);
  const [first] = letters;
  const table = await wyckoff(url, 'dead-letters', 'list', ...args);
  expect(table.stdout).toContain(first.id);

  const early = await wyckoff(url, 'dead-letters', 'replay', ...args, '--json');
  expect(early.code).toBe(1);
  const inOrder = letters.map(({ id }: { id: string }) => ({ id }));
  expect(JSON.parse(early.stdout)).toMatchObject({ written: [], refused: inOrder });
  expect(await lettersIn(directory)).toHaveLength(2);

  await client.query('ALTER TABLE ohlcv_bars DROP CONSTRAINT chk_poison');
  const mended = await wyckoff(url, 'dead-letters', 'replay', ...args);
  expect([mended.code, mended.stdout]).toEqual([1, '1 dead letter went in, 1 refused again.\n']);
  expect((await store.bars.range({ symbol: 'A', timeframe: '1m' })).map(({ source }) => source)).toEqual([
    null,
    'poison',
  ]);
  const [left] = await lettersIn(directory);
  expect(left).toMatchObject({ code: 'VOLUME_TOO_PRECISE' });

  expect((await wyckoff(url, 'dead-letters', 'drop', 'nothing', ...args)).code).toBe(1);
  expect((await wyckoff(url, 'dead-letters', 'drop', ...args)).code).toBe(2);
  expect((await wyckoff(url, 'dead-letters', 'drop', '--all', ...args)).code).toBe(0);
  expect(await lettersIn(directory)).toEqual([]);
  const empty = await wyckoff(url, 'dead-letters', 'list', ...args);
  expect([empty.code, empty.stdout]).toEqual([0, `No dead letters in ${join(directory, 'dead-letters.ndjson')}.\n`]);
});
