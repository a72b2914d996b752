import { TIMEFRAMES, type Timeframe, timeframeDuration } from '../../domain/timeframe.js';
import type { DuckDB } from '../duckdb.js';
import { fileError } from './file-problem.js';

/** How far apart the bars of a file stand: the gaps between neighbouring instants. */
export interface Spacing {
  readonly gaps: number;
  /** In milliseconds; 0 where there are no gaps. */
  readonly median: number;
  /** For each timeframe, how many gaps are as long as its bars, and how many are shorter. */
  readonly exact: Readonly<Record<Timeframe, number>>;
  readonly shorter: Readonly<Record<Timeframe, number>>;
  /** How many gaps are as long as the median, where that is the length of bars which are none of ours. */
  readonly elsewhere: number;
}

const FEWEST_GAPS = 2;
/** From so many gaps on it is no accident that no two bars stand one bar apart. */
const MANY_GAPS = 20;
/** Bars that others have: half an hour, two and four hours, a week. */
const ELSEWHERE = [1_800_000, 7_200_000, 14_400_000, 604_800_000];
/** So many of them in a row are no accident of a thinly traded market. */
const REGULAR_GAPS = 3;
/** The shortest. Days of one month that are read as months stand as far apart as these. */
const MONTH = 28 * 86_400_000;

/**
 * The spacing of each series, by its position; series without a gap are left out. `instants` is SQL for a table with the columns `series`
 * and `moment`, in milliseconds.
 */
export async function measureSpacing(db: DuckDB, instants: string): Promise<Map<number, Spacing>> {
  const counts = TIMEFRAMES.map((timeframe) => {
    const duration = timeframeDuration(timeframe);
    return `coalesce(sum(count) FILTER (gap = ${duration}), 0)::DOUBLE AS "${timeframe}",
      coalesce(sum(count) FILTER (gap < ${duration}), 0)::DOUBLE AS "below ${timeframe}"`;
  });
  const elsewhere = ELSEWHERE.map(
    (length) => `coalesce(sum(count) FILTER (gap = ${length}), 0)::DOUBLE AS "${length}"`,
  );
  // The gaps are counted before their median is taken: quantile_disc() would keep each of them in memory.
  await db.run(
    `CREATE OR REPLACE TABLE instant AS SELECT series, moment FROM ${instants} WHERE moment IS NOT NULL ORDER BY series, moment`,
  );
  const rows = await db.rows<
    Record<Timeframe | `below ${Timeframe}` | 'series' | 'gaps' | 'median' | `${number}`, number>
  >(`
    WITH gaps AS (SELECT series, CASE WHEN series = lag(series) OVER () THEN moment - lag(moment) OVER () END AS gap FROM instant),
      counted AS (SELECT series, gap, count(*) AS count FROM gaps WHERE gap > 0 GROUP BY series, gap),
      summed AS (SELECT series, gap, count, sum(count) OVER (PARTITION BY series ORDER BY gap) AS up_to,
        sum(count) OVER (PARTITION BY series) AS total FROM counted)
    SELECT series::DOUBLE AS series, sum(count)::DOUBLE AS gaps, (min(gap) FILTER (2 * up_to >= total))::DOUBLE AS median,
      ${[...counts, ...elsewhere].join(', ')} FROM summed GROUP BY series`);
  await db.run('DROP TABLE instant');
  const each = (count: (timeframe: Timeframe) => number) =>
    Object.fromEntries(TIMEFRAMES.map((timeframe) => [timeframe, count(timeframe)])) as Record<Timeframe, number>;
  return new Map(
    rows.map((row) => [
      row.series,
      {
        gaps: row.gaps,
        median: row.median,
        exact: each((timeframe) => row[timeframe]),
        shorter: each((timeframe) => row[`below ${timeframe}`]),
        elsewhere: (ELSEWHERE.includes(row.median) && row[`${row.median}`]) || 0,
      },
    ]),
  );
}

const MONTHLY_HINT =
  'are they bars of a month, or written with the day before the month (then --map with "dates": "day-first")?';

/** For bars whose timeframe nothing tells, not even how far apart they stand. `name` is what the file could be called. */
export function untoldHint(spacing: Spacing | undefined, name: string): string {
  const hint = `pass --timeframe, or name the file like ${name}`;
  if (!spacing) return hint;
  const apart = `these bars stand ${describeDuration(spacing.median)} apart (median)`;
  return spacing.median >= MONTH ? `${apart}: ${MONTHLY_HINT}` : `${hint}; ${apart}`;
}

/** The timeframe whose bars stand as far apart as these, if there is one. */
export function timeframeOf(spacing: Spacing | undefined): Timeframe | undefined {
  if (!spacing || spacing.gaps < FEWEST_GAPS) return undefined;
  return TIMEFRAMES.find((timeframe) => timeframeDuration(timeframe) === spacing.median);
}

/**
 * Rejects a file whose bars stand unlike those of its timeframe: most gaps are shorter than a bar; or the median is longer, which a thinly
 * traded market has too, but fewer than one gap in a hundred is one bar long, and the median is another timeframe's or a month, or the gaps are many,
 * or at least half of them are as long as bars of half an hour, two or four hours, or a week: a week's bar as that of a day would be known days before its close.
 * `symbol` tells which of several series it is.
 * @throws InvalidInputError `TIMEFRAME_MISMATCH`
 */
export function checkSpacing(spacing: Spacing | undefined, timeframe: Timeframe, symbol?: string): void {
  if (!spacing) return;
  const { gaps, median, exact, shorter, elsewhere } = spacing;
  const duration = timeframeDuration(timeframe);
  if (gaps < FEWEST_GAPS || median === duration) return;
  const likely = timeframeOf(spacing);
  const tooNear = shorter[timeframe] > gaps / 2;
  const monthly = timeframe === '1d' && median >= MONTH;
  const regular = elsewhere >= REGULAR_GAPS && elsewhere >= gaps / 2;
  const tooFar = exact[timeframe] < gaps / 100 && (likely !== undefined || gaps >= MANY_GAPS || monthly || regular);
  if (!tooNear && !(median > duration && tooFar)) return;
  const of = symbol === undefined ? '' : ` of ${symbol}`;
  const rule = `bars of ${timeframe} stand ${describeDuration(duration)} apart; these${of} stand ${describeDuration(median)} apart (median)`;
  const hint = likely
    ? `it looks like ${likely}: import it with --timeframe ${likely}`
    : monthly
      ? MONTHLY_HINT
      : `they are not bars of ${timeframe}`;
  throw fileError({ code: 'TIMEFRAME_MISMATCH', path: 'timeframe', value: timeframe, rule, hint });
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

export function describeDuration(milliseconds: number): string {
  for (const [unit, length] of UNITS) {
    if (milliseconds % length !== 0 || milliseconds < length) continue;
    const count = milliseconds / length;
    return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return `${milliseconds} milliseconds`;
}
