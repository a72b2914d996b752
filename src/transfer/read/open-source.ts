import { resolve } from 'node:path';
import type { BarSource } from './bar-source.js';
import { csvSource } from './csv-source.js';
import { type ReadingOptions, scanText } from './csv-text.js';

/**
 * Recognises by its content how a file is written.
 * @throws InvalidInputError
 */
export async function openBarSource(path: string, options: ReadingOptions): Promise<BarSource> {
  return csvSource(await scanText(resolve(path), options));
}
