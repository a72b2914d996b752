import { open } from 'node:fs/promises';
import type { DuckDBBigIntVector, DuckDBDecimal64Vector, DuckDBVarCharVector } from '@duckdb/node-api';
import { NO_PRICE } from '../../../domain/bar-block.js';
import { formatScaled, PRICE } from '../../../domain/decimal.js';
import type { SeriesKey } from '../../../domain/series.js';
import { checkAlignment } from '../../../domain/timeframe.js';
import { InvalidInputError, type Problem } from '../../../errors.js';
import { BarPage } from '../../../repositories/bars/bar-pages.js';
import { DuckDB, literal, pathLiteral } from '../../duckdb.js';
import { KEPT_PROBLEMS } from '../../read/file-problem.js';
import { SeriesBars } from './series-bars.js';

/** The columns of the store's own Parquet, as CSV has them; the volume in units of 10^-volume_scale. */
const SELECTION = `symbol, timeframe, make_timestamptz(moment * 1000) AS "timestamp", open, high, low, close, volume, vwap, source,
  volume_scale, spread, spread_ratio, volume_ratio, make_timestamptz(created * 1000) AS created_at`;

/** Reads a file of the store's own; undefined where it has other columns. Values are checked as {@link SeriesBars} of CSV are. @throws InvalidInputError */
export async function readOwnParquet(
  path: string,
  key: SeriesKey,
  declaredScale: number | undefined,
): Promise<SeriesBars | undefined> {
  const db = await DuckDB.open();
  try {
    const file = `read_parquet(${pathLiteral(path)}, hive_partitioning = false)`;
    if (!(await isOwn(db, file))) return undefined;
    const told = await db.row<{ scale: number | null; scales: number; others: number }>(
      `SELECT max(volume_scale)::DOUBLE AS scale, count(DISTINCT volume_scale)::DOUBLE AS scales,
         count(*) FILTER (symbol <> ${literal(key.symbol)} OR timeframe <> ${literal(key.timeframe)})::DOUBLE AS others FROM ${file}`,
    );
    const volumeScale = declaredScale ?? told.scale ?? 0;
    const problems: Problem[] = [];
    const problem = (code: string, field: string, value: unknown, rule: string) =>
      problems.push({ code, path: field, value, rule });
    if (told.others > 0)
      problem('SERIES_DIFFERS', 'symbol', path, `the folder's name says ${key.symbol} ${key.timeframe}`);
    if (told.scales > 1 || (told.scale !== null && told.scale !== volumeScale))
      problem(
        'VOLUME_SCALE_DIFFERS',
        'volume_scale',
        told.scale,
        `the volumes of this series have ${volumeScale} decimals`,
      );
    const bars = await readRows(db, file, key, problems);
    if (problems.length > 0) throw new InvalidInputError(problems.slice(0, KEPT_PROBLEMS), `file ${path}`);
    return SeriesBars.of(key, volumeScale, bars);
  } finally {
    await db.close();
  }
}

async function isOwn(db: DuckDB, file: string): Promise<boolean> {
  const columns = await db.rows<{ column_name: string; column_type: string }>(`DESCRIBE SELECT * FROM ${file}`);
  const types = new Map(columns.map((column) => [column.column_name, column.column_type]));
  const prices = ['open', 'high', 'low', 'close', 'vwap'].every((name) => types.get(name) === 'DECIMAL(18,8)');
  return prices && types.get('volume') === 'BIGINT' && types.has('volume_scale') && types.has('created_at');
}

