import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { passingName, sweep } from '../../src/transfer/leftovers.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const IMPORTER = fileURLToPath(new URL('import-process.ts', import.meta.url));
const ID = '00000000-0000-4000-8000-000000000000';

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'wyckoff-leftovers-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** The name of a process that has ended. */
async function deadName(): Promise<string> {
  const print = "import('./src/transfer/leftovers.ts').then(async (m) => console.log(await m.passingName()))";
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '-e', print]);
  return stdout.trim();
}

test('what a dead process of this user and place has left is swept, and nothing else', async () => {
  const path = await directory();
  const living = await passingName();
  const dead = await deadName();
  const [, place] = decodeURIComponent(living).split('@') as [string, string];
  const here = encodeURIComponent(`@${place.slice(0, place.lastIndexOf('.'))}`);
  const gone = [`wyckoff-${dead}`, `wyckoff-${process.pid}-1${here}.${ID}`]; // its pid is this one's now
  const stay = [
    `wyckoff-${living}`,
    dead,
    `wyckoff-${dead}.csv`,
    `wyckoff-${ID}`,
    `wyckoff-1-1%40elsewhere%3A1.${ID}`,
    `wyckoff-1-1%40%E0.${ID}`,
  ];
  for (const name of [...gone, ...stay]) {
    await mkdir(join(path, name));
    await writeFile(join(path, name, 'spill'), 'x');
  }
  await symlink(join(path, stay[0]!), join(path, `wyckoff-${dead.replace(/[0-9a-f]{4}$/, 'aaaa')}`));
  if (process.getuid?.() === 0) {
    const others = `wyckoff-${dead.replace(/[0-9a-f]{4}$/, 'bbbb')}`;
    await mkdir(join(path, others));
    await chown(join(path, others), 65_534, 65_534);
    stay.push(others);
  }
  await sweep(path, 'wyckoff-', '');
  expect((await readdir(path)).sort()).toEqual(stay.sort());
  expect(await readdir(join(path, stay.find((name) => name === `wyckoff-${living}`)!))).toEqual(['spill']);
  await sweep(join(path, 'missing'), 'wyckoff-', '');
});

test('what a killed import has unpacked and spilled is removed by the next', async () => {
  const { url } = await openTestStore();
  const path = await directory();
  const temporary = join(path, 'temporary');
  await mkdir(temporary);
  const rows = Array.from({ length: 20_000 }, (_, minute) => {
    return `${new Date(Date.UTC(2024, 0, 1) + minute * 60_000).toISOString()},10,12,9,11,${minute}`;
  });
  const source = join(path, 'AAPL_1m.csv.gz');
  await writeFile(source, gzipSync(['timestamp,open,high,low,close,volume', ...rows].join('\n')));
  const spilled = join(temporary, `wyckoff-${await deadName()}`);
  await mkdir(spilled);
  await writeFile(join(spilled, 'duckdb_temp_storage_DEFAULT-0.tmp'), 'rows');
  const run = async (until: string) => {
    const child = spawn(process.execPath, ['--import', 'tsx', IMPORTER, url, source], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: temporary },
    });
    await new Promise<void>((said, failed) => {
      child.stdout.on('data', (chunk) => `${chunk}`.includes(until) && said());
      child.once('exit', () => failed(new Error(`it ended before it said ${until}`)));
    });
    const left = (await readdir(temporary)).filter((name) => name.startsWith('wyckoff-'));
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    return left;
  };
  const raw = await openRawClient(url);
  await raw.query('BEGIN; LOCK TABLE import_files IN SHARE MODE'); // it cannot finish before it is killed
  const left = await run('writing');
  await raw.query('ROLLBACK');
  expect(left).not.toEqual([]);
  for (const name of left) expect(name).toMatch(/^wyckoff-\d+-/);
  expect(left.map((name) => join(temporary, name))).not.toContain(spilled);
  expect(await run('done 0')).toEqual([]);
});
