import { resolve } from 'node:path';
import type { BarSource } from './bar-source.js';
import { csvSource } from './csv-source.js';
import { type ReadingOptions, scanText } from './csv-text.js';
import type { LayoutDescription } from './layouts/description.js';
import { readLayoutDescription } from './layouts/map-file.js';

export interface SourceOptions extends ReadingOptions {
  /** How the file is laid out, where it is not recognised. See `readMapFile`. */
  readonly map?: LayoutDescription | undefined;
}

/**
 * Recognises by its content how a file is written.
 * @throws InvalidInputError
 */
export async function openBarSource(path: string, options: SourceOptions): Promise<BarSource> {
  const map = options.map && readLayoutDescription(options.map);
  return csvSource(await scanText(resolve(path), options), map);
}
