import type { DuckDB } from '../duckdb.js';
import type { BarSource } from './bar-source.js';
import { fileError } from './file-problem.js';
import type { SeriesOfFile } from './file-series.js';

/** Two sessions may lie a month apart; three that all do are the first days of one month, with the day written before it. */
const DATES = 3;

/**
 * Refuses intraday bars whose slashed dates, read as month/day/year, all are the same day of a month: within a day they stand as they should, so
 * that nothing else shows it. Days that are read as months stand too far apart, see `checkSpacing`.
 * @throws InvalidInputError `DATE_DAY_FIRST`
 */
export async function checkDateOrder(db: DuckDB, source: BarSource, { keys }: SeriesOfFile): Promise<void> {
  if (source.told.dates || keys.every(({ timeframe }) => timeframe === '1d')) return;
  const { dates, days, value, line } = await db.row<{ dates: number; days: number; value: string; line: number }>(
    `SELECT count(*)::DOUBLE AS dates, count(DISTINCT day(date))::DOUBLE AS days, CAST(min(date) AS VARCHAR) AS value,
       min(line)::DOUBLE AS line
     FROM (SELECT CAST(make_timestamp(written * 1000) AS DATE) AS date, min(line) AS line FROM loaded WHERE slashed GROUP BY date)`,
  );
  if (dates < DATES || days > 1) return;
  const rule = `read as month/day/year, the ${dates} dates of the file are all the same day of a month`;
  const hint =
    'its days seem to stand before its months: write them as YYYY-MM-DD, or say which with --map, "dates": "day-first" or "month-first"';
  throw fileError({ code: 'DATE_DAY_FIRST', path: 'timestamp', value, rule, hint, line });
}
