import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openStore } from '../../../src/index.js';
import { openRawClient } from '../raw-client.js';
import { openTcpProxy } from '../tcp-proxy.js';
import { Disturbances } from './disturbances.js';
import { ChaosRun } from './run.js';
import type { ChaosServer } from './server.js';

/** Rounds; `npm run test:chaos` makes more of them. */
export const ROUNDS = Number(process.env.CHAOS_ROUNDS ?? 14);
/** Milliseconds for all of them, and for a busy machine to write then what waits. */
export const LONGEST = 420_000 + ROUNDS * 20_000;

/** Disturbs producers that write to this server, whose database is to be made, and holds what is in it then against what they were told. */
export async function survive(server: ChaosServer, parent: string): Promise<void> {
  const directory = join(parent, 'ingest');
  await mkdir(directory);
  await (await openStore({ databaseUrl: server.url, migrations: 'apply', logLevel: 'silent' })).close();
  const proxy = await openTcpProxy(server.url);
  const run = new ChaosRun(proxy.url, directory);
  const disturbances = new Disturbances(run, server, proxy);
  const start = performance.now();
  await disturbances.rounds(ROUNDS);
  const seconds = (since: number) => Math.round((performance.now() - since) / 1000);
  const [disturbed, end] = [seconds(start), performance.now()];
  const status = await disturbances.producer!.stop();
  const { problems, counts } = await run.check(await openRawClient(server.url));
  const times = { rounds: ROUNDS, seconds: disturbed, closing: seconds(end) };
  process.stdout.write(`chaos: ${JSON.stringify({ ...times, ...disturbances.happened, ...counts })}\n`);
  expect(problems).toEqual([]);
  expect(disturbances.producer!.report).toMatchObject({ spooled: 0, deadLetters: 0 });
  expect(status).toBe(0);
  expect(counts.acknowledged).toBeGreaterThan(0);
}
