import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import type { ImportOptions } from '../../src/index.js';
import type { Store } from '../../src/store.js';

/** DuckDB as it comes, beside the store: it writes the files of the bench, and is a peer. */
export async function bareDuckDB(...statements: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    for (const statement of statements) await connection.run(statement);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** 1m bars in whole cents from 2000 on, the same in every run; other ones for another seed. As a source of DuckDB's COPY. */
export function barsOf(rows: number, seed = 1): string {
  return `(
    SELECT TIMESTAMP '2000-01-01' + INTERVAL 1 MINUTE * i AS minute,
      (base + 5)::DECIMAL(18, 8) AS open, (base + 12)::DECIMAL(18, 8) AS high, base AS low, (base + 7)::DECIMAL(18, 8) AS close,
      1000 + hash(i + ${seed} * 7) % 900000 AS volume
    FROM (SELECT i, (100 + (hash(i + ${seed}) % 5000) / 100.0)::DECIMAL(18, 2)::DECIMAL(18, 8) AS base FROM range(${rows}) AS each (i)))`;
}

/** As most people have them: two decimals, ISO instants. */
export async function writeCsv(file: string, rows: number, seed?: number): Promise<void> {
  const columns = ['open', 'high', 'low', 'close'].map((name) => `${name}::DECIMAL(18, 2) AS ${name}`).join(', ');
  const timestamp = "strftime(minute, '%Y-%m-%dT%H:%M:%SZ') AS timestamp";
  await bareDuckDB(`COPY (SELECT ${timestamp}, ${columns}, volume FROM ${barsOf(rows, seed)}) TO '${file}' (HEADER)`);
}

/** `rowGroup`: the least rows of a row group; DuckDB's own default without it. */
export async function writeParquet(file: string, rows: number, rowGroup?: number): Promise<void> {
  const columns = "minute AT TIME ZONE 'UTC' AS timestamp, open, high, low, close, volume::BIGINT AS volume";
  await bareDuckDB(
    "SET TimeZone = 'UTC'",
    `COPY (SELECT ${columns} FROM ${barsOf(rows)}) TO '${file}' (FORMAT parquet${rowGroup ? `, ROW_GROUP_SIZE ${rowGroup}` : ''})`,
  );
}

/** Milliseconds to hash files by SHA-256, and nothing else. */
export async function hashFiles(files: readonly string[]): Promise<number> {
  const start = performance.now();
  for (const file of files) {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
    hash.digest();
  }
  return performance.now() - start;
}

/** Imports files, whatever was imported before unless `options` say otherwise; throws what went wrong with the first that failed. */
export async function importAll(
  store: Store,
  paths: readonly string[],
  options: Pick<ImportOptions, 'again' | 'parallel'> = { again: true },
): Promise<void> {
  const { files } = await store.files.import({ paths, ...options });
  for (const { error } of files) if (error) throw error;
}
