import { readBarValues } from '../../domain/bar.js';
import type { Report } from '../../domain/problem.js';
import { InvalidInputError, type Problem } from '../../errors.js';
import type { DuckDB } from '../duckdb.js';
import { splitFields } from './csv-fields.js';
import { linesOf } from './csv-load.js';
import type { CsvText } from './csv-text.js';
import type { Rejections } from './file-problem.js';
import type { CsvFormat } from './formats.js';
import type { Reading } from './sound-bars.js';
import { readWrittenTime, type WrittenTime } from './written-time.js';

/** Stands in where the time is unreadable, so that the other fields are read all the same. */
const ALIGNED_INSTANT = new Date(0);

export interface Judgement {
  readonly accepted: number;
  /** Some of the times had no zone. */
  readonly zoneless: boolean;
  readonly slashed: boolean;
}

/**
 * Reads the lines of `doubtful` by the domain's rules, one by one: right bars go to `judged`, wrong ones to `rejections`.
 * @throws InvalidInputError `DATE_DAY_FIRST` where a slashed date proves that the file writes the day before the month
 */
export async function judgeDoubtful(
  db: DuckDB,
  text: CsvText,
  format: CsvFormat,
  reading: Reading,
  rejections: Rejections,
): Promise<Judgement> {
  let accepted = 0;
  let zoneless = false;
  let slashed = false;
  const dayFirst: Problem[] = [];
  await db.append('judged', async (push) => {
    const doubtful = `SELECT line::DOUBLE AS line, text FROM ${linesOf(text)} SEMI JOIN doubtful USING (line) ORDER BY line`;
    for await (const chunk of db.stream(doubtful)) {
      const lines = chunk.getColumnVector(0);
      const texts = chunk.getColumnVector(1);
      const { rowCount } = chunk; // asked of the engine each time
      for (let index = 0; index < rowCount; index += 1) {
        const line = lines.getItem(index) as number;
        const problems: Problem[] = [];
        const row = readRow(texts.getItem(index) as string, format, reading, (problem) => problems.push(problem));
        if (row.time && !row.time.slashed) zoneless ||= row.time.offset === undefined;
        slashed ||= row.time?.slashed === true;
        if (row.bar) {
          const { timestamp, open, high, low, close, volume, vwap } = row.bar;
          push([BigInt(line), BigInt(timestamp), open, high, low, close, volume, vwap]);
          accepted += 1;
        } else {
          rejections.reject(line, problems);
          const proof = problems.find((problem) => problem.code === 'DATE_DAY_FIRST');
          if (proof && dayFirst.length === 0) dayFirst.push({ ...proof, line });
        }
      }
    }
  });
  if (dayFirst.length > 0) throw new InvalidInputError(dayFirst, 'file');
  return { accepted, zoneless: zoneless || slashed, slashed };
}

function readRow(text: string, format: CsvFormat, reading: Reading, report: Report) {
  const fields = splitFields(text, format.delimiter);
  if (fields === undefined) {
    const rule = 'a quoted field ends on its line, with a delimiter or nothing behind it';
    report({ code: 'QUOTE_UNCLOSED', path: '', value: text, rule });
    return {};
  }
  if (fields.length !== format.width) {
    const rule = `a row has the ${format.width} columns of the header; this one has ${fields.length}`;
    report({ code: 'ROW_WIDTH', path: '', value: text, rule });
    return {};
  }
  const { columns } = format;
  const field = (index: number) => fields[index] ?? '';
  const moment = field(columns.timestamp);
  const time = readWrittenTime(moment, 'timestamp', report);
  const instant = time && instantOf(time, moment, reading, report);
  const vwap = columns.vwap === undefined ? '' : field(columns.vwap).trim();
  const bar = readBarValues(
    {
      timestamp: instant === undefined ? ALIGNED_INSTANT : new Date(instant),
      open: field(columns.open),
      high: field(columns.high),
      low: field(columns.low),
      close: field(columns.close),
      volume: field(columns.volume),
      vwap: vwap === '' ? null : vwap,
    },
    reading,
    (problem) => report(problem.path === 'timestamp' ? { ...problem, value: moment } : problem),
  );
  return { time, bar: instant === undefined ? undefined : bar };
}

function instantOf(time: WrittenTime, text: string, { timeframe, clock }: Reading, report: Report): number | undefined {
  if (timeframe === '1d') return time.local;
  if (time.offset !== undefined) return time.local - time.offset;
  return clock ? clock.instantOf(time.local, text, 'timestamp', report) : time.local;
}
