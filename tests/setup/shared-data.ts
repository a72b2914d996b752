import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../shared/data', import.meta.url));

/** Real market data that lie beside the project where it is developed; a user's clone has none. */
export const hasSharedData = existsSync(folder);
if (!hasSharedData) process.stderr.write('there is no ../shared/data: the tests on real market data are left out\n');

export function sharedFile(name: string): string {
  return join(folder, name);
}
