// `npm run manifest`: migrates an empty database and writes down what that makes, for `wyckoff doctor` to compare databases with.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { register } from 'tsx/esm/api';

register();
const { readConfig } = await import('../src/config.ts');
const { Database } = await import('../src/database/database.ts');
const { manifestFile, writeManifest } = await import('../src/database/doctor/manifest.ts');
const { readSchema } = await import('../src/database/doctor/read-schema.ts');

const dataDirectory = await mkdtemp(join(tmpdir(), 'wyckoff-manifest-'));
await chmod(dataDirectory, 0o711); // as root, the server runs as another user, who must get through
try {
  const database = await Database.open(readConfig({ dataDirectory }, {}), 'apply');
  try {
    await writeFile(manifestFile(), writeManifest(await database.pool.transaction(readSchema)));
  } finally {
    await database.close();
  }
} finally {
  await rm(dataDirectory, { recursive: true, force: true });
}
