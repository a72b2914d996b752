/**
 * Reads mutated files: `fuzz-files.ts <folder> <first seed> <files>`. The folder has whole Parquet files. It is a process of its own, since DuckDB
 * is part of the process that uses it: what crashes it, crashes this one. Its last line counts the outcomes; faults are told with their seeds.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Decimal } from '../../src/domain/decimal.js';
import { WyckoffError } from '../../src/errors.js';
import { openBarFile } from '../../src/transfer/read/open-file.js';
import { Dice, type MutatedFile, mutatedFile } from './mutated-files.js';

const LONGEST_READ = 30_000;
/** Of the machine, not of a file: no mutation may bring it about. */
const FAULTS = new Set(['DUCKDB_FAILED', 'FILE_CHANGED', 'FILE_UNREADABLE', 'TEMPORARY_SPACE_SHORT']);

const HEADER = 'Date,Open,High,Low,Close,Volume';

const [folder = '', first = '0', count = '0'] = process.argv.slice(2);
const names = readdirSync(folder).filter((name) => name.startsWith('whole-'));
const parquet = new Map(names.sort().map((name) => [name.slice(6), readFileSync(join(folder, name))]));

const outcomes: Record<string, number> = {};
for (let seed = Number(first); seed < Number(first) + Number(count); seed += 1) {
  const file = mutatedFile(seed, parquet);
  const path = join(folder, file.name);
  writeFileSync(path, file.bytes);
  writeFileSync(join(folder, 'seed'), String(seed));
  try {
    const outcome = await read(path, file, seed);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  } catch (error) {
    process.stderr.write(`seed ${seed}, ${file.kind}: ${(error as Error).stack}\n`);
    process.exitCode = 1;
  }
}
process.stdout.write(JSON.stringify({ outcomes, megabytes: Math.round(process.memoryUsage().rss / 1e6) }));

async function read(path: string, file: MutatedFile, seed: number): Promise<string> {
  const dice = new Dice(~seed);
  const options = {
    timeframe: '1d',
    round: dice.roll(2) === 0,
    volume: dice.pick(['exact', 'round'] as const),
    timezone: dice.pick([undefined, 'America/New_York']),
  };
  const ended = AbortSignal.timeout(LONGEST_READ);
  const opened = await openBarFile(path, { ...options, signal: ended }).catch((error: unknown) => {
    if (error instanceof WyckoffError && !FAULTS.has(error.code)) return error;
    throw error;
  });
  if (opened instanceof WyckoffError) {
    if (/[^\x20-\x7e\u00a0-\uffff]/.test(opened.message))
      throw new Error(`not to be printed: ${JSON.stringify(opened.message)}`);
    return `refused: ${opened.code}`;
  }
  try {
    let bars = 0;
    for (const series of opened.series) {
      let before = -Infinity;
      let ofSeries = 0;
      for await (const block of series.blocks()) {
        for (let index = 0; index < block.length; index += 1) {
          const [low, high] = [block.low[index]!, block.high[index]!];
          const inside = [block.open[index]!, block.close[index]!].every((price) => low <= price && price <= high);
          if (!inside || low <= 0n || block.volume[index]! < 0n) throw new Error(`bar ${index} breaks a rule`);
          if (block.timestamp[index]! <= before) throw new Error(`bar ${index} is out of order`);
          before = block.timestamp[index]!;
          if (file.text && !options.round && options.volume === 'exact') compare(file.text, block, index);
        }
        ofSeries += block.length;
      }
      if (ofSeries !== series.bars) throw new Error(`${ofSeries} bars, and it says ${series.bars}`);
      bars += ofSeries;
    }
    const { rows, duplicates, rejected, problems } = opened;
    if (rows !== bars + duplicates + rejected) throw new Error(`${rows} rows, ${bars} + ${duplicates} + ${rejected}`);
    if (rejected > 0 !== problems.length > 0) throw new Error(`${rejected} rejected, ${problems.length} problems`);
    return rejected > 0 ? 'some rows rejected' : 'accepted';
  } finally {
    await opened.close();
  }
}

type Block = Parameters<typeof fieldsOf>[0];

function fieldsOf(
  block: Record<'open' | 'high' | 'low' | 'close' | 'volume', ArrayLike<bigint>>,
  index: number,
): Decimal[] {
  const prices = [block.open, block.high, block.low, block.close].map((column) =>
    new Decimal(`${column[index]}`).div(1e8),
  );
  return [...prices, new Decimal(`${block.volume[index]}`)];
}

/** A bar is what its line says, as far as a line can be read by simple means: no quotes, a header that is whole. */
function compare(
  text: Buffer,
  block: Block & { readonly origin: ArrayLike<number>; readonly timestamp: ArrayLike<number> },
  index: number,
): void {
  const lines = text.toString('utf8').split('\n');
  const line = lines[block.origin[index]! - 1]!;
  const fields = line.trim().split(',');
  if (lines[0] !== HEADER || fields.length !== 6 || !fields.slice(1).every((field) => /^\d+(\.\d+)?$/.test(field)))
    return;
  const same = fieldsOf(block, index).every((value, column) => value.eq(fields[column + 1]!));
  const iso = /^\d{4}-\d\d-\d\d$/.test(fields[0]!);
  if (same && (!iso || Date.parse(fields[0]!) === block.timestamp[index])) return;
  throw new Error(`line ${block.origin[index]} became another bar: ${line}`);
}
