// `npm run generate`: makes the Prisma client, when the schema or Prisma's version changed since the last time. Quiet unless it fails.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const client = join(root, 'src/generated/prisma/client.ts');
// Inside the output folder: whoever deletes the client deletes the claim that it is up to date.
const stamp = join(root, 'src/generated/prisma/.made-from');

const madeFrom = fingerprint();
if (!existsSync(client) || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== madeFrom) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/prisma.js', 'generate'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status === 0) writeFileSync(stamp, madeFrom);
  else process.stderr.write(`${stdout}${stderr}`);
  process.exitCode = status ?? 1;
}

/** Everything the client is made from. */
function fingerprint() {
  const hash = createHash('sha256').update(createRequire(import.meta.url)('prisma/package.json').version);
  const schemas = readdirSync(join(root, 'prisma'), { recursive: true, encoding: 'utf8' });
  for (const file of schemas.filter((name) => name.endsWith('.prisma')).sort()) {
    hash.update(`\0${file}\0`).update(readFileSync(join(root, 'prisma', file)));
  }
  return hash.digest('hex');
}
