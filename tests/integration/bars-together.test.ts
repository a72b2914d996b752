import { expect, test } from 'vitest';
import type { BarInput } from '../../src/index.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const DAY = 86_400_000;
const START = Date.UTC(2024, 0, 2);
const SYMBOLS = 7;
const ROUNDS = 25;

/** A generator of its own, so that a failure comes again: it prints its seed. */
function random(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

/** Some bars of several series: behind the last one, over what is there, in holes, before the first, far away. */
function someBars(next: (below: number) => number): BarInput[] {
  const bars = new Map<string, BarInput>();
  for (let series = 0; series < SYMBOLS; series += 1) {
    if (next(4) === 0) continue;
    const timeframe = series % 3 === 0 ? '1h' : '1m';
    const duration = timeframe === '1h' ? 3_600_000 : 60_000;
    const far = next(8) === 0 ? Math.floor((next(3) * 30 * DAY) / duration) : 0;
    const first = next(120) + far;
    for (let count = 1 + next(12), at = first; count > 0; count -= 1, at += 1 + (next(5) === 0 ? next(40) : 0)) {
      const low = 1 + next(50);
      const high = low + next(50);
      const bar = { open: low, high, low, close: high, volume: next(1000), vwap: next(2) === 0 ? null : `${low}.5` };
      const timestamp = new Date(START + at * duration);
      bars.set(`${series} ${at}`, {
        symbol: `S${series}`,
        timeframe,
        timestamp,
        source: next(3) === 0 ? 'x' : null,
        ...bar,
      });
    }
  }
  return [...bars.values()];
}

const TABLES: Readonly<Record<string, string>> = {
  bars: `SELECT symbol, timeframe, timestamp, open, high, low, close, volume, spread, spread_ratio, volume_ratio, vwap, source
    FROM ohlcv_bars ORDER BY 1, 2, 3`,
  series: 'SELECT symbol, timeframe, first_timestamp, last_timestamp, bar_count FROM bar_series ORDER BY 1, 2',
  revisions: `SELECT symbol, timeframe, timestamp, open, high, low, close, volume, vwap, source, reason
    FROM ohlcv_bar_revisions ORDER BY symbol, timeframe, timestamp, known_until`,
  days: 'SELECT symbol, day FROM bar_aggregate_changes ORDER BY 1, 2',
  early: `SELECT count(*) FROM ohlcv_bars bar JOIN bar_series USING (symbol, timeframe) WHERE bar.created_at > bar_series.updated_at`,
};

test('bars of many series in one call leave what a call for each series leaves', async () => {
  const seed = Date.now() % 1_000_000;
  const next = random(seed);
  const [together, apart] = [await openTestStore(), await openTestStore()];
  const [clientTogether, clientApart] = [await openRawClient(together.url), await openRawClient(apart.url)];
  for (let round = 0; round < ROUNDS; round += 1) {
    const bars = someBars(next);
    const counts = await together.store.bars.upsert(bars);
    const sum = { inserted: 0, changed: 0, unchanged: 0 };
    for (const symbol of new Set(bars.map((bar) => bar.symbol))) {
      const own = await apart.store.bars.upsert(bars.filter((bar) => bar.symbol === symbol));
      for (const which of ['inserted', 'changed', 'unchanged'] as const) sum[which] += own[which];
    }
    expect(counts, `seed ${seed}, round ${round}`).toEqual(sum);
  }
  for (const [what, query] of Object.entries(TABLES)) {
    const { rows } = await clientTogether.query(query);
    expect(rows.length, what).toBeGreaterThan(0);
    expect(rows, `seed ${seed}: ${what}`).toEqual((await clientApart.query(query)).rows);
  }
});
