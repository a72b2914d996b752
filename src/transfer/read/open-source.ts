import { resolve } from 'node:path';
import type { BarSource } from './bar-source.js';
import { csvSource } from './csv-source.js';
import { type ReadingOptions, scanText } from './csv-text.js';
import type { LayoutDescription } from './layouts/description.js';

export interface SourceOptions extends ReadingOptions {
  /** How the file is laid out, where it is not recognised. See `readMapFile`. */
  readonly map?: LayoutDescription | undefined;
}

/**
 * Recognises by its content how a file is written.
 * @throws InvalidInputError
 */
export async function openBarSource(path: string, options: SourceOptions): Promise<BarSource> {
  const text = await scanText(resolve(path), options);
  if (options.map === undefined) return csvSource(text, undefined);
  const { readLayoutDescription } = await import('./layouts/map-file.js'); // zod takes longer than most files
  return csvSource(text, readLayoutDescription(options.map));
}
