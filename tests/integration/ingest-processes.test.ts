import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { ChaosRun } from '../setup/chaos/run.js';
import { temporaryDirectory } from '../setup/ingest.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTcpProxy } from '../setup/tcp-proxy.js';
import { openTestStore } from '../setup/test-database.js';

const SIGNALLED = fileURLToPath(new URL('../setup/chaos/signalled.ts', import.meta.url));

test('two processes with one directory: each writes its own rows, and those of one that died once', async () => {
  const { url } = await openTestStore({ logLevel: 'silent' });
  const client = await openRawClient(url);
  const run = new ChaosRun(url, await temporaryDirectory());
  const first = await run.produce();
  await run.progress(100);
  await first.kill();
  // Both find what the first one left; the second one of them begins where nothing is left.
  const [second, third] = await Promise.all([run.produce(), run.produce()]);
  await run.progress(100);
  await second.kill();
  const fourth = await run.produce();
  await run.progress(100);
  expect([await third.stop(), await fourth.stop()]).toEqual([0, 0]);
  const { rows } = await client.query('SELECT count(*)::int AS bars FROM ohlcv_bars');
  expect(rows[0].bars).toBeGreaterThan(0);
  // Processes that write the same bars at the same time have no order; what was acknowledged is there, and nothing else.
  const { problems } = await run.check(client);
  expect(problems.filter((problem) => !/was written after|is stored/.test(problem))).toEqual([]);
  expect((await client.query('SELECT FROM ingest_positions')).rowCount).toBe(0);
});

/** It has so many milliseconds to write what waits. */
async function signalled(url: string, directory: string, durability: string, timeout: number) {
  const child = spawn(process.execPath, ['--import', 'tsx', SIGNALLED, url, directory, durability, `${timeout}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let logged = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    logged += text;
  });
  const lines = createInterface(child.stdout);
  const said: string[] = [];
  lines.on('line', (line) => said.push(line));
  await once(lines, 'line');
  return {
    stop: async () => {
      const exit = once(child, 'close');
      child.kill('SIGTERM');
      const [code] = await exit;
      const log = logged.trim().split('\n').filter(Boolean);
      return { code, report: JSON.parse(said.at(-1)!), log: log.map((line) => JSON.parse(line)) };
    },
  };
}

test('SIGTERM writes what waits, and the exit status is 0 only if nothing was lost', async () => {
  const { store, url } = await openTestStore({ logLevel: 'silent' });
  const directory = await temporaryDirectory();
  const written = await (await signalled(url, directory, 'memory', 120_000)).stop();
  expect(written).toMatchObject({
    code: 0,
    log: [],
    report: { written: 3, spooled: 0, left: 0, dropped: 0, deadLetters: 0 },
  });
  expect(await store.bars.count({ symbol: 'A', timeframe: '1m' })).toBe(3);

  for (const [durability, code, kept] of [
    ['memory', 1, { spooled: 0, left: 3 }],
    ['spool', 0, { spooled: 3, left: 0 }],
  ] as const) {
    const proxy = await openTcpProxy(url);
    const process = await signalled(proxy.url, directory, durability, 3_000);
    proxy.close();
    const { log, ...end } = await process.stop();
    expect(end).toEqual({ code, report: { written: 0, dropped: 0, deadLetters: 0, ...kept } });
    // Once, and why, however often it is asked.
    const away = log.filter(({ msg }) => /^the database is away/.test(msg));
    expect(away).toMatchObject([{ level: 40, err: { code: 'DATABASE_UNREACHABLE' } }]);
  }
});

test('a database that says nothing does not keep a process that is told to end', async () => {
  const { url } = await openTestStore({ logLevel: 'silent' });
  for (const [durability, code, kept] of [
    ['memory', 1, { spooled: 0, left: 3 }],
    ['spool', 0, { spooled: 3, left: 0 }],
  ] as const) {
    const proxy = await openTcpProxy(url);
    const process = await signalled(proxy.url, await temporaryDirectory(), durability, 1_000);
    proxy.hold(170_000); // longer than the test; the process has a second for its rows
    expect(await process.stop()).toMatchObject({ code, report: { written: 0, dropped: 0, deadLetters: 0, ...kept } });
  }
});
