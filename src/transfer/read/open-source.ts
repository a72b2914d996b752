import { resolve } from 'node:path';
import type { Source } from './archive/source.js';
import type { BarSource } from './bar-source.js';
import { csvSource } from './csv-source.js';
import { type ReadingOptions, scanText } from './csv-text.js';
import { isParquet } from './parquet/footer.js';
import { parquetSource } from './parquet/parquet-source.js';

/**
 * Recognises by its content how a file is written.
 * @throws InvalidInputError
 */
export async function openBarSource(
  file: Source,
  options: ReadingOptions & { readonly timezone?: string | undefined },
): Promise<BarSource> {
  const path = resolve(file.path);
  if (await isParquet(path)) return parquetSource(path, file.name, options.timezone);
  return csvSource(await scanText(path, options, file.name));
}
