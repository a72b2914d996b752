import { execFile } from 'node:child_process';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { packagedMigrations } from '../../src/database/migrate.js';
import { readMigrations } from '../../src/database/schema-engine/migration-list.js';
import { SchemaEngineServer } from '../../src/database/schema-engine/rpc.js';
import { openStore, type WyckoffError } from '../../src/index.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Outcome {
  readonly code: number;
  /** What it printed, on either stream. */
  readonly output: string;
}

/** `npm run prisma -- <args>` for the database of this URL. */
export function prisma(url: string, ...args: string[]): Promise<Outcome> {
  return run(url, ['scripts/prisma.js', ...args]);
}

/** `wyckoff <line>` for each of the lines, one after the other. */
export async function wyckoff(url: string, ...lines: string[]): Promise<Outcome[]> {
  const { output } = await run(url, ['--import', 'tsx', 'tests/setup/command-lines.ts', ...lines]);
  const parts = output.split('\0');
  return lines.map((_, index) => ({ code: Number(parts[2 * index + 1]), output: parts[2 * index]! }));
}

/** What `prisma migrate deploy` has our engine do, and prints of it: without the Prisma command line, which takes seconds to start. */
export const deploy = (url: string) => schemaEngine(url, 'applyMigrations');

/** As {@link deploy}, `prisma migrate reset --force`. */
export const reset = (url: string) => schemaEngine(url, 'reset', 'applyMigrations');

async function schemaEngine(url: string, ...methods: string[]): Promise<Outcome> {
  const filters = { externalTables: [], externalEnums: [] };
  const params = { migrationsList: await readMigrations(packagedMigrations()), filters, filter: filters };
  const [input, output] = [new PassThrough(), new PassThrough()];
  const server = new SchemaEngineServer({ connectionString: url, input, output });
  const served = server.serve();
  const outcome = { code: 0, output: '' };
  const answers = createInterface({ input: output })[Symbol.asyncIterator]();
  for (const [id, method] of methods.entries()) {
    input.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    for (let answered = false; !answered; ) {
      const message = JSON.parse((await answers.next()).value);
      answered = message.method === undefined;
      if (!answered) outcome.output += `${message.params.content}\n`;
      else if (message.error) {
        input.end();
        await served;
        return { code: 1, output: `${outcome.output}${message.error.data.message}\n` };
      } else if (message.result) outcome.output += `applied ${message.result.appliedMigrationNames.length}\n`;
    }
  }
  input.end();
  await served;
  return outcome;
}

function run(url: string, args: string[]): Promise<Outcome> {
  const env = { ...process.env, WYCKOFF_DATABASE_URL: url, NO_COLOR: '1' };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: ROOT, env }, (error, stdout, stderr) => {
      const code = error ? Number(error.code ?? -1) : 0;
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}

/** The layout of a store that can be opened; of one that cannot, why, as the command line says it. */
export async function open(url: string): Promise<string> {
  const store = await openStore({ databaseUrl: url }).catch((error: WyckoffError) => error);
  if (store instanceof Error) return `error: ${store.message} [${store.code}]\nhint: ${store.hint}\n`;
  const { layout } = store;
  await store.close();
  return layout;
}
