import { expect, test } from 'vitest';
import type { LedgerTables } from '../../seeds/generate/ledger-rows.js';
import { loadSeeds } from '../../seeds/load.js';
import { BarRepository } from '../../src/repositories/bars/bar-repository.js';
import { openTestDatabase } from '../setup/test-database.js';
import { bars as sampleBars, ledger as sampleLedger } from '../unit/sample-seeds.js';

const COUNTS = {
  ohlcv_bars: 756,
  trading_ranges: 5,
  patterns: 35,
  campaigns: 4,
  signals: 14,
  backtest_results: 3,
  audit_trail: 135,
};

async function openDatabase() {
  const database = await openTestDatabase();
  const query = async (text: string, values: unknown[] = []) => {
    const { rows } = await database.pool.withClient((client) => client.query({ text, values }));
    return rows as Record<string, unknown>[];
  };
  return { database, query };
}

test('the seeds go in once, and a second run finds all of them', async () => {
  const { database } = await openDatabase();
  const first = await loadSeeds(database);
  expect(Object.fromEntries(first.tables.map(({ table, added }) => [table, added]))).toEqual(COUNTS);
  const second = await loadSeeds(database);
  expect(second.leftAlone).toEqual([]);
  expect(second.tables).toEqual(
    Object.entries(COUNTS).map(([table, rows]) => ({ table, rows, added: 0, same: rows, reset: 0, differing: [] })),
  );
  const revisions = await new BarRepository(database.pool, { actor: 'test' }).revisions({
    symbol: 'AAPL',
    timeframe: '1d',
  });
  expect(revisions).toEqual([]);
});

test('every value is in the database as the files have it', async () => {
  const { database, query } = await openDatabase();
  await loadSeeds(database);
  const bars = await query(
    `SELECT symbol, timeframe, to_char(timestamp, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS timestamp, trim_scale(open)::text AS open,
            trim_scale(high)::text AS high, trim_scale(low)::text AS low, trim_scale(close)::text AS close, volume::float8 AS volume,
            trim_scale(vwap)::text AS vwap, source FROM ohlcv_bars ORDER BY symbol, timestamp`,
  );
  const trimmed = (value: unknown) => String(value).replace(/\.?0+$/, '');
  const wanted = sampleBars
    .map((bar) => ({
      ...bar,
      ...Object.fromEntries(PRICES.map((name) => [name, trimmed(bar[name as keyof typeof bar])])),
    }))
    .toSorted((a, b) => `${a.symbol}${a.timestamp}`.localeCompare(`${b.symbol}${b.timestamp}`));
  expect(bars).toEqual(wanted);

  for (const [table, rows] of Object.entries(sampleLedger) as [keyof LedgerTables, { id: string }[]][]) {
    const stored = new Map((await query(`SELECT * FROM ${table}`)).map((row) => [row.id, row]));
    expect(stored.size).toBe(rows.length);
    for (const row of rows) {
      for (const [column, value] of Object.entries(row)) {
        expect(asFile(stored.get(row.id)![column], value), `${table}.${column} of ${row.id}`).toEqual(value);
      }
    }
  }
});

const PRICES = ['open', 'high', 'low', 'close', 'vwap'];

/** A value as pg reads it, written as the file writes it. NUMERIC columns come as text with all of their decimals. */
function asFile(stored: unknown, sample: unknown): unknown {
  if (stored instanceof Date) {
    if (/^\d{4}-\d\d-\d\d$/.test(String(sample))) return localDate(stored);
    return stored.toISOString().replace('.000Z', 'Z');
  }
  if (typeof stored === 'string' && typeof sample === 'string' && /^-?\d+\.\d+$/.test(stored)) {
    const missing = stored.length - sample.length - (sample.includes('.') ? 0 : 1);
    return missing >= 0 && stored.endsWith('0'.repeat(missing)) && Number(stored) === Number(sample) ? sample : stored;
  }
  return stored;
}