async function readRows(db: DuckDB, file: string, key: SeriesKey, problems: Problem[]): Promise<BarPage> {
  const bars = new BarPage(0);
  const columns = `epoch_ms("timestamp"), epoch_ms(created_at), volume, open, high, low, close, vwap, source`;
  const { rows } = await db.row<{ rows: number }>(`SELECT count(*)::DOUBLE AS rows FROM ${file}`);
  for await (const chunk of db.stream(`SELECT ${columns} FROM ${file}`, rows)) {
    const [moment, created, volume] = [0, 1, 2].map((column) => chunk.getColumnVector(column) as DuckDBBigIntVector);
    const [open, high, low, close, vwap] = [3, 4, 5, 6, 7].map(
      (column) => chunk.getColumnVector(column) as DuckDBDecimal64Vector,
    );
    const source = chunk.getColumnVector(8) as DuckDBVarCharVector;
    const { rowCount } = chunk;
    for (let row = 0; row < rowCount; row += 1) {
      const bar = {
        timestamp: Number(moment!.getItem(row)),
        open: open!.getScaledValue(row) ?? 0n,
        high: high!.getScaledValue(row) ?? 0n,
        low: low!.getScaledValue(row) ?? 0n,
        close: close!.getScaledValue(row) ?? 0n,
        volume: volume!.getItem(row) ?? -1n,
        vwap: vwap!.getScaledValue(row) ?? NO_PRICE,
        source: source.getItem(row),
      };
      check(bar, bars, key, (problem) => problems.push({ ...problem, row: bars.length }));
      bars.push(bar, bars.length);
      bars.createdAt[bars.length - 1] = Number(created!.getItem(row));
    }
  }
  return bars;
}

interface RowValues {
  readonly timestamp: number;
  readonly open: bigint;
  readonly high: bigint;
  readonly low: bigint;
  readonly close: bigint;
  readonly volume: bigint;
}

function check(bar: RowValues, before: BarPage, key: SeriesKey, report: (problem: Problem) => void): void {
  const { timestamp, open, high, low, close, volume } = bar;
  const place = before.length;
  if (place > 0 && !(timestamp > before.timestamp[place - 1]!)) {
    const rule = 'each bar is later than the one before it';
    report({ code: 'ROW_OUT_OF_ORDER', path: 'timestamp', value: new Date(timestamp), rule });
  }
  checkAlignment(timestamp, key.timeframe, 'timestamp', report);
  for (const [path, price] of Object.entries({ open, close }))
    if (price < low || price > high) {
      const value = formatScaled(price, PRICE.scale);
      report({ code: 'PRICE_OUTSIDE_BAR', path, value, rule: `${path} lies between low and high` });
    }
  if (volume < 0n)
    report({ code: 'VOLUME_NEGATIVE', path: 'volume', value: volume, rule: 'a volume is not below zero' });
}

/** Writes the file anew, to a path that nobody reads yet, and has it survive a power loss. */
export async function writeOwnParquet(path: string, series: SeriesBars): Promise<void> {
  const { key, volumeScale, bars } = series;
  const db = await DuckDB.open();
  try {
    const price = 'DECIMAL(18,8)';
    await db.run(`CREATE TABLE bars (moment BIGINT, open ${price}, high ${price}, low ${price}, close ${price}, volume BIGINT,
      vwap ${price}, source VARCHAR, spread ${price}, spread_ratio DECIMAL(10,4), volume_ratio DECIMAL(10,4), created BIGINT)`);
    await db.append('bars', (push) => {
      for (let index = 0; index < series.length; index += 1) {
        push([
          BigInt(bars.timestamp[index]!),
          ...[bars.open, bars.high, bars.low, bars.close, bars.volume].map((column) => column[index]!),
          bars.vwapAt(index),
          bars.source[index] ?? null,
          ...[bars.high[index]! - bars.low[index]!, bars.spreadRatio[index]!, bars.volumeRatio[index]!],
          BigInt(bars.createdAt[index]!),
        ]);
      }
    });
    const named = `SELECT ${literal(key.symbol)} AS symbol, ${literal(key.timeframe)} AS timeframe, ${volumeScale} AS volume_scale, * FROM bars`;
    await db.run(`COPY (SELECT ${SELECTION} FROM (${named})) TO ${literal(path)} (FORMAT parquet, COMPRESSION snappy)`);
  } finally {
    await db.close();
  }
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
