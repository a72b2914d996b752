import type { Problem } from '../../errors.js';
import type { DuckDB } from '../duckdb.js';
import type { BarSource } from './bar-source.js';
import { fileError } from './file-problem.js';

/** Of the times that could not be read: the first ones show why. */
const LOOKED_AT = 1_000;

/**
 * Where the spacing tells no timeframe: the times themselves may be the reason, and then a timeframe is not what the file lacks. Refuses a file
 * none of whose times can be read, and one with a date that proves that the day stands before the month.
 * @throws InvalidInputError INSTANT_INVALID, INSTANT_TOO_FINE, DATE_DAY_FIRST, or what else is wrong with the first row
 */
export async function checkTimes(db: DuckDB, source: BarSource): Promise<void> {
  const { read } = await db.row<{ read: number }>('SELECT count(written)::DOUBLE AS read FROM loaded');
  await db.run(
    `CREATE TABLE timeless AS SELECT line FROM loaded WHERE written IS NULL ORDER BY line LIMIT ${LOOKED_AT}`,
  );
  let first: Problem | undefined;
  let dayFirst: Problem | undefined;
  for await (const { line, problems } of source.written(db, 'timeless')) {
    const [problem] = problems;
    if (problem) first ??= { ...problem, line };
    const proof = problems.find(({ code }) => code === 'DATE_DAY_FIRST');
    if (proof) dayFirst ??= { ...proof, line };
  }
  await db.run('DROP TABLE timeless');
  if (dayFirst) throw fileError(dayFirst);
  if (read === 0 && first) throw fileError(first);
}
