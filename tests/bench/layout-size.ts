import { compressChunks } from '../../src/database/layouts/compress.js';
import { MINUTE, makeBars, START, USUAL } from './bench-bars.js';
import type { BenchDatabase } from './bench-database.js';
import type { BenchLayouts } from './layout-databases.js';
import type { Comparison } from './report.js';

const SYMBOLS = 10;
/** Of a market that never closes. */
const BARS = 91 * 24 * 60;

interface Size {
  readonly before: number;
  readonly after: number;
}

/** What a quarter of 1m bars takes on disk, with the index. */
export async function compareSize({ plain, timescale, weekly }: BenchLayouts): Promise<Comparison> {
  const rows = SYMBOLS * BARS;
  for (const bench of [plain, timescale, weekly]) {
    await bench.empty();
    for (let seed = 1; seed <= SYMBOLS; seed += 1)
      await bench.store.bars.upsert(makeBars(BARS, `SYM${seed}`, '1m', START, MINUTE, seed, USUAL));
    await bench.client.query('VACUUM ANALYZE ohlcv_bars');
  }
  const { rows: sizes } = await plain.client.query("SELECT pg_total_relation_size('ohlcv_bars')::float8 AS size");
  const [daily, week] = [await compressed(timescale), await compressed(weekly)];
  const perBar = (bytes: number) => bytes / rows;
  const saved = ({ before, after }: Size) => (1 - after / before) * 100;
  const bytes = (size: number) => `${perBar(size).toFixed(1)} bytes a bar`;
  const less = (size: number) => `${(size / sizes[0].size).toFixed(2)} x the plain size`;
  return {
    title: `Size of ${rows.toLocaleString('en-US')} bars`,
    what:
      `A quarter of 1m bars of ${SYMBOLS} symbols, day and night: prices that move by up to 8 cents a minute, volumes in lots of 100. With the ` +
      'index; compressed by `wyckoff storage compress`. It depends on the bars: with 390 of them a day it was 48.5 and 27.8 bytes, with wilder prices ' +
      '54.5 and 31.2, since a small chunk has a fixed cost.',
    figures: [
      { who: 'plain layout', figure: bytes(sizes[0].size), ratio: '' },
      { who: 'timescale, 1-day chunks, not compressed', figure: bytes(daily.before), ratio: less(daily.before) },
      { who: 'timescale, 1-day chunks, compressed', figure: bytes(daily.after), ratio: less(daily.after) },
      { who: 'timescale, 7-day chunks, not compressed', figure: bytes(week.before), ratio: less(week.before) },
      { who: 'timescale, 7-day chunks, compressed', figure: bytes(week.after), ratio: less(week.after) },
    ],
    targets: [
      { text: `1-day chunks: >= 80% saved (${saved(daily).toFixed(1)})`, met: saved(daily) >= 80 },
      { text: `1-day chunks: <= 45 bytes a bar (${perBar(daily.after).toFixed(1)})`, met: perBar(daily.after) <= 45 },
      { text: `7-day chunks: >= 88% saved (${saved(week).toFixed(1)})`, met: saved(week) >= 88 },
      { text: `7-day chunks: <= 26 bytes a bar (${perBar(week.after).toFixed(1)})`, met: perBar(week.after) <= 26 },
    ],
  };
}

async function compressed(bench: BenchDatabase): Promise<Size> {
  const reports = await compressChunks(bench.database, 'compress');
  const { bytesBefore, bytesAfter } = reports.find(({ table }) => table === 'ohlcv_bars')!;
  return { before: bytesBefore, after: bytesAfter };
}
