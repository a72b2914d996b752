import { resolve } from 'node:path';
import type { Source } from './archive/source.js';
import type { BarSource } from './bar-source.js';
import { csvSource } from './csv-source.js';
import { type ReadingOptions, scanText } from './csv-text.js';
import { asTable } from './json-lines.js';
import type { LayoutDescription } from './layouts/description.js';
import { isParquet } from './parquet/footer.js';
import { parquetSource } from './parquet/parquet-source.js';

export interface SourceOptions extends ReadingOptions {
  /** How the file is laid out, where it is not recognised. See `readMapFile`. */
  readonly map?: LayoutDescription | undefined;
  readonly timezone?: string | undefined;
}

/**
 * Recognises by its content how a file is written.
 * @throws InvalidInputError
 */
export async function openBarSource(file: Source, options: SourceOptions): Promise<BarSource> {
  const path = resolve(file.path);
  const map = options.map && (await checked(options.map));
  if (await isParquet(path)) return parquetSource(path, file.name, { ...options, map });
  return csvSource(asTable(await scanText(path, options, file)), map);
}

async function checked(map: LayoutDescription): Promise<LayoutDescription> {
  const { readLayoutDescription } = await import('./layouts/map-file.js'); // zod takes longer than most files
  return readLayoutDescription(map);
}
