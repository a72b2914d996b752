import { readBarValues } from '../../domain/bar.js';
import type { Report } from '../../domain/problem.js';
import { readSymbol } from '../../domain/symbol.js';
import { formatInstant } from '../../domain/time.js';
import { InvalidInputError, type Problem } from '../../errors.js';
import type { DuckDB } from '../duckdb.js';
import type { BarSource, ToldByFile, WrittenFields } from './bar-source.js';
import type { Rejections } from './file-problem.js';
import type { SeriesOfFile } from './file-series.js';
import { type Rounded, roundPrice, roundVolume } from './rounding.js';
import type { Reading, ReadSeries } from './sound-bars.js';
import { timeframeOfWord } from './timeframe-words.js';

const DAY = 86_400_000;
/** Of the day, by the clocks of the exchange. No stock exchange opens later, and futures and currencies do for the day that follows. */
const LATEST_OPENING = 16 * 3_600_000;
/** Stands in where the time is unreadable, so that the other fields are read all the same. */
const ALIGNED_INSTANT = new Date(0);

/** What a file can be told, for problems that the domain alone knows no way out of. */
const HINTS: Readonly<Record<string, string>> = {
  PRICE_TOO_PRECISE: 'a price keeps 8 decimals: import it with --round to round prices half-up',
  VOLUME_TOO_PRECISE:
    'round the volumes with --volume round, or let a new series keep their decimals with --volume-scale auto',
  PRICE_NOT_POSITIVE:
    'a file is not believed that; where the market really traded there, write the bar from code: bars.upsert() with allowNonPositive',
};
const DATE_ZONE_HINT =
  'these are instants: pass the --timezone of the exchange, whose clocks show the date, or is the timeframe not 1d?';
const NO_VALUE = /^(?:|null|none|n\/?a|nan|nil|-|\.)$/i;
const NO_VALUE_HINT = 'no value stands there: --on-error skip leaves such rows out';

/**
 * Reads the lines of `doubtful` by the domain's rules, one by one: right bars go to `judged`, wrong ones to `rejections`.
 * @throws InvalidInputError `DATE_DAY_FIRST` where a slashed date proves that the file writes the day before the month
 */
export async function judgeDoubtful(
  db: DuckDB,
  reading: Reading,
  { find }: SeriesOfFile,
  rejections: Rejections,
): Promise<void> {
  const { source } = reading;
  const dayFirst: Problem[] = [];
  await db.append('judged', async (push) => {
    for await (const { line, fields, problems: faults } of source.written(db, 'doubtful')) {
      const problems: Problem[] = [...faults];
      const series = fields && find(fields.symbol, fields.timeframe);
      const report: Report = (problem) => problems.push(problem);
      if (fields && series === undefined) reportSeries(fields, source.told.timeframes, report);
      const read = series === undefined ? undefined : readBar(fields!, reading.series[series]!, reading, report);
      if (read && problems.length === 0) {
        const { timestamp, open, high, low, close, volume, vwap, source: from } = read.bar;
        const values = [open, high, low, close, volume, vwap, read.prices, read.volumes];
        const optional = source.columns.has('source') ? [from] : [];
        push([BigInt(line), BigInt(series!), BigInt(timestamp), ...values, ...optional]);
      } else {
        rejections.reject(line, problems);
        const proof = problems.find((problem) => problem.code === 'DATE_DAY_FIRST');
        if (proof && dayFirst.length === 0) dayFirst.push({ ...proof, line });
      }
    }
  });
  if (dayFirst.length > 0) throw new InvalidInputError(dayFirst, 'file');
}

/** The words of a row that name no series. */
function reportSeries({ symbol, timeframe }: WrittenFields, words: ToldByFile['timeframes'], report: Report): void {
  if (symbol !== undefined) readSymbol(symbol, 'symbol', report);
  if (timeframe === undefined || timeframeOfWord(timeframe, words)) return;
  const rule = 'a timeframe is one of 1m, 5m, 15m, 1h, 1d';
  report({ code: 'TIMEFRAME_UNKNOWN', path: 'timeframe', value: timeframe, rule });
}

function readBar(fields: WrittenFields, series: ReadSeries, { clock, rounding, source }: Reading, report: Report) {
  const { time, original } = fields;
  const instant = time && instantOf(fields, series, clock, source.told.sessionTimes === true, report);
  const [open, high, low, close] = [fields.open, fields.high, fields.low, fields.close].map((text) =>
    roundPrice(text, rounding),
  ) as [Rounded, Rounded, Rounded, Rounded];
  const vwap = fields.vwap === null ? null : roundPrice(fields.vwap, rounding);
  const volume = roundVolume(fields.volume, series.volumeScale, rounding);
  const bar = readBarValues(
    {
      timestamp: instant === undefined ? ALIGNED_INSTANT : new Date(instant),
      open: open.text,
      high: high.text,
      low: low.text,
      close: close.text,
      volume: volume.text,
      vwap: vwap?.text,
      source: fields.source ?? null,
    },
    // What the store wrote itself it had been allowed to keep: oil traded at -37.63.
    { ...series, allowNonPositive: source.layout === 'wyckoff' },
    (problem) =>
      report({ ...problem, ...hintOf(problem, series, source), value: original[problem.path] ?? problem.value }),
  );
  if (!bar || instant === undefined) return undefined;
  const prices = [open, high, low, close, vwap].filter((price) => price?.rounded).length;
  return { bar, prices: BigInt(prices), volumes: volume.rounded ? 1n : 0n };
}

function hintOf({ code, value }: Problem, { timeframe }: ReadSeries, { dateZone }: BarSource): { hint?: string } {
  if (code === 'TIMESTAMP_MISALIGNED' && timeframe === '1d' && dateZone === null) return { hint: DATE_ZONE_HINT };
  const empty = code === 'DECIMAL_INVALID' && typeof value === 'string' && NO_VALUE.test(value.trim());
  const hint = empty ? NO_VALUE_HINT : HINTS[code];
  return hint === undefined ? {} : { hint };
}

function instantOf(
  { time, original }: WrittenFields,
  { timeframe }: ReadSeries,
  clock: Reading['clock'],
  sessionTimes: boolean,
  report: Report,
): number | undefined {
  const { local, offset } = time!;
  if (timeframe === '1d') {
    if (!sessionTimes || local % DAY === 0) return local;
    const shown = offset === undefined || !clock ? local : clock.shownAt(local - offset);
    const ofDay = shown - Math.floor(shown / DAY) * DAY;
    if (ofDay < LATEST_OPENING) return shown - ofDay;
    const rule = `a session that opens at ${formatInstant(new Date(shown)).slice(11, 16)} (${clock?.zone ?? 'UTC'}) may be that of the next day`;
    const hint =
      'pass the --timezone of the exchange; where sessions open the evening before (futures, forex), one whose clocks show the trading date then, as Asia/Tokyo';
    report({ code: 'SESSION_DATE_UNCLEAR', path: 'timestamp', value: original.timestamp, rule, hint });
    return undefined;
  }
  if (offset !== undefined) return local - offset;
  return clock ? clock.instantOf(local, original.timestamp ?? '', 'timestamp', report) : local;
}
