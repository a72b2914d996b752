import { LONGEST_SOURCE } from '../../domain/bar.js';
import type { SeriesKey } from '../../domain/series.js';
import { EARLIEST_INSTANT, LATEST_INSTANT } from '../../domain/time.js';
import { timeframeGrid } from '../../domain/timeframe.js';
import type { DuckDB } from '../duckdb.js';
import type { BarSource } from './bar-source.js';
import type { LocalClock } from './local-clock.js';
import { FRACTION_DIGITS } from './plain-values.js';
import type { Rounding } from './rounding.js';

const DAY = 86_400_000;

export interface ReadSeries extends SeriesKey {
  readonly volumeScale: number;
}

/** How a file's rows become bars. */
export interface Reading {
  /** By position: the `series` of a row. */
  readonly series: readonly ReadSeries[];
  /** Of times that carry no offset; UTC where there is none. A 1d bar keeps its calendar date whatever the zone. */
  readonly clock: LocalClock | undefined;
  readonly rounding: Rounding;
  readonly source: BarSource;
}

/**
 * Makes the view `bar` (line, series, moment, open, high, low, close, volume x 10^volumeScale, vwap, rounded prices and volumes, and the
 * source where there is one) of the rows that obey every rule for certain, and the table `doubtful` of the lines of all others. The bars
 * of `judged`, at first none, belong to the view too. Answers whether the view gives the rows in the order of the file: one that joins need not.
 */
export async function selectSoundBars(db: DuckDB, reading: Reading): Promise<boolean> {
  const { clock, rounding, series, source } = reading;
  const converted = clock !== undefined && series.some(({ timeframe }) => timeframe !== '1d');
  if (converted) await tabulateOffsets(db, clock);
  const rules = await joinRules(db, series);
  const utc = converted ? 'CASE WHEN zoned THEN utc ELSE written - ahead END' : 'utc';
  const volumeFits = rounding.volume === 'round' ? '' : 'AND fraction % fraction_unit = 0';
  const half = rounding.volume === 'round' ? '(fraction + fraction_unit // 2)' : 'fraction';
  const optional = source.columns.has('source') ? ', source' : '';
  const sourceFits =
    optional &&
    `AND (source IS NULL OR length(source) BETWEEN 1 AND ${LONGEST_SOURCE} AND NOT contains(source, chr(0)))`;
  await db.run(`
    CREATE VIEW timed AS SELECT *, CASE WHEN daily THEN written ELSE ${utc} END AS moment FROM ${rules}
      ${converted ? `LEFT JOIN local_day ON local_day.day = ${localDay}` : ''};
    CREATE VIEW tested AS SELECT *, (
      series IS NOT NULL AND moment BETWEEN ${EARLIEST_INSTANT} AND ${LATEST_INSTANT} AND moment % grid = 0
      AND low > 0 AND low <= open AND low <= close AND open <= high AND close <= high AND (vwap IS NULL OR vwap > 0)
      AND units >= 0 AND units < most_units ${volumeFits} ${sourceFits}) IS TRUE AS sound
    FROM timed;
    CREATE TABLE doubtful AS SELECT line FROM tested WHERE NOT sound;
    CREATE TABLE judged (line BIGINT, series BIGINT, moment BIGINT, open DECIMAL(18,8), high DECIMAL(18,8), low DECIMAL(18,8),
      close DECIMAL(18,8), volume BIGINT, vwap DECIMAL(18,8), rounded BIGINT, volume_rounded BIGINT ${optional && ', source VARCHAR'});
    CREATE VIEW bar AS
      SELECT line, series, moment, open, high, low, close, units * unit + ${half} // fraction_unit AS volume, vwap,
        ${rounding.round ? 'rounded' : '0 AS rounded'}, CAST(fraction % fraction_unit <> 0 AS BIGINT) AS volume_rounded ${optional}
      FROM tested WHERE sound
      UNION ALL SELECT * REPLACE (CAST(series AS INTEGER) AS series) FROM judged`);
  return !converted && series.length === 1 && !source.columns.has('symbol') && !source.columns.has('timeframe');
}

/** SQL for `placed` and the rules of each row's series. */
async function joinRules(db: DuckDB, series: readonly ReadSeries[]): Promise<string> {
  const rules = series.map(({ timeframe, volumeScale }) => ({
    grid: timeframeGrid(timeframe),
    daily: timeframe === '1d',
    unit: 10n ** BigInt(volumeScale),
    fraction_unit: 10n ** BigInt(FRACTION_DIGITS - volumeScale),
    most_units: 10n ** BigInt(18 - volumeScale),
  }));
  const [only] = rules;
  if (only && rules.length === 1) {
    const constants = Object.entries(only).map(([name, value]) => `${value} AS ${name}`);
    return `(SELECT *, ${constants.join(', ')} FROM placed)`;
  }
  await db.run(
    'CREATE TABLE rule (series INTEGER, grid BIGINT, daily BOOLEAN, unit BIGINT, fraction_unit BIGINT, most_units BIGINT)',
  );
  const rows = rules.map((rule, index) => `(${index}, ${Object.values(rule).join(', ')})`);
  for (let start = 0; start < rows.length; start += 1_000) {
    await db.run(`INSERT INTO rule VALUES ${rows.slice(start, start + 1_000).join(', ')}`);
  }
  return '(SELECT placed.*, rule.* EXCLUDE (series) FROM placed LEFT JOIN rule USING (series))';
}

/** floor, since `//` cuts towards zero. */
const localDay = `CAST(floor(written / ${DAY}) AS BIGINT)`;

/** Makes `local_day`: how far ahead of UTC the clock was on each day of the file; NULL where it was set near that day. */
async function tabulateOffsets(db: DuckDB, clock: LocalClock): Promise<void> {
  const days = await db.rows<{ day: bigint }>(
    `SELECT DISTINCT ${localDay} AS day FROM loaded WHERE NOT zoned AND written IS NOT NULL`,
  );
  await db.run('CREATE TABLE local_day (day BIGINT, ahead BIGINT)');
  await db.append('local_day', (push) => {
    for (const { day } of days) {
      const ahead = clock.offsetOfDay(Number(day) * DAY);
      push([day, ahead === undefined ? null : BigInt(ahead)]);
    }
  });
}
