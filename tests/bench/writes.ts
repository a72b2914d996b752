import { join } from 'node:path';
import type { BarInput } from '../../src/domain/bar.js';
import { makeBars } from './bench-bars.js';
import { type BenchDatabase, medianTime } from './bench-database.js';
import { type Comparison, rate } from './report.js';

const ROWS = 100_000;
const KEY = { symbol: 'BENCH', timeframe: '1m' } as const;

/** 100,000 bars by each way in; the table and the catalog are emptied before each round. */
export async function compareWrites(bench: BenchDatabase): Promise<Comparison> {
  const { bars } = bench.store;
  const rows = makeBars(ROWS, KEY.symbol);
  const everySecond = rows.filter((_, index) => index % 2 === 0);
  await bars.upsert(rows);
  const csv = join(bench.directory, 'bars.csv');
  await bench.psql(`\\copy ohlcv_bars to '${csv}' csv`);

  const copy = await medianTime(
    5,
    () => bench.psql(`\\copy ohlcv_bars from '${csv}' csv`),
    () => bench.empty(),
  );
  const appended = await medianTime(
    5,
    () => bars.upsert(rows),
    () => bench.empty(),
  );
  const overlapping = await medianTime(
    5,
    () => bars.upsert(rows),
    async () => {
      await bench.empty();
      await bars.upsert(everySecond);
    },
  );
  const again = await medianTime(5, async () => {
    const { changed, inserted } = await bars.upsert(rows);
    if (changed + inserted !== 0) throw new Error('the same bars again must change nothing');
  });
  const revisions = (await bars.revisions(KEY)).length;
  const unnest = await medianTime(
    3,
    () => insertByUnnest(bench, rows),
    () => bench.empty(),
  );
  const createMany = await medianTime(
    1,
    () => insertByPrisma(bench, rows),
    () => bench.empty(),
  );

  const against = (peer: number) => `${(peer / appended).toFixed(2)} x`;
  return {
    title: `Writing ${ROWS.toLocaleString('en-US')} new bars`,
    what:
      'One series of 1m bars into an empty table with all its constraints and its index. The peers get rows whose spread and ratios were computed ' +
      'before the clock started; the store validates its Decimals, derives spread and ratios, keeps the catalog and looks for bars that are there. ' +
      'Overlapping: every second bar is there already. Median of 5 rounds (createMany 1).',
    figures: [
      { who: 'psql \\copy (CSV)', figure: rate(ROWS, copy), ratio: against(copy) },
      { who: 'raw pg, INSERT ... unnest, 10,000 a statement', figure: rate(ROWS, unnest), ratio: against(unnest) },
      { who: 'Prisma createMany', figure: rate(ROWS, createMany), ratio: against(createMany) },
      { who: 'this store, upsert, appending', figure: rate(ROWS, appended), ratio: '' },
      { who: 'this store, upsert, overlapping', figure: rate(ROWS, overlapping), ratio: '' },
      { who: 'this store, upsert of the same bars again', figure: rate(ROWS, again), ratio: '' },
    ],
    targets: [
      { text: `appending >= 0.5 of psql \\copy (${(copy / appended).toFixed(2)})`, met: copy / appended >= 0.5 },
      {
        text: `overlapping >= 0.35 of psql \\copy (${(copy / overlapping).toFixed(2)})`,
        met: copy / overlapping >= 0.35,
      },
      {
        text: `appending >= 20 x createMany (${(createMany / appended).toFixed(1)})`,
        met: createMany / appended >= 20,
      },
      { text: `the same bars again: 0 changed, ${revisions} revisions`, met: revisions === 0 },
      {
        text: `beyond: appending >= 0.8 of psql \\copy (${(copy / appended).toFixed(2)})`,
        met: copy / appended >= 0.8,
      },
    ],
  };
}

/** A plausible row for the peers: what the constraints ask for, ready to send. */
function prepared(bar: BarInput) {
  const [open, high, low, close, volume] = [bar.open, bar.high, bar.low, bar.close, bar.volume].map(String) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const spread = (Number(high) - Number(low)).toFixed(2);
  return { timestamp: bar.timestamp as Date, open, high, low, close, volume, spread };
}

async function insertByUnnest(bench: BenchDatabase, bars: readonly BarInput[]): Promise<void> {
  const rows = bars.map(prepared);
  for (let start = 0; start < rows.length; start += 10_000) {
    const part = rows.slice(start, start + 10_000);
    await bench.client.query({
      name: 'bench.unnest',
      text: `INSERT INTO ohlcv_bars (symbol, timeframe, timestamp, open, high, low, close, volume, spread, spread_ratio, volume_ratio)
             SELECT $1, $2, timestamp, open, high, low, close, volume, spread, 1, 1
             FROM unnest($3::timestamptz[], $4::numeric[], $5::numeric[], $6::numeric[], $7::numeric[], $8::bigint[], $9::numeric[])
               AS bar (timestamp, open, high, low, close, volume, spread)
             ON CONFLICT (symbol, timeframe, timestamp) DO UPDATE SET close = excluded.close`,
      values: [
        KEY.symbol,
        KEY.timeframe,
        part.map((row) => row.timestamp),
        part.map((row) => row.open),
        part.map((row) => row.high),
        part.map((row) => row.low),
        part.map((row) => row.close),
        part.map((row) => row.volume),
        part.map((row) => row.spread),
      ],
    });
  }
}

async function insertByPrisma(bench: BenchDatabase, bars: readonly BarInput[]): Promise<void> {
  const prisma = await bench.database.prisma();
  const data = bars
    .map(prepared)
    .map((row) => ({ ...row, ...KEY, volume: BigInt(row.volume), spreadRatio: 1, volumeRatio: 1 }));
  await prisma.ohlcvBar.createMany({ data });
}
