import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { ChaosRun } from '../setup/chaos/run.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const ROUNDS = 5;

async function openChaos() {
  const directory = await mkdtemp(join(tmpdir(), 'wyckoff-chaos-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const { url } = await openTestStore({ logLevel: 'silent' });
  const client = await openRawClient(url);
  return { run: new ChaosRun(url, directory), client, directory, url };
}

const spools = async (directory: string) =>
  (await readdir(join(directory, 'spool'))).filter((name) => /^\d{15}-/.test(name));

test('a process killed at any moment under load has lost nothing that it acknowledged', async () => {
  const { run, client, directory } = await openChaos();
  for (let round = 1; round < ROUNDS; round += 1) {
    const producer = await run.produce();
    await sleep(Math.random() * 600);
    await producer.kill();
  }
  const last = await run.produce();
  await run.progress(5_000); // each bar comes again and again: some are revised
  expect(await last.stop()).toBe(0);
  expect(last.report).toMatchObject({ spooled: 0, left: 0, dropped: 0, deadLetters: 0 });
  const { problems, counts } = await run.check(client);
  expect(problems).toEqual([]);
  expect(counts.acknowledged).toBeGreaterThan(0);
  expect(counts.revisions).toBeGreaterThan(0);
  expect(await spools(directory)).toEqual([]);
  expect((await client.query('SELECT FROM ingest_positions')).rowCount).toBe(0);
});
