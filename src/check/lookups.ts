import { DateTime } from 'luxon';
import { instant } from '../database/instant.js';
import type { Session } from '../database/session.js';
import { compareSeries, type Series } from '../domain/series.js';
import { timeframeDuration } from '../domain/timeframe.js';
import { BarRepository } from '../repositories/bars/bar-repository.js';
import { ACTOR, FAIR, type Lookup, type LookupResult, lookupFailures, measure, RUNS } from './measure.js';
import { withScratchSeries } from './scratch-series.js';

/** How many bars a series must have from `first` to `last`, where that is known from elsewhere than the database. */
export type KnownSeries = Pick<Series, 'symbol' | 'timeframe' | 'first' | 'last' | 'count'>;

export interface LookupCheck {
  readonly passed: boolean;
  readonly runs: number;
  /** What was looked up, e.g. `AAPL 1d`. */
  readonly series: readonly string[];
  readonly lookups: readonly LookupResult[];
  /** Everything that made it fail, as sentences. */
  readonly failures: readonly string[];
}

const DAY = 86_400_000;
/** From the first trading day of a year to its last there may be a few days less. */
const YEAR = 355 * DAY;
const RECENT = 50;
/** Looked up in turn; more would not tell more. */
const MOST_SERIES = 10;

/**
 * Times the lookups that the store promises to answer quickly, through the repository, and counts what they return: a lookup that finds
 * nothing is fast and worthless. Windows end at the series' last bar. The looked-up series are the daily ones with a year of bars.
 *
 * @throws ConflictError SCRATCH_SERIES_TAKEN; DatabaseError
 */
export async function checkLookups(
  session: Session,
  known: readonly KnownSeries[] = [],
  pace = FAIR,
): Promise<LookupCheck> {
  const bars = new BarRepository(session, { actor: ACTOR });
  const daily = await bars.series({ timeframe: '1d' });
  const subjects = daily.filter(({ first, last }) => last.getTime() - first.getTime() >= YEAR).slice(0, MOST_SERIES);
  if (subjects.length === 0) {
    return {
      passed: false,
      runs: RUNS,
      series: [],
      lookups: [],
      failures: ['there is no daily series with a year of bars'],
    };
  }
  const failures = await catalogFailures(session, subjects);
  const lookups = await withScratchSeries(session, subjects[0]!.last, async (bar) => {
    const measured: LookupResult[] = [];
    const write: Lookup = {
      name: 'write one bar',
      limit: 5,
      run: async (scratch, turn) => {
        const { inserted } = await scratch.upsert([bar(turn)]);
        return { series: 'WYCKOFF.CHECK', rows: inserted, expected: 1 };
      },
    };
    for (const lookup of [...(await planLookups(session, subjects, known)), write]) {
      measured.push(await measure(session, lookup, pace));
    }
    return measured;
  });
  for (const lookup of lookups) failures.push(...lookupFailures(lookup));
  const series = subjects.map(({ symbol, timeframe }) => `${symbol} ${timeframe}`);
  return { passed: failures.length === 0, runs: RUNS, series, lookups, failures };
}

/** The four reads, with the number of bars that each must find by a count of our own. */
async function planLookups(
  session: Session,
  subjects: readonly Series[],
  known: readonly KnownSeries[],
): Promise<Lookup[]> {
  const prepared = await Promise.all(
    subjects.map(async (series) => {
      const { symbol, timeframe } = series;
      const to = new Date(series.last.getTime() + timeframeDuration(timeframe));
      const year = DateTime.fromJSDate(to, { zone: 'utc' }).minus({ years: 1 }).toJSDate();
      const month = new Date(to.getTime() - 30 * DAY);
      return {
        ...{ symbol, timeframe, to, year, month },
        name: `${symbol} ${timeframe}`,
        yearRows: knownCount(series, year, known) ?? (await countIn(session, [symbol], year, to)),
        monthRows: await countIn(session, [symbol], month, to),
        recentRows: Math.min(RECENT, series.count),
      };
    }),
  );
  type Prepared = (typeof prepared)[number];
  const inTurn = (turn: number): Prepared => prepared[turn % prepared.length]!;
  const [first] = prepared as [Prepared, ...Prepared[]];
  const { symbols, rows } = await allSymbols(session, first.year, first.to);
  return [
    {
      name: 'one year',
      limit: 50,
      run: async (bars, turn) => {
        const { symbol, timeframe, year: from, to, name: series, yearRows: expected } = inTurn(turn);
        return { series, rows: (await bars.range({ symbol, timeframe, from, to })).length, expected };
      },
    },
    {
      name: `latest ${RECENT}`,
      limit: 10,
      run: async (bars, turn) => {
        const { symbol, timeframe, name: series, recentRows: expected } = inTurn(turn);
        return { series, rows: (await bars.latest({ symbol, timeframe, limit: RECENT })).length, expected };
      },
    },
    {
      name: 'last 30 days',
      limit: 10,
      run: async (bars, turn) => {
        const { symbol, timeframe, month: from, to, name: series, monthRows: expected } = inTurn(turn);
        return { series, rows: (await bars.range({ symbol, timeframe, from, to })).length, expected };
      },
    },
    {
      name: 'count across symbols',
      limit: 50,
      run: async (bars) => ({
        series: `${symbols} symbols, 1d`,
        rows: await bars.count({ timeframe: '1d', from: first.year, to: first.to }),
        expected: rows,
      }),
    },
  ];
}

/** A series of the sample data that still ends where it did: its year is known without asking the database. */
function knownCount(series: Series, from: Date, known: readonly KnownSeries[]): number | undefined {
  const same = known.find((other) => compareSeries(other, series) === 0);
  return same && same.last.getTime() === series.last.getTime() && same.first >= from ? same.count : undefined;
}

async function countIn(session: Session, symbols: readonly string[], from: Date, to: Date): Promise<number> {
  return session.withClient(async (client) => {
    const { rows } = await client.query<{ count: string }>(
      `SELECT count(*) FROM ohlcv_bars WHERE symbol = ANY ($1) AND timeframe = '1d' AND timestamp >= $2 AND timestamp < $3`,
      [symbols, instant(from), instant(to)],
    );
    return Number(rows[0]!.count);
  });
}

async function allSymbols(session: Session, from: Date, to: Date): Promise<{ symbols: number; rows: number }> {
  return session.withClient(async (client) => {
    const { rows } = await client.query<{ symbols: string; rows: string }>(
      `SELECT count(DISTINCT symbol) AS symbols, count(*) AS rows FROM ohlcv_bars
       WHERE timeframe = '1d' AND timestamp >= $1 AND timestamp < $2`,
      [instant(from), instant(to)],
    );
    return { symbols: Number(rows[0]!.symbols), rows: Number(rows[0]!.rows) };
  });
}

/** The catalog answers what a scan would: it must say the same. */
async function catalogFailures(session: Session, subjects: readonly Series[]): Promise<string[]> {
  const failures: string[] = [];
  for (const { symbol, timeframe, first, last, count } of subjects) {
    const counted = await countIn(session, [symbol], first, new Date(last.getTime() + 1));
    if (counted === count) continue;
    failures.push(`${symbol} ${timeframe}: the catalog says ${count} bars, the table has ${counted}`);
  }
  return failures;
}
