import { openSource } from './archive/source.js';
import { type BarFile, type BarFileOptions, openBarsIn } from './bar-file.js';
import { firstLines } from './first-lines.js';
import { recogniseTicks } from './ticks/recognise.js';
import { readTickFile, type TickFile, type TickFileOptions } from './ticks/tick-file.js';

export type FileOptions = BarFileOptions & TickFileOptions;

/**
 * Reads a file of bars or of ticks, packed or not: its first lines say which it is. Nothing is written anywhere. `kind` tells them apart.
 * @throws InvalidInputError where the file as a whole cannot be used; MissingDependencyError
 */
export async function openFile(path: string, options: FileOptions = {}): Promise<BarFile | TickFile> {
  const { signal } = options;
  signal?.throwIfAborted();
  const file = await openSource(path, { signal });
  try {
    const ticks = recogniseTicks(file, await firstLines(file.path), options);
    return ticks ? await readTickFile(file, ticks, options) : await openBarsIn(file, options);
  } catch (error) {
    await file.close();
    signal?.throwIfAborted();
    throw error;
  }
}
