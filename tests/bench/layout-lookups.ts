import { compressChunks } from '../../src/database/layouts/compress.js';
import { type BenchDatabase, medianTime } from './bench-database.js';
import type { BenchLayouts } from './layout-databases.js';
import { p50s } from './p50s.js';
import { FROM, rawLatest, rawYear, TO, YEAR, yearOf } from './reads.js';
import { type Comparison, type Figure, type Target, time } from './report.js';

const SYMBOLS = ['BENCH', ...Array.from({ length: 9 }, (_, index) => `SYM${index}`)];
const ROUNDS = 200;
const RECENT = 50;
/** The slowest peer takes a second each. */
const FEW_ROUNDS = 3;
const KEY = { symbol: 'BENCH', timeframe: '1d' } as const;

/** The usual lookups in both layouts: with a year stored, with ten, and with everything compressed. */
export async function compareLayoutLookups({ plain, timescale }: BenchLayouts): Promise<Comparison[]> {
  for (const bench of [plain, timescale]) {
    await bench.empty();
    for (const symbol of SYMBOLS) await bench.store.bars.upsert(yearOf(symbol, FROM));
    await bench.client.query('VACUUM ANALYZE ohlcv_bars');
  }
  const year = await measureYear({ plain, timescale });
  for (const bench of [plain, timescale]) {
    const years = Array.from({ length: 9 }, (_, index) => new Date(Date.UTC(2015 + index, 0, 1)));
    for (const symbol of SYMBOLS) await bench.store.bars.upsert(years.flatMap((from) => yearOf(symbol, from)));
    await bench.client.query('VACUUM ANALYZE ohlcv_bars');
  }
  const chunks = await chunkCount(timescale);
  const ten = await measureYear({ plain, timescale });
  const latest = await measureLatest({ plain, timescale });
  const latestOfPeers = await measureLatestOfPeers({ plain, timescale });
  await compressChunks(timescale.database, 'compress');
  await timescale.client.query('VACUUM ANALYZE ohlcv_bars');
  const compressedYear = await measureYear({ plain, timescale });
  const compressedLatest = await measureLatest({ plain, timescale });
  const stored = `ten years of ${SYMBOLS.length} symbols stored, in ${chunks.toLocaleString('en-US')} daily chunks`;
  return [
    yearComparison(
      'One-year lookup in daily chunks, one year stored',
      `a year of ${SYMBOLS.length} symbols stored`,
      year,
      6,
    ),
    yearComparison('One-year lookup in daily chunks, ten years stored', stored, ten, 25),
    latestComparison('The latest 50 bars, ten years stored', stored, latest, latestOfPeers),
    yearComparison('One-year lookup, everything compressed', `${stored} that are all compressed`, compressedYear, 25),
    latestComparison(
      'The latest 50 bars, everything compressed',
      `${stored} that are all compressed`,
      compressedLatest,
    ),
  ];
}

type Both = Pick<BenchLayouts, 'plain' | 'timescale'>;
type Stores = Record<'plain' | 'store', number>;
type Peers = Stores & Record<'raw' | 'findMany', number>;

async function measureYear({ plain, timescale }: Both): Promise<Peers> {
  const prisma = await timescale.database.prisma();
  const range = (bench: BenchDatabase) => () => bench.store.bars.range({ ...KEY, from: FROM, to: TO });
  return p50s(
    {
      raw: () => rawYear(timescale),
      findMany: () =>
        prisma.ohlcvBar.findMany({
          where: { ...KEY, timestamp: { gte: FROM, lt: TO } },
          orderBy: { timestamp: 'asc' },
        }),
      plain: range(plain),
      store: range(timescale),
    },
    YEAR,
    ROUNDS,
  );
}

async function measureLatest({ plain, timescale }: Both): Promise<Stores> {
  const latest = (bench: BenchDatabase) => () => bench.store.bars.latest({ ...KEY, limit: RECENT });
  return p50s({ plain: latest(plain), store: latest(timescale) }, RECENT, ROUNDS);
}

/** They plan every chunk there is: a second each time, and ten where all are compressed, which is not measured. */
async function measureLatestOfPeers({ timescale }: Both): Promise<Pick<Peers, 'raw' | 'findMany'>> {
  const prisma = await timescale.database.prisma();
  return {
    raw: await medianTime(FEW_ROUNDS, () => rawLatest(timescale, RECENT)),
    findMany: await medianTime(FEW_ROUNDS, () =>
      prisma.ohlcvBar.findMany({ where: KEY, orderBy: { timestamp: 'desc' }, take: RECENT }),
    ),
  };
}

function figures({ plain, store, ...peers }: Stores & Partial<Peers>): Figure[] {
  const measured = [
    ['raw pg, unprepared, Decimals, on TimescaleDB', peers.raw],
    ['Prisma findMany, on TimescaleDB', peers.findMany],
    ['this store, plain layout', plain],
  ] as const;
  const figure = ([who, peer]: readonly [string, number | undefined]): Figure[] => {
    if (peer === undefined) return [];
    const ratio = store / peer;
    return [{ who, figure: time(peer), ratio: `${ratio.toFixed(ratio < 0.1 ? 3 : 2)} x its time` }];
  };
  return [...measured.flatMap(figure), { who: 'this store, timescale layout', figure: time(store), ratio: '' }];
}

function yearComparison(title: string, stored: string, peers: Peers, limit: number): Comparison {
  return {
    title,
    what: `${YEAR} daily bars as Decimals, ${stored}; p50 of ${ROUNDS} turns.`,
    figures: figures(peers),
    targets: [p50Target(peers, limit)],
  };
}

function latestComparison(
  title: string,
  stored: string,
  stores: Stores,
  peers?: Pick<Peers, 'raw' | 'findMany'>,
): Comparison {
  const asked = peers ? ` The peers ask without a time bound, ${FEW_ROUNDS} times.` : '';
  return {
    title,
    what: `${stored[0]!.toUpperCase()}${stored.slice(1)}; p50 of ${ROUNDS} turns.${asked}`,
    figures: figures({ ...stores, ...peers }),
    targets: [p50Target(stores, 10)],
  };
}

function p50Target({ store }: Stores, limit: number): Target {
  return { text: `p50 <= ${limit} ms (${store.toFixed(1)})`, met: store <= limit };
}

async function chunkCount({ client }: BenchDatabase): Promise<number> {
  const { rows } = await client.query("SELECT count(*)::int AS count FROM show_chunks('ohlcv_bars')");
  return rows[0].count;
}
