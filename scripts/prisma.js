// `npm run prisma -- <any prisma command>`: Prisma's CLI with the schema engine from npm, so that no command downloads anything.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';

const [command = '', ...rest] = process.argv.slice(2);
const environment = {
  ...process.env,
  PRISMA_SCHEMA_ENGINE_BINARY: fileURLToPath(new URL('schema-engine.js', import.meta.url)),
  // No telemetry, no look-up of newer versions.
  CHECKPOINT_DISABLE: '1',
  PRISMA_HIDE_UPDATE_MESSAGE: '1',
};

const needsDatabase =
  ['migrate', 'db', 'studio'].includes(command) && !rest.some((word) => ['-h', '--help'].includes(word));
const server = needsDatabase ? await embeddedServerWhereNoneIsConfigured() : undefined;
if (server) environment.WYCKOFF_DATABASE_URL = server.url;

const cli = createRequire(import.meta.url).resolve('prisma/build/index.js');
const child = spawn(process.execPath, [cli, ...process.argv.slice(2)], { stdio: 'inherit', env: environment });
// A terminal sends Ctrl+C to the child too; what matters is not to leave before it. Other signals reach only this process.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
const { code, signal } = await new Promise((resolve, reject) => {
  child.once('error', reject);
  child.once('exit', (code, signal) => resolve({ code, signal }));
});
await server?.release();
if (signal) {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
} else {
  process.exitCode = code ?? 1;
}

/** The one place where the Prisma CLI meets the embedded server; prisma.config.ts reads `.env` on the way. */
async function embeddedServerWhereNoneIsConfigured() {
  register();
  const { default: config } = await import('../prisma.config.ts');
  if (config.datasource) return undefined;
  const { startEmbeddedServer } = await import('../src/database/embedded-server.ts');
  return startEmbeddedServer({ dataDirectory: process.env.WYCKOFF_DATA_DIR || '.wyckoff' });
}
