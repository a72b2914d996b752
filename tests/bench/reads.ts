import { Decimal } from '../../src/domain/decimal.js';
import { makeBars } from './bench-bars.js';
import { type BenchDatabase, medianTime } from './bench-database.js';
import { p50s, ROUNDS } from './p50s.js';
import { type Comparison, rate, time } from './report.js';

const DAY = 86_400_000;
/** Trading days. */
export const YEAR = 252;
export const FROM = new Date('2024-01-01T00:00:00Z');
export const TO = new Date('2025-01-01T00:00:00Z');

/** The trading days of one year as the lookups know them: 252 of them, five a week. */
export function yearOf(symbol: string, from: Date) {
  const days = makeBars(YEAR + 110, symbol, '1d', from.getTime(), DAY);
  return days.filter((bar) => ![0, 6].includes((bar.timestamp as Date).getUTCDay())).slice(0, YEAR);
}

export async function compareYearLookup(bench: BenchDatabase): Promise<Comparison> {
  await bench.empty();
  await bench.store.bars.upsert(yearOf('BENCH', FROM));
  await bench.client.query('ANALYZE');
  const prisma = await bench.database.prisma();
  const p50 = await p50s(
    {
      pg: () => rawYear(bench, 'bench.year'),
      findMany: () =>
        prisma.ohlcvBar.findMany({
          where: { symbol: 'BENCH', timeframe: '1d', timestamp: { gte: FROM, lt: TO } },
          orderBy: { timestamp: 'asc' },
        }),
      store: () => bench.store.bars.range({ symbol: 'BENCH', timeframe: '1d', from: FROM, to: TO }),
    },
    YEAR,
  );
  const [raw, findMany, store] = [p50.pg!, p50.findMany!, p50.store!];
  return {
    title: 'One-year lookup as Decimal bars',
    what: `252 daily bars, p50 of ${ROUNDS} turns on the same pool. Raw pg: a named statement, the same columns made Decimals of the same class.`,
    figures: [
      { who: 'raw pg, named statement, Decimals', figure: time(raw), ratio: `${(store / raw).toFixed(2)} x its time` },
      { who: 'Prisma findMany', figure: time(findMany), ratio: `${(store / findMany).toFixed(2)} x its time` },
      { who: 'this store, range', figure: time(store), ratio: '' },
    ],
    targets: [
      { text: `<= 1.2 x raw pg (${(store / raw).toFixed(2)})`, met: store / raw <= 1.2 },
      { text: `<= 0.7 x findMany (${(store / findMany).toFixed(2)})`, met: store / findMany <= 0.7 },
    ],
  };
}

const RAW_COLUMNS =
  'timestamp, open, high, low, close, volume, spread, spread_ratio, volume_ratio, vwap, source, created_at';

/** Prepared where it has a name. */
export async function rawYear(bench: BenchDatabase, name?: string): Promise<unknown[]> {
  const { rows } = await bench.database.pool.pg.query({
    ...(name === undefined ? {} : { name }),
    text: `SELECT ${RAW_COLUMNS} FROM ohlcv_bars
           WHERE symbol = $1 AND timeframe = $2 AND timestamp >= $3 AND timestamp < $4 ORDER BY timestamp`,
    values: ['BENCH', '1d', FROM, TO],
  });
  return rows.map(withDecimals);
}

export async function rawLatest(bench: BenchDatabase, limit: number): Promise<unknown[]> {
  const { rows } = await bench.client.query({
    text: `SELECT ${RAW_COLUMNS} FROM ohlcv_bars WHERE symbol = $1 AND timeframe = $2 ORDER BY timestamp DESC LIMIT $3`,
    values: ['BENCH', '1d', limit],
  });
  return rows.map(withDecimals);
}

function withDecimals(row: Record<string, unknown>): unknown {
  const decimal = (column: string) => new Decimal(row[column] as string);
  return {
    ...row,
    open: decimal('open'),
    high: decimal('high'),
    low: decimal('low'),
    close: decimal('close'),
    volume: decimal('volume'),
    spread: decimal('spread'),
    spread_ratio: decimal('spread_ratio'),
    volume_ratio: decimal('volume_ratio'),
    vwap: row.vwap === null ? null : decimal('vwap'),
  };
}

