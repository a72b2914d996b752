import type pg from 'pg';
import { expect, onTestFinished } from 'vitest';
import type { Database } from '../../src/database/database.js';
import { type RechunkOptions, rechunk } from '../../src/database/layouts/rechunk.js';
import { type BarInput, openStore, type Store, type WyckoffError } from '../../src/index.js';
import { openRawClient } from '../setup/raw-client.js';
import { createTestDatabase } from '../setup/test-database.js';
import { openDatabase } from './storage-database.js';

export const DAY = 86_400_000;
export const START = Date.UTC(2024, 0, 4); // a Thursday, as the epoch: weeks of chunks begin on it
export const key = { symbol: 'AAPL', timeframe: '1h' } as const;

export function bars(fromDay: number, toDay: number, symbol: string = key.symbol): BarInput[] {
  return Array.from({ length: (toDay - fromDay) * 24 }, (_, index) => {
    const low = 1 + (index % 7);
    const timestamp = new Date(START + fromDay * DAY + index * 3_600_000);
    return { symbol, timeframe: '1h', timestamp, open: low, high: low + 2, low, close: low + 1, volume: index % 11 };
  });
}

export async function open(): Promise<{ store: Store; database: Database; raw: pg.Client; url: string }> {
  const created = await createTestDatabase();
  onTestFinished(() => created.drop());
  const store = await openStore({ databaseUrl: created.url });
  onTestFinished(() => store.close());
  return { store, database: await openDatabase(created.url), raw: await openRawClient(created.url), url: created.url };
}

export async function content(raw: pg.Client, table = 'ohlcv_bars'): Promise<unknown> {
  const { rows } = await raw.query(
    `SELECT count(*)::int AS count, md5(string_agg(stored::text, ',' ORDER BY stored::text)) AS md5 FROM ${table} stored`,
  );
  return rows[0];
}

/** `from day to day` since the start, with a c where it is compressed. */
export async function chunks(raw: pg.Client, table = 'ohlcv_bars'): Promise<string[]> {
  const { rows } = await raw.query(
    `SELECT range_start AS "from", range_end AS "to", is_compressed AS compressed
     FROM timescaledb_information.chunks WHERE hypertable_name = $1 ORDER BY range_start`,
    [table],
  );
  const day = (at: Date) => (at.getTime() - START) / DAY;
  return rows.map(({ from, to, compressed }) => `${day(from)}-${day(to)}${compressed ? 'c' : ''}`);
}

export const days = (from: number, to: number, mark = '') =>
  Array.from({ length: to - from }, (_, index) => `${from + index}-${from + index + 1}${mark}`);

export async function rechunkBars(database: Database, interval: string, options: Partial<RechunkOptions> = {}) {
  const report = await rechunk(database, { interval, table: 'ohlcv_bars', ...options });
  expect(report.tables).toHaveLength(1);
  return report.tables[0]!;
}

export async function withoutCompressionPolicy(raw: pg.Client): Promise<void> {
  await raw.query("SELECT remove_compression_policy('ohlcv_bars')");
}

export async function refusal(attempt: Promise<unknown>): Promise<Pick<WyckoffError, 'code' | 'message' | 'hint'>> {
  const error = await attempt.then(
    () => undefined,
    (reason: WyckoffError) => reason,
  );
  expect(error, 'it is refused').toBeDefined();
  const { code, message, hint } = error!;
  return { code, message, hint };
}
