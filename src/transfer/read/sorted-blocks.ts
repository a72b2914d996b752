import type { DuckDBBigIntVector, DuckDBDecimal64Vector, DuckDBDoubleVector } from '@duckdb/node-api';
import { BarBlock, NO_PRICE } from '../../domain/bar-block.js';
import type { DuckDB } from '../duckdb.js';
import type { BarSource } from './bar-source.js';

/** Bars of a block: 16 chunks of DuckDB. */
const BLOCK = 32_768;

/** The `bars` bars that `sorted` has of one series. */
export async function* sortedBlocks(
  db: DuckDB,
  { columns }: BarSource,
  series: number,
  bars: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<BarBlock, undefined> {
  let block = new BarBlock(BLOCK);
  const source = columns.has('source') ? ', source' : '';
  const sorted = `SELECT line::DOUBLE, moment::DOUBLE, volume, open, high, low, close, vwap ${source} FROM sorted WHERE series = ${series}`;
  await db.wake();
  for await (const chunk of db.stream(sorted, bars)) {
    signal?.throwIfAborted();
    const [line, moment] = [0, 1].map((column) => chunk.getColumnVector(column) as DuckDBDoubleVector);
    const volume = chunk.getColumnVector(2) as DuckDBBigIntVector;
    const [open, high, low, close, vwap] = [3, 4, 5, 6, 7].map(
      (column) => chunk.getColumnVector(column) as DuckDBDecimal64Vector,
    );
    const from = source ? chunk.getColumnVector(8) : undefined;
    const { rowCount } = chunk; // asked of the engine each time
    for (let row = 0; row < rowCount; row += 1) {
      const index = block.length;
      block.origin[index] = line!.getItem(row)!;
      block.timestamp[index] = moment!.getItem(row)!;
      block.open[index] = open!.getScaledValue(row)!;
      block.high[index] = high!.getScaledValue(row)!;
      block.low[index] = low!.getScaledValue(row)!;
      block.close[index] = close!.getScaledValue(row)!;
      block.volume[index] = volume.getItem(row)!;
      block.vwap[index] = vwap!.getScaledValue(row) ?? NO_PRICE;
      block.source[index] = from ? (from.getItem(row) as string | null) : null;
      block.length = index + 1;
      if (block.length === BLOCK) {
        yield block;
        block = new BarBlock(BLOCK);
      }
    }
  }
  if (block.length > 0) yield block;
  return undefined;
}
