import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
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

test('a disk that takes no more makes callers wait, and nothing goes on in memory', async () => {
  const { store, url } = await openTestStore({ logLevel: 'silent' });
  const directory = await temporaryDirectory();
  // In blocks of 1024 bytes. No file of that process may grow beyond: write(2) fails with EFBIG in the middle of a record.
  const command = `ulimit -f 16; exec "$0" --import tsx "$1" "$2" "$3"`;
  const child = spawn('/bin/sh', ['-c', command, process.execPath, LIMITED, url, directory], {
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
  expect(blocked).toContain('blocked EFBIG');
  expect(said.at(-1)).toBe('closed');
  const stored = (await store.bars.existingTimestamps(SERIES)).length;
  expect(stored).toBe(acknowledged.length);
  expect(acknowledged).toEqual(upTo(400));
});
