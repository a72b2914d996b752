import { formatInstant } from '../../domain/time.js';
import type { DuckDB } from '../duckdb.js';
import type { BarSource } from './bar-source.js';
import { KEPT_PROBLEMS, type Rejections } from './file-problem.js';

const COLUMNS = ['open', 'high', 'low', 'close', 'volume', 'vwap'];
const SHOWN_LINES = 10;

/**
 * Makes the table `sorted`, the bars of `bar` by series and in ascending order, with each instant of a series once: of bars with the same
 * instant and values the first is kept, of bars with the same instant and different values none, since nobody can say which is right; these
 * are rejected. Answers how many were collapsed. A sort goes to disk where memory ends; an aggregate or a join over all bars fails there, so
 * neighbours are compared.
 *
 * Where one series stands in that order already, as in most files, `sorted` is a view: sorting is a quarter of the work of reading a file, and makes
 * a second copy of it. `inOrder`: `bar` gives the rows in the order of the file. Else `loaded` goes, and what is made of it.
 */
export async function sortBars(
  db: DuckDB,
  { columns }: BarSource,
  inOrder: boolean,
  rejections: Rejections,
): Promise<number> {
  const values = columns.has('source') ? [...COLUMNS, 'source'] : COLUMNS;
  const bars = `SELECT line, series, moment, ${values.join(', ')} FROM bar`;
  if (inOrder && (await isAscending(db))) {
    await db.run(`CREATE VIEW sorted AS ${bars}`);
    return 0;
  }
  const differs = values.map((column) => `${column} IS DISTINCT FROM lag(${column}) OVER ()`);
  await db.run(`
    CREATE TABLE sorted AS ${bars} ORDER BY series, moment, line;
    CREATE TABLE repeated AS SELECT line, series, moment, differs FROM (
      SELECT line, series, moment, moment = lag(moment) OVER () AND series = lag(series) OVER () AS again,
        ${differs.join(' OR ')} AS differs FROM sorted) WHERE again;
    DROP TABLE loaded`);
  const { repeats } = await db.row<{ repeats: number }>('SELECT count(*)::DOUBLE AS repeats FROM repeated');
  if (repeats === 0) return 0;
  await db.run(`
    CREATE TABLE conflict AS SELECT line, series, moment FROM sorted SEMI JOIN (FROM repeated WHERE differs) USING (series, moment);
    DELETE FROM sorted WHERE line IN (SELECT line FROM repeated UNION ALL SELECT line FROM conflict)`);
  await rejectConflicts(db, rejections);
  const { collapsed } = await db.row<{ collapsed: number }>(
    'SELECT count(*)::DOUBLE AS collapsed FROM repeated ANTI JOIN conflict USING (line)',
  );
  return collapsed;
}

/** Of bars of one series, each with an instant of its own. */
async function isAscending(db: DuckDB): Promise<boolean> {
  const { ascending } = await db.row<{ ascending: boolean }>(
    'SELECT coalesce(bool_and(later), true) AS ascending FROM (SELECT moment > lag(moment) OVER () AS later FROM bar)',
  );
  return ascending;
}

async function rejectConflicts(db: DuckDB, rejections: Rejections): Promise<void> {
  const { total } = await db.row<{ total: number }>('SELECT count(*)::DOUBLE AS total FROM conflict');
  const rows = await db.rows<{ line: number; moment: number; lines: string }>(`
    SELECT line::DOUBLE AS line, moment::DOUBLE AS moment, (
      SELECT string_agg(line, ', ' ORDER BY line) FROM (
        SELECT line FROM conflict AS other WHERE other.moment = kept.moment AND other.series = kept.series ORDER BY line LIMIT ${SHOWN_LINES})) AS lines
    FROM (FROM conflict ORDER BY line LIMIT ${KEPT_PROBLEMS}) AS kept ORDER BY line`);
  for (const { line, moment, lines } of rows) {
    const rule = `lines ${lines} have different values for this instant`;
    const value = formatInstant(new Date(moment));
    const hint = 'keep the right one of them';
    rejections.reject(line, [{ code: 'DUPLICATE_TIMESTAMP', path: 'timestamp', value, rule, hint }]);
  }
  rejections.count += total - rows.length;
}
