import { refreshAggregates } from '../../src/database/layouts/refresh-aggregates.js';
import type { BarInput } from '../../src/domain/bar.js';
import { MINUTE, makeBars, USUAL } from './bench-bars.js';
import type { BenchDatabase } from './bench-database.js';
import type { BenchLayouts } from './layout-databases.js';
import { p50s } from './p50s.js';
import { FROM, TO, YEAR, yearOf } from './reads.js';
import { type Comparison, time } from './report.js';

const ROUNDS = 50;
/** 9:30 to 16:00 in New York, in winter. */
const MINUTES = 390;
const OPEN = 14.5 * 60 * MINUTE;
const HOURS_A_DAY = 7;

/** A year of 1m bars of one symbol as hours. */
export async function compareResample({ plain, timescale }: BenchLayouts): Promise<Comparison> {
  const bars = minutesOfYear();
  for (const bench of [plain, timescale]) {
    await bench.empty();
    await bench.store.bars.upsert(bars);
    await bench.client.query('VACUUM ANALYZE ohlcv_bars');
  }
  await refreshAggregates(timescale.database);
  await timescale.client.query('VACUUM ANALYZE');
  const resample = (bench: BenchDatabase) => () =>
    bench.store.bars.resample({ symbol: 'BENCH', from: '1m', to: '1h', start: FROM, end: TO });
  const { without, store } = await p50s(
    { without: resample(plain), store: resample(timescale) },
    YEAR * HOURS_A_DAY,
    ROUNDS,
  );
  return {
    title: 'A year of 1m bars as hourly bars',
    what:
      `${bars.length.toLocaleString('en-US')} bars of one symbol, ${MINUTES} minutes a day, as ${(YEAR * HOURS_A_DAY).toLocaleString('en-US')} ` +
      `hourly ones with Decimals; p50 of ${ROUNDS} turns. On TimescaleDB they come from the continuous aggregate, which is up to date.`,
    figures: [
      { who: 'this store, plain layout', figure: time(without), ratio: `${(store / without).toFixed(2)} x its time` },
      { who: 'this store, timescale layout', figure: time(store), ratio: '' },
    ],
    targets: [{ text: `p50 <= 20 ms (${store.toFixed(1)})`, met: store <= 20 }],
  };
}

function minutesOfYear(): BarInput[] {
  const days = yearOf('BENCH', FROM).map(({ timestamp }) => Number(timestamp) + OPEN);
  const bars = makeBars(days.length * MINUTES, 'BENCH', '1m', 0, 0, 1, USUAL);
  return bars.map((bar, index) => ({
    ...bar,
    timestamp: new Date(days[Math.floor(index / MINUTES)]! + (index % MINUTES) * MINUTE),
  }));
}
