import { closedOnError, openSource } from './archive/source.js';
import { type BarFile, type BarFileOptions, checkSeriesOptions, openBars } from './bar-file.js';
import { firstLines } from './first-lines.js';
import { recogniseTicks } from './ticks/recognise.js';
import { readTickFile, type TickFile, type TickFileOptions } from './ticks/tick-file.js';

export type FileOptions = BarFileOptions & TickFileOptions;

/**
 * Reads a file of bars or of ticks, packed or not: its first lines say which it is, unless a mapping file says that it has bars. Nothing is written
 * anywhere. `kind` tells them apart.
 * @throws InvalidInputError where the file as a whole cannot be used; MissingDependencyError
 */
export async function openFile(path: string, options: FileOptions = {}): Promise<BarFile | TickFile> {
  const { signal, map } = options;
  signal?.throwIfAborted();
  checkSeriesOptions(path, options);
  return closedOnError<BarFile | TickFile>(await openSource(path, { signal }), signal, async (source) => {
    const ticks = map ? undefined : recogniseTicks(source, await firstLines(source.path), options);
    return ticks ? readTickFile(source, ticks, options) : openBars(source, options);
  });
}
