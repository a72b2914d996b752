/** CSV files for one test file, and what the store reads in them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { Decimal } from '../../src/domain/decimal.js';
import { formatInstant } from '../../src/domain/time.js';
import { InvalidInputError } from '../../src/errors.js';
import type { BarFile, BarFileOptions } from '../../src/transfer/read/bar-file.js';
import { openBarFile } from '../../src/transfer/read/open-file.js';

export let directory: string;

/** Call once in a test file: makes `directory`, where the files are written. */
export function useCsvDirectory(): void {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wyckoff-csv-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));
}

export const HEADER = 'Date,Open,High,Low,Close,Volume';

let files = 0;
export async function file(content: string | Uint8Array, name?: string): Promise<string> {
  files += 1;
  const folder = join(directory, String(files));
  await mkdir(folder);
  const path = join(folder, name ?? 'AAPL.csv');
  await writeFile(path, content);
  return path;
}

export type Row = [at: string, open: string, high: string, low: string, close: string, volume: string, line: number];

/** The blocks of the one series of a file. */
export async function* blocksOf({ series }: BarFile) {
  if (series.length > 1) throw new Error(`${series.length} series`);
  for (const { blocks } of series) yield* blocks();
}

export async function read(path: string, options: BarFileOptions = {}) {
  const opened = await openBarFile(path, options);
  try {
    const bars: Row[] = [];
    for await (const block of blocksOf(opened)) {
      const price = (scaled: bigint) => new Decimal(scaled.toString()).div(1e8).toString();
      for (let index = 0; index < block.length; index += 1) {
        bars.push([
          formatInstant(new Date(block.timestamp[index]!)),
          price(block.open[index]!),
          price(block.high[index]!),
          price(block.low[index]!),
          price(block.close[index]!),
          block.volume[index]!.toString(),
          block.origin[index]!,
        ]);
      }
    }
    return { ...opened, bars };
  } finally {
    await opened.close();
  }
}

export async function refusal(path: string, options: BarFileOptions = {}): Promise<InvalidInputError> {
  const opened = await openBarFile(path, options).catch((error: unknown) => error);
  if (opened instanceof InvalidInputError) return opened;
  throw new Error(`not refused: ${String(opened)}`, { cause: opened });
}

/** Rows of 1d bars from 2024-01-01 on, one a day. */
export function days(count: number): string[] {
  return Array.from(
    { length: count },
    (_, day) => `${new Date(Date.UTC(2024, 0, 1 + day)).toISOString().slice(0, 10)},10,12,9,11,100`,
  );
}

export const csv = (...rows: string[]) => `${[HEADER, ...rows].join('\n')}\n`;
