import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src/index.js';
import { minuteBar, openIngestByProxy, temporaryDirectory } from '../setup/ingest.js';
import { openTestStore } from '../setup/test-database.js';

const LIMITED = fileURLToPath(new URL('../setup/chaos/limited-producer.ts', import.meta.url));
const SERIES = { symbol: 'A', timeframe: '1m' } as const;

/** A spool with twenty bars that an ingest left, since it could not reach its database. */
async function leaveSpool(bars = 20) {
  const opened = await openIngestByProxy({ durability: 'spool', interval: 0 });
  opened.proxy.close();
  for (let minute = 0; minute < bars; minute += 1) await opened.store.ingest.add(minuteBar('A', minute));
  expect(await opened.store.ingest.close({ timeout: 20 })).toMatchObject({ spooled: bars });
  const home = join(opened.directory, 'spool');
  const [name] = (await readdir(home)).filter((entry) => /^\d{15}-/.test(entry));
  const file = join(home, name!, '00000001.segment');
  return { ...opened, home, file };
}

async function replay(directory: string, url: string) {
  const store = await openStore({ databaseUrl: url, logLevel: 'silent', ingest: { directory, durability: 'memory' } });
  const damaged: { readonly bytes: number; readonly torn: boolean }[] = [];
  store.ingest.observe({ damaged: ({ bytes, torn }) => damaged.push({ bytes, torn }) });
  await store.ingest.flush();
  const minutes = (await store.bars.existingTimestamps(SERIES)).map((at) => at.getUTCMinutes());
  await store.close();
  return { minutes, damaged };
}

const upTo = (count: number) => Array.from({ length: count }, (_, minute) => minute);

test('a torn tail is cut and told of; all before it is written', async () => {
  const { file, directory, url, home } = await leaveSpool();
  const { length } = await readFile(file);
  await truncate(file, length - 10);
  const { minutes, damaged } = await replay(directory, url);
  expect(minutes).toEqual(upTo(19));
  expect(damaged).toEqual([{ bytes: expect.any(Number), torn: true }]);
  expect(await readdir(home)).toEqual(['lock']);
});

test('damage in the middle loses what it touched alone, and the file is kept', async () => {
  const { file, directory, url, home } = await leaveSpool();
  const bytes = await readFile(file);
  const at = bytes.indexOf('"volume":"107"');
  bytes[at + 11]! ^= 1;
  await writeFile(file, bytes);
  const { minutes, damaged } = await replay(directory, url);
  expect(minutes).toEqual(upTo(20).filter((minute) => minute !== 7));
  expect(damaged).toEqual([{ bytes: expect.any(Number), torn: false }]);
  const [kept] = await readdir(join(home, 'damaged'));
  expect(await readFile(join(home, 'damaged', kept!))).toEqual(bytes);
});

test('zeros at the end, as a power loss leaves them, and a file without a header cost nothing', async () => {
  const { file, directory, url } = await leaveSpool();
  await writeFile(file, Buffer.alloc(5000), { flag: 'a' });
  await writeFile(file.replace('00000001', '00000002'), Buffer.from('WYC'));
  const { minutes } = await replay(directory, url);
  expect(minutes).toEqual(upTo(20));
});

interface Limit {
  readonly code: string;
  /** Runs what is behind it. */
  readonly program: readonly [string, ...string[]];
  /** In a shell, before the producer. */
  readonly command: string;
}

const LIMITS: readonly Limit[] = [
  // In blocks of 1024 bytes. No file of that process may grow beyond: write(2) fails in the middle of a record.
  { code: 'EFBIG', program: ['/bin/sh'], command: 'ulimit -f 16' },
  // A disk of its own, which is gone with the process.
  { code: 'ENOSPC', program: ['unshare', '-rm', '/bin/sh'], command: 'mount -t tmpfs -o size=32k tmpfs "$3"' },
];

/** Not every machine, or container, lets a user mount something for itself. */
function isPossible({ program: [program, ...args], command }: Limit): boolean {
  const { status, stderr, error } = spawnSync(program, [...args, '-c', command, '', '', '', tmpdir()], {
    encoding: 'utf8',
  });
  if (status !== 0)
    process.stdout.write(`no small disk can be mounted here (${error ?? stderr.trim()}): that test is left out\n`);
  return status === 0;
}

test.each(LIMITS.filter(isPossible))(
  'a disk that takes no more ($code) makes callers wait, and nothing goes on in memory',
  async ({ code: refusal, program: [program, ...args], command }) => {
    const { store, url } = await openTestStore({ logLevel: 'silent' });
    const directory = await temporaryDirectory();
    const producer = `${command} && exec "$0" --import tsx "$1" "$2" "$3"`;
    const child = spawn(program, [...args, '-c', producer, process.execPath, LIMITED, url, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH, TSX_DISABLE_CACHE: '1' },
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const said: string[] = [];
    createInterface(child.stdout).on('line', (line) => said.push(line));
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    const acknowledged = said.filter((line) => line.startsWith('ack ')).map((line) => Number(line.slice(4)));
    const blocked = said.filter((line) => line.startsWith('blocked '));
    expect(blocked).toContain(`blocked ${refusal}`);
    expect(said.at(-1)).toBe('closed');
    const stored = (await store.bars.existingTimestamps(SERIES)).length;
    expect(stored).toBe(acknowledged.length);
    expect(acknowledged).toEqual(upTo(400));
  },
);

test('a file that a failed disk left where the next segment is to be makes nobody wait for ever', async () => {
  const { store, directory } = await openIngestByProxy({ durability: 'spool', interval: 0, segmentSize: 1024 });
  await store.ingest.flush();
  await store.ingest.add(minuteBar('A', 0));
  const home = join(directory, 'spool');
  const [name] = (await readdir(home)).filter((entry) => /^\d{15}-/.test(entry));
  await writeFile(join(home, name!, '00000002.segment'), '');
  for (let minute = 1; minute < 20; minute += 1) await store.ingest.add(minuteBar('A', minute));
  await store.ingest.flush();
  expect(await store.bars.count(SERIES)).toBe(20);
  expect(await store.ingest.close()).toMatchObject({ written: 20, spooled: 0 });
});
