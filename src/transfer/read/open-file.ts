import { openSource, type Source } from './archive/source.js';
import { type BarFile, type BarFileOptions, readBarFile } from './bar-file.js';
import { firstLines } from './first-lines.js';
import { nameSeries } from './named-series.js';
import { isParquet } from './parquet/footer.js';
import { parquetTicks } from './ticks/parquet-ticks.js';
import { recogniseTicks } from './ticks/recognise.js';
import { readTickFile, type TickFile, type TickFileOptions } from './ticks/tick-file.js';

export type FileOptions = BarFileOptions & TickFileOptions;

/**
 * Reads a file of bars or of ticks and checks every row: its columns or first lines say which it is, and `kind` tells them apart. Nothing is written anywhere, and
 * the caller decides what rejected rows mean.
 * @throws InvalidInputError where the file as a whole cannot be used; MissingDependencyError
 */
export async function openFile(path: string, options: FileOptions = {}): Promise<BarFile | TickFile> {
  return unpacked(path, options, async (source) => {
    // A mapping file describes bars.
    const ticks = options.map ? undefined : await ticksOf(source, options);
    return ticks ? readTickFile(source, ticks, options) : readBarFile(source, options);
  });
}

async function ticksOf(source: Source, options: FileOptions) {
  if (await isParquet(source.path)) return parquetTicks(source);
  return recogniseTicks(source, await firstLines(source.path), options);
}

/** As {@link openFile}, where only bars are wanted. */
export function openBarFile(path: string, options: BarFileOptions = {}): Promise<BarFile> {
  return unpacked(path, options, (source) => readBarFile(source, options));
}

async function unpacked<T>(path: string, options: BarFileOptions, read: (source: Source) => Promise<T>): Promise<T> {
  const { signal } = options;
  signal?.throwIfAborted();
  nameSeries({ name: path, tellingNames: [path] }, options, {}); // a wrong option is told before anything is read
  const source = await openSource(path, { signal });
  try {
    return await read(source);
  } catch (error) {
    await source.close();
    signal?.throwIfAborted();
    throw error;
  }
}
