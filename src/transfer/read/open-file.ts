import { type BarFile, type BarFileOptions, openBarFile } from './bar-file.js';
import { firstLines } from './first-lines.js';
import { recogniseTicks } from './ticks/recognise.js';
import { readTickFile, type TickFile, type TickFileOptions } from './ticks/tick-file.js';

export type FileOptions = BarFileOptions & TickFileOptions;

/**
 * Reads a file of bars or of ticks: its first lines say which it is. Nothing is written anywhere. `kind` tells them apart.
 * @throws InvalidInputError where the file as a whole cannot be used; MissingDependencyError
 */
export async function openFile(path: string, options: FileOptions = {}): Promise<BarFile | TickFile> {
  options.signal?.throwIfAborted();
  const ticks = recogniseTicks({ path, tellingNames: [path] }, await firstLines(path), options);
  return ticks ? readTickFile(path, ticks, options) : openBarFile(path, options);
}
