import { chmod, constants, copyFile, open, writeFile } from 'node:fs/promises';
import { readBarValues } from '../../../domain/bar.js';
import { RATIO_SCALE } from '../../../domain/bar-ratios.js';
import { formatScaled, PRICE } from '../../../domain/decimal.js';
import type { SeriesKey } from '../../../domain/series.js';
import { formatInstant, readInstant } from '../../../domain/time.js';
import { InvalidInputError, type Problem } from '../../../errors.js';
import { BarPage } from '../../../repositories/bars/bar-pages.js';
import { splitFields } from '../../read/csv-fields.js';
import { KEPT_PROBLEMS } from '../../read/file-problem.js';
import { csvField, readCsvRecords } from './csv-lines.js';
import { SeriesBars } from './series-bars.js';

/** The header of the store's own CSV: every column of a bar. */
export const CSV_HEADER =
  'symbol,timeframe,timestamp,open,high,low,close,volume,vwap,source,volume_scale,spread,spread_ratio,volume_ratio,created_at';

const WIDTH = CSV_HEADER.split(',').length;
const BATCH = 5_000;
const MODE = 0o644;

/** Whether a file has the header of the store's own CSV. */
export async function isOwnCsv(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(CSV_HEADER.length + 1), 0, CSV_HEADER.length + 1, 0);
    return buffer.toString('latin1', 0, bytesRead) === `${CSV_HEADER}\n`;
  } finally {
    await file.close();
  }
}

/**
 * Reads a file of the store's own. Every value is checked by the rules that a write is; what is derived is derived anew. Prices at or below zero
 * were allowed when they were written.
 *
 * @throws InvalidInputError naming the lines that somebody else has changed to what cannot be
 */
export async function readOwnCsv(path: string, key: SeriesKey, declaredScale: number | undefined): Promise<SeriesBars> {
  const bars = new BarPage(0);
  const problems: Problem[] = [];
  let volumeScale = declaredScale;
  for await (const { text, line } of readCsvRecords(path)) {
    if (line === 1) continue;
    const report = (problem: Problem) => {
      if (problems.length < KEPT_PROBLEMS) problems.push({ ...problem, line });
    };
    const fields = splitFields(text, ',');
    if (fields?.length !== WIDTH) {
      report({ code: 'ROW_MALFORMED', path: '', value: text, rule: `a row has ${WIDTH} columns` });
      continue;
    }
    const [symbol, timeframe, timestamp, high, low] = [fields[0], fields[1], fields[2], fields[4], fields[5]];
    if (symbol !== key.symbol || timeframe !== key.timeframe) {
      const rule = `the file's name says ${key.symbol} ${key.timeframe}`;
      report({ code: 'SERIES_DIFFERS', path: 'symbol', value: `${symbol} ${timeframe}`, rule });
      continue;
    }
    volumeScale ??= Number(fields[10]);
    if (fields[10] !== String(volumeScale)) {
      const rule = `the volumes of this series have ${volumeScale} decimals`;
      report({ code: 'VOLUME_SCALE_DIFFERS', path: 'volume_scale', value: fields[10], rule });
      continue;
    }
    const input = {
      timestamp: timestamp!,
      open: fields[3]!,
      high: high!,
      low: low!,
      close: fields[6]!,
      volume: fields[7]!,
    };
    const values = readBarValues(
      { ...input, vwap: fields[8] || null, source: fields[9] || null },
      { timeframe: key.timeframe, volumeScale, allowNonPositive: true },
      report,
    );
    const createdAt = readInstant(fields[14], 'created_at', report);
    if (!values || !createdAt) continue;
    if (bars.length > 0 && values.timestamp <= bars.timestamp[bars.length - 1]!) {
      const rule = 'each bar is later than the one before it';
      report({ code: 'ROW_OUT_OF_ORDER', path: 'timestamp', value: timestamp, rule });
      continue;
    }
    bars.push(values, line);
    bars.createdAt[bars.length - 1] = createdAt.getTime();
  }
  if (problems.length > 0) throw new InvalidInputError(problems, `file ${path}`);
  return SeriesBars.of(key, volumeScale ?? 0, bars);
}

/** Writes the file anew, to a path that nobody reads yet, and has it survive a power loss. */
export async function writeOwnCsv(path: string, series: SeriesBars): Promise<void> {
  await writeFile(path, `${CSV_HEADER}\n`, { mode: MODE });
  await appendRows(path, series, 0);
}

/**
 * As {@link writeOwnCsv}, where the first `kept` bars stand in a file already: its copy takes 25 ms of the processor for 500,000 of them, and to write
 * them anew 2.4 s.
 */
export async function appendOwnCsv(path: string, from: string, series: SeriesBars, kept: number): Promise<void> {
  await copyFile(from, path, constants.COPYFILE_FICLONE);
  await chmod(path, MODE); // the copy has that of the file
  await appendRows(path, series, kept);
}

async function appendRows(path: string, series: SeriesBars, first: number): Promise<void> {
  const file = await open(path, 'a');
  try {
    for (let start = first; start < series.length; start += BATCH) {
      let text = '';
      const end = Math.min(start + BATCH, series.length);
      for (let index = start; index < end; index += 1) text += `${rowOf(series, index)}\n`;
      await file.write(text);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

function rowOf({ key, volumeScale, bars }: SeriesBars, index: number): string {
  const price = (value: bigint) => formatScaled(value, PRICE.scale);
  const ratio = (value: bigint) => formatScaled(value, RATIO_SCALE);
  const vwap = bars.vwapAt(index);
  return [
    ...[key.symbol, key.timeframe, formatInstant(new Date(bars.timestamp[index]!))],
    ...[bars.open, bars.high, bars.low, bars.close].map((column) => price(column[index]!)),
    plainVolume(bars.volume[index]!, volumeScale),
    vwap === null ? '' : price(vwap),
    csvField(bars.source[index] ?? ''),
    volumeScale,
    price(bars.high[index]! - bars.low[index]!),
    ratio(bars.spreadRatio[index]!),
    ratio(bars.volumeRatio[index]!),
    formatInstant(new Date(bars.createdAt[index]!)),
  ].join(',');
}

/** With all decimals of the series, so that the text tells its scale. */
function plainVolume(volume: bigint, scale: number): string {
  if (scale === 0) return volume.toString();
  const digits = volume.toString().padStart(scale + 1, '0');
  return `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
