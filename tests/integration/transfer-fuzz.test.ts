import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { directory, useCsvDirectory } from './csv-files.js';

useCsvDirectory();

const FILES = Number(process.env.FUZZ_FILES ?? 200);
const FIRST = Number(process.env.FUZZ_SEED ?? 1);
const SCRIPT = fileURLToPath(new URL('../setup/fuzz-files.ts', import.meta.url));

const PLAIN = `SELECT TIMESTAMP '2024-01-01' + to_days(i::INTEGER) AS "Date", 10.25 + i AS "Open", 12.5::DOUBLE + i AS "High",
  (9.125 + i)::FLOAT AS "Low", 11 + i AS "Close", 100 * i AS "Volume", [i] AS list, 'x' AS note FROM range(40) t(i)`;
const MANY = `SELECT CASE WHEN i % 2 = 0 THEN 'AAPL' ELSE 'MSFT' END AS symbol, * EXCLUDE (list, note) FROM (SELECT *, row_number() OVER () AS i FROM (${PLAIN}))`;
const WIDE = `SELECT "Date", ${['AAPL', 'MSFT']
  .flatMap((symbol) =>
    ['Open', 'High', 'Low', 'Close', 'Volume'].map((field) => `"${field}" AS "('${field}', '${symbol}')"`),
  )
  .join(', ')} FROM (${PLAIN})`;

async function writeWholeFiles(): Promise<void> {
  const db = await DuckDBInstance.create(':memory:');
  const connection = await db.connect();
  const write = (query: string, name: string, options: string) =>
    connection.run(`COPY (${query}) TO '${join(directory, `whole-${name}`)}' (FORMAT parquet, ${options})`);
  for (const codec of ['snappy', 'gzip', 'zstd', 'brotli', 'uncompressed']) {
    await write(PLAIN, `parquet ${codec}`, `CODEC '${codec}', ROW_GROUP_SIZE 16`);
  }
  await write(MANY, 'parquet of symbols', 'PARQUET_VERSION V2');
  await write(WIDE, 'parquet of pairs', `KV_METADATA {pandas: '{"index_columns": ["Date"], "columns": []}'}`);
  connection.closeSync();
  db.closeSync();
}

test(`${FILES} mutated files from seed ${FIRST} on: each is read right or refused, and nothing crashes or hangs`, {
  timeout: 240_000 + FILES * 2_000,
}, async () => {
  await writeWholeFiles();
  const args = ['--import', 'tsx', SCRIPT, directory, String(FIRST), String(FILES)];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    maxBuffer: 2 ** 24,
    env: { ...process.env, TMPDIR: directory },
  }).catch((error: Error & { stderr: string; signal: string | null; code: number }) => {
    const seed = readFileSync(join(directory, 'seed'), 'utf8');
    throw new Error(`ended with ${error.signal ?? error.code} at seed ${seed}: ${error.stderr}`, { cause: error });
  });
  const { outcomes, megabytes } = JSON.parse(stdout) as { outcomes: Record<string, number>; megabytes: number };
  process.stderr.write(
    `${FILES} mutated files, seeds ${FIRST} to ${FIRST + FILES - 1}: ${JSON.stringify(outcomes)}, ${megabytes} MB\n`,
  );
  expect(Object.values(outcomes).reduce((sum, files) => sum + files, 0)).toBe(FILES);
  // A fuzz that only ever meets refusals reads nothing.
  expect(outcomes.accepted).toBeGreaterThan(FILES / 50);
  expect(outcomes['some rows rejected']).toBeGreaterThan(FILES / 50);
  expect(readdirSync(directory).filter((name) => name.startsWith('wyckoff-'))).toEqual([]);
  expect(megabytes).toBeLessThan(1_000);
});
