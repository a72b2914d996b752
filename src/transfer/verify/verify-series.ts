import { checkBarSeriesOf } from '../../database/doctor/bar-catalog.js';
import { instant } from '../../database/instant.js';
import type { Client, Session } from '../../database/session.js';
import { inSnapshot } from '../../database/snapshot.js';
import { findEntry, seriesName } from '../../repositories/bars/catalog.js';
import type { FileSeries } from '../read/bar-file.js';
import { type Comparison, compareStretch } from './compare-stretch.js';
import { DifferenceTally } from './difference-tally.js';
import { cutStretches, STRETCH, sampleStarts } from './sample-stretches.js';
import type { SeriesVerification } from './verification.js';

export interface SeriesOptions {
  /** Compare so many stretches of 100 bars each, from all over the file, instead of every bar. */
  readonly sample?: number | undefined;
  /** Series whose catalog was held against all of their bars already; this one joins them. Of a thousand files of one series it is done once. */
  readonly checkedCatalogs?: Set<string> | undefined;
  /** The file has a column of where its bars came from: an empty one says that nobody knows. Else only a source that is there is compared. */
  readonly tellsSource?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears how many bars of the file were compared. */
  readonly onCompared?: ((bars: number) => void) | undefined;
}

/**
 * Compares the bars that a file has of one series with the stored ones, all in one snapshot of the database: whoever writes meanwhile makes no
 * difference. Stored bars before the file's first and behind its last are not the file's affair.
 */
export async function verifySeries(
  session: Session,
  series: FileSeries,
  options: SeriesOptions,
): Promise<SeriesVerification> {
  const result = await session.withClient((client) =>
    inSnapshot(client, ['bar_series', 'ohlcv_bars'], () => compare(client, series, options)),
  );
  options.checkedCatalogs?.add(seriesName(series));
  return result;
}

async function compare(client: Client, series: FileSeries, options: SeriesOptions): Promise<SeriesVerification> {
  const { symbol, timeframe, bars, first, last } = series;
  const { sample, checkedCatalogs, tellsSource = false, signal } = options;
  let done = 0;
  const onCompared = (bars: number) => {
    done += bars;
    options.onCompared?.(done);
  };
  const key = { symbol, timeframe };
  const tally = new DifferenceTally();
  const { rows } = await client.query<{ asOf: Date; start: Date | null }>({
    text: `SELECT clock_timestamp() AS "asOf",
             (SELECT min(timestamp) FROM ohlcv_bars WHERE symbol = $1 AND timeframe = $2) AS start`,
    values: [symbol, timeframe],
  });
  const { asOf, start } = rows[0]!;
  const entry = await findEntry(client, key);
  const wrong = checkedCatalogs?.has(seriesName(key)) ? undefined : await checkBarSeriesOf(client, key);
  if (wrong) tally.add('catalog', () => ({ expected: wrong.expected, found: wrong.found }));
  const result = (compared: number, stored: number, stretches: number | null): SeriesVerification => ({
    ...{ ...key, bars, first, last, stored, compared, asOf },
    sample: stretches === null ? null : { stretches },
    differences: tally.result(),
  });
  if (start === null) {
    tally.add(
      'series-missing',
      () => ({ expected: `${bars} bars`, found: entry ? 'no bars' : 'no such series' }),
      bars,
    );
    return result(bars, 0, null);
  }
  const volumeScale = entry?.volumeScale ?? series.volumeScale;
  const sameScale = volumeScale === series.volumeScale;
  if (!sameScale) tally.add('volume-scale', () => ({ expected: `${series.volumeScale}`, found: `${volumeScale}` }));
  const how = { volumeScale, sameScale, tellsSource };
  const comparison: Comparison = { key, ...how, start: start.getTime(), tally, signal, onCompared };
  if (sample === undefined || sample * (STRETCH + 1) >= bars) {
    const { compared, stored } = await compareStretch(client, comparison, series.blocks(), +first, +last);
    return result(compared, stored, null);
  }
  let compared = 0;
  for await (const stretch of cutStretches(series.blocks(), sampleStarts(bars, sample))) {
    const ends = [stretch.timestamp[0]!, stretch.timestamp[stretch.length - 1]!] as const;
    compared += (await compareStretch(client, comparison, [stretch], ...ends)).compared;
  }
  const stored = await countBetween(client, series);
  if (stored !== bars) tally.add('count', () => ({ expected: `${bars} bars`, found: `${stored} bars` }));
  return result(compared, stored, sample);
}

async function countBetween(client: Client, { symbol, timeframe, first, last }: FileSeries): Promise<number> {
  const { rows } = await client.query<{ bars: string }>({
    text: `SELECT count(*) AS bars FROM ohlcv_bars
           WHERE symbol = $1 AND timeframe = $2 AND timestamp >= $3 AND timestamp <= $4`,
    values: [symbol, timeframe, instant(first), instant(last)],
  });
  return Number(rows[0]!.bars);
}