/** pg reads a DATE as midnight of the process's own zone. */
function localDate(date: Date): string {
  const two = (part: number) => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

test('the audit events are chained in the order of the file', async () => {
  const { database, query } = await openDatabase();
  await loadSeeds(database);
  await loadSeeds(database);
  const events = await query(
    `SELECT id, correlation_id, seq::int, row_hash = audit_trail_hash(event) AS right_hash,
            prev_hash IS NOT DISTINCT FROM lag(row_hash) OVER (PARTITION BY correlation_id ORDER BY seq) AS linked
     FROM audit_trail event`,
  );
  expect(events.filter((event) => !event.right_hash || !event.linked)).toEqual([]);
  const placed = new Map(events.map((event) => [event.id, event.seq]));
  const chains = new Map<string, { id: string }[]>();
  for (const event of sampleLedger.audit_trail) {
    chains.set(event.correlation_id, [...(chains.get(event.correlation_id) ?? []), event]);
  }
  for (const [, chain] of chains) {
    expect(chain.map((event) => placed.get(event.id))).toEqual(chain.map((_, index) => index + 1));
  }
  const heads = await query(
    `SELECT correlation_id, length::int, last_hash = (SELECT row_hash FROM audit_trail event
       WHERE event.correlation_id = head.correlation_id AND seq = head.length) AS right_head FROM audit_chains head`,
  );
  expect(heads.map((head) => [head.correlation_id, head.length, head.right_head]).toSorted()).toEqual(
    [...chains].map(([id, chain]) => [id, chain.length, true]).toSorted(),
  );
});

test('a ledger row that was changed is named and left as it is', async () => {
  const { database, query } = await openDatabase();
  await loadSeeds(database);
  const { id } = sampleLedger.patterns[3]!;
  await query(`UPDATE patterns SET confidence_score = 71, metadata = metadata || '{"mine": true}' WHERE id = $1`, [id]);
  const { tables } = await loadSeeds(database);
  expect(tables.find(({ table }) => table === 'patterns')).toEqual({
    ...{ table: 'patterns', rows: 35, added: 0, same: 34, reset: 0, differing: [id] },
  });
  expect(await query('SELECT confidence_score FROM patterns WHERE id = $1', [id])).toEqual([{ confidence_score: 71 }]);
});

test('a sample bar that was changed is set back, with a revision; a deleted one comes again', async () => {
  const { database } = await openDatabase();
  await loadSeeds(database);
  const repository = new BarRepository(database.pool, { actor: 'test' });
  const [bar] = await repository.range({ symbol: 'TSLA', timeframe: '1d', from: '2024-03-04', to: '2024-03-05' });
  await repository.upsert([{ ...bar!, close: bar!.low }]);
  await repository.delete({ symbol: 'SPY', timeframe: '1d', from: '2024-05-01', to: '2024-05-03' });
  const { tables } = await loadSeeds(database);
  expect(tables[0]).toMatchObject({ added: 2, same: 753, reset: 1 });
  expect(
    await repository.range({ symbol: 'TSLA', timeframe: '1d', from: '2024-03-04', to: '2024-03-05' }),
  ).toMatchObject([{ close: bar!.close, source: 'sample' }]);
  expect(await repository.revisions({ symbol: 'TSLA', timeframe: '1d' })).toHaveLength(2);
});

test('bars of somebody else in a series of that name are not touched', async () => {
  const { database } = await openDatabase();
  const repository = new BarRepository(database.pool, { actor: 'test' });
  const own = { symbol: 'AAPL', timeframe: '1d', timestamp: '2024-01-03' } as const;
  await repository.upsert([
    { ...own, open: '184.22', high: '185.88', low: '183.43', close: '184.25', volume: 58_414_460 },
  ]);
  const { tables, leftAlone } = await loadSeeds(database);
  expect(leftAlone).toEqual(['AAPL 1d']);
  expect(tables[0]).toMatchObject({ rows: 756, added: 504, same: 0, reset: 0 });
  expect(await repository.count({ symbol: 'AAPL', timeframe: '1d' })).toBe(1);
});
