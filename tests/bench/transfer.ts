import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse';
import { type BenchDatabase, medianTime } from './bench-database.js';
import { type Comparison, rate } from './report.js';
import { bareDuckDB, importAll, writeCsv, writeParquet } from './transfer-files.js';

const ROWS = 500_000;
/** Of the loop, which takes minutes for all of them. */
const LOOP_ROWS = 10_000;
const ROUNDS = 3;

/** Bars of a file, from the file to the table, by each way. */
export async function compareImports(bench: BenchDatabase): Promise<Comparison> {
  const [csv, short] = [join(bench.directory, 'FILE_1m.csv'), join(bench.directory, 'SHORT_1m.csv')];
  const [parquet, ready] = [join(bench.directory, 'FILE_1m.parquet'), join(bench.directory, 'ready.csv')];
  await writeCsv(csv, ROWS);
  await writeCsv(short, LOOP_ROWS);
  await writeParquet(parquet, ROWS);
  await bench.empty();
  await importAll(bench.store, [csv]);
  await bench.psql(`\\copy ohlcv_bars to '${ready}' csv`);

  const empty = () => bench.empty();
  const copy = await medianTime(ROUNDS, () => bench.psql(`\\copy ohlcv_bars from '${ready}' csv`), empty);
  const fromCsv = await medianTime(ROUNDS, () => importAll(bench.store, [csv]), empty);
  const fromParquet = await medianTime(ROUNDS, () => importAll(bench.store, [parquet]), empty);
  const duckdb = await medianTime(ROUNDS, () => bareDuckDB(readAndCast(csv)));
  const loop = await medianTime(1, () => insertByLoop(bench, short), empty);

  const against = (peer: number, rows = ROWS) => `${(peer / rows / (fromCsv / ROWS)).toFixed(2)} x`;
  const ofCopy = copy / fromCsv;
  return {
    title: `Importing files of ${ROWS.toLocaleString('en-US')} bars`,
    what:
      'One file of 1m bars into an empty table, end to end: the store recognises the layout, parses, validates every row, derives spread and ratios, looks for bars ' +
      'that are there, and keeps the catalog. psql copies rows that are ready: parsed, checked and derived before the clock started. DuckDB parses and casts the same ' +
      `CSV file into a table in memory and is done. The loop reads ${LOOP_ROWS.toLocaleString('en-US')} rows with csv-parse and writes 1,000 a call. Median of ${ROUNDS} rounds (the loop 1).`,
    figures: [
      { who: 'psql \\copy of ready rows', figure: rate(ROWS, copy), ratio: against(copy) },
      { who: 'bare DuckDB, parse and cast alone', figure: rate(ROWS, duckdb), ratio: against(duckdb) },
      { who: 'csv-parse and Prisma createMany', figure: rate(LOOP_ROWS, loop), ratio: against(loop, LOOP_ROWS) },
      { who: 'this store, files.import, CSV', figure: rate(ROWS, fromCsv), ratio: '' },
      { who: 'this store, files.import, Parquet', figure: rate(ROWS, fromParquet), ratio: '' },
    ],
    targets: [
      target('CSV', fromCsv, 100_000),
      { text: `CSV >= 0.6 of psql \\copy of ready rows (${ofCopy.toFixed(2)})`, met: ofCopy >= 0.6 },
      target('Parquet', fromParquet, 120_000),
    ],
  };
}

function target(what: string, milliseconds: number, rows: number) {
  const perSecond = (ROWS / milliseconds) * 1000;
  const text = `${what} >= ${rows.toLocaleString('en-US')} rows/s (${Math.round(perSecond).toLocaleString('en-US')})`;
  return { text, met: perSecond >= rows };
}

function readAndCast(file: string): string {
  const prices = ['open', 'high', 'low', 'close'].map((name) => `${name}::DECIMAL(18, 8) AS ${name}`).join(', ');
  return `CREATE TABLE bars AS SELECT timestamp::TIMESTAMPTZ AS timestamp, ${prices}, volume::BIGINT AS volume
    FROM read_csv('${file}', all_varchar = true)`;
}

/** What most people write first. The ratios are left at 1, which spares it the work. */
async function insertByLoop(bench: BenchDatabase, file: string): Promise<void> {
  const prisma = await bench.database.prisma();
  const write = (rows: readonly Record<string, string>[]) =>
    prisma.ohlcvBar.createMany({
      data: rows.map(({ timestamp = '', open = '', high = '', low = '', close = '', volume = '' }) => ({
        ...{ symbol: 'LOOP', timeframe: '1m', timestamp: new Date(timestamp), open, high, low, close },
        ...{ volume: BigInt(volume), spread: (Number(high) - Number(low)).toFixed(2), spreadRatio: 1, volumeRatio: 1 },
      })),
      skipDuplicates: true,
    });
  let batch: Record<string, string>[] = [];
  for await (const row of createReadStream(file).pipe(parse({ columns: true }))) {
    batch.push(row as Record<string, string>);
    if (batch.length < 1_000) continue;
    await write(batch);
    batch = [];
  }
  if (batch.length > 0) await write(batch);
}
