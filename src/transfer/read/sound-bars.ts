import type { SeriesKey } from '../../domain/series.js';
import { EARLIEST_INSTANT, LATEST_INSTANT } from '../../domain/time.js';
import { timeframeGrid } from '../../domain/timeframe.js';
import type { DuckDB } from '../duckdb.js';
import type { LocalClock } from './local-clock.js';

const DAY = 86_400_000;

/** How a file's rows become bars. */
export interface Reading extends SeriesKey {
  /** Of times that carry no offset; UTC where there is none. A 1d bar keeps its calendar date whatever the zone. */
  readonly clock: LocalClock | undefined;
  readonly volumeScale: number;
}

/**
 * Makes the view `bar` (line, moment, open, high, low, close, volume x 10^volumeScale, vwap) of the loaded rows that obey
 * every rule for certain, and the table `doubtful` of the lines of all others. The bars of `judged`, at first none, belong to the view too.
 */
export async function selectSoundBars(db: DuckDB, reading: Reading): Promise<void> {
  const { timeframe, clock, volumeScale } = reading;
  const converted = clock !== undefined && timeframe !== '1d';
  if (converted) await tabulateOffsets(db, clock);
  const moment =
    timeframe === '1d' ? 'written' : converted ? 'CASE WHEN zoned THEN utc ELSE written - ahead END' : 'utc';
  const unit = 10 ** volumeScale;
  const fractionUnit = 10 ** (8 - volumeScale);
  await db.run(`
    CREATE VIEW timed AS SELECT *, ${moment} AS moment FROM loaded
      ${converted ? `LEFT JOIN local_day ON local_day.day = ${localDay}` : ''};
    CREATE VIEW tested AS SELECT *, (
      moment BETWEEN ${EARLIEST_INSTANT} AND ${LATEST_INSTANT} AND moment % ${timeframeGrid(timeframe)} = 0
      AND low > 0 AND low <= open AND low <= close AND open <= high AND close <= high AND (vwap IS NULL OR vwap > 0)
      AND units < ${10n ** BigInt(18 - volumeScale)} AND fraction % ${fractionUnit} = 0) IS TRUE AS sound
    FROM timed;
    CREATE TABLE doubtful AS SELECT line FROM tested WHERE NOT sound;
    CREATE TABLE judged (line BIGINT, moment BIGINT, open DECIMAL(18,8), high DECIMAL(18,8), low DECIMAL(18,8),
      close DECIMAL(18,8), volume BIGINT, vwap DECIMAL(18,8));
    CREATE VIEW bar AS
      SELECT line, moment, open, high, low, close, units * ${unit} + fraction // ${fractionUnit} AS volume, vwap FROM tested WHERE sound
      UNION ALL SELECT * FROM judged`);
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