export async function compareColumns(bench: BenchDatabase): Promise<Comparison> {
  const rows = 100_000;
  await bench.empty();
  await bench.store.bars.upsert(makeBars(rows, 'BENCH'));
  await bench.client.query('ANALYZE');
  const prisma = await bench.database.prisma();
  const [from, to] = [new Date('2020-01-01T00:00:00Z'), new Date('2021-01-01T00:00:00Z')];
  const psql = await medianTime(9, () =>
    bench.psql(
      `copy (SELECT timestamp, open, high, low, close, volume, spread_ratio, volume_ratio, vwap FROM ohlcv_bars
             WHERE symbol = 'BENCH' AND timeframe = '1m' AND timestamp >= '2020-01-01' AND timestamp < '2021-01-01'
             ORDER BY timestamp) to stdout (format binary)`,
    ),
  );
  const columns = await medianTime(9, () => bench.store.bars.columns({ symbol: 'BENCH', timeframe: '1m', from, to }));
  const findMany = await medianTime(3, () =>
    prisma.ohlcvBar.findMany({
      where: { symbol: 'BENCH', timeframe: '1m', timestamp: { gte: from, lt: to } },
      orderBy: { timestamp: 'asc' },
    }),
  );
  return {
    title: `Columns of ${rows.toLocaleString('en-US')} bars`,
    what: 'timestamp, prices, volume, ratios and VWAP of one series, in time order. psql throws away what it gets (its start, about 10 ms, is in its time).',
    figures: [
      {
        who: 'psql, COPY (...) TO STDOUT (FORMAT binary)',
        figure: rate(rows, psql),
        ratio: `${(psql / columns).toFixed(2)} x`,
      },
      { who: 'Prisma findMany', figure: rate(rows, findMany), ratio: `${(findMany / columns).toFixed(1)} x` },
      { who: 'this store, columns', figure: rate(rows, columns), ratio: '' },
    ],
    targets: [
      { text: `>= 0.8 of psql (${(psql / columns).toFixed(2)})`, met: psql / columns >= 0.8 },
      { text: `>= 8 x findMany (${(findMany / columns).toFixed(1)})`, met: findMany / columns >= 8 },
    ],
  };
}

/** The lookup must not care how much else is stored. */
export async function compareStoredAmount(bench: BenchDatabase): Promise<Comparison> {
  const symbols = Array.from({ length: 100 }, (_, index) => `SYM${index}`);
  const lookup = async () => {
    await bench.client.query('VACUUM ANALYZE ohlcv_bars');
    let turn = 0;
    const run = () => bench.store.bars.range({ symbol: symbols[turn++ % 100]!, timeframe: '1d', from: FROM, to: TO });
    return (await p50s({ lookup: run }, YEAR)).lookup!;
  };
  await bench.empty();
  for (const symbol of symbols) await bench.store.bars.upsert(yearOf(symbol, FROM));
  const oneYear = await lookup();
  for (const symbol of symbols) {
    const years = Array.from({ length: 9 }, (_, index) => yearOf(symbol, new Date(Date.UTC(2015 + index, 0, 1))));
    await bench.store.bars.upsert(years.flat());
  }
  const tenYears = await lookup();
  return {
    title: 'One-year lookup with much else stored, plain layout',
    what: 'A year of daily bars of one of 100 symbols, p50, with one year and with ten years of all 100 in the table (252,000 bars).',
    figures: [
      { who: 'one year stored', figure: time(oneYear), ratio: '' },
      { who: 'ten years stored', figure: time(tenYears), ratio: `${(tenYears / oneYear).toFixed(2)} x` },
    ],
    targets: [{ text: `<= 1.5 x (${(tenYears / oneYear).toFixed(2)})`, met: tenYears / oneYear <= 1.5 }],
  };
}
