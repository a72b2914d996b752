import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src/index.js';
import { ChaosRun, type Producer } from '../setup/chaos/run.js';
import { ChaosServer } from '../setup/chaos/server.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTcpProxy } from '../setup/tcp-proxy.js';

const ROUNDS = Number(process.env.CHAOS_ROUNDS ?? 8);

test('whatever happens to the producer, the server and the network, every acknowledged row is there once', {
  timeout: 120_000 + ROUNDS * 20_000,
}, async () => {
  const parent = await mkdtemp(join(tmpdir(), 'wyckoff-chaos-'));
  await chmod(parent, 0o711); // as root, the server runs as another user, who must get through
  const directory = join(parent, 'ingest');
  await mkdir(directory);
  const server = await ChaosServer.start(join(parent, 'data'));
  onTestFinished(async () => {
    await server.stop();
    await rm(parent, { recursive: true, force: true });
  });
  await (await openStore({ databaseUrl: server.url, migrations: 'apply', logLevel: 'silent' })).close();
  const proxy = await openTcpProxy(server.url);
  const run = new ChaosRun(proxy.url, directory);
  const durabilities = ['spool', 'database'] as const;
  let producer: Producer = await run.produce();

  const disturbances: Readonly<Record<string, () => Promise<unknown>>> = {
    kill: async () => {
      await producer.kill();
      producer = await run.produce(durabilities[Math.floor(Math.random() * 2)]);
    },
    restart: async () => {
      await server.restart();
      proxy.leadTo(server.url);
    },
    pause: () => server.pause(300),
    terminate: () => server.terminate(),
    cut: async () => proxy.cut(),
    loseCommit: async () => proxy.loseCommit('commit'),
    loseAnswer: async () => proxy.loseCommit('answer'),
  };
  const names = Object.keys(disturbances);
  const done: Record<string, number> = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    // Each of them once, and then at random.
    const name = names[round] ?? names[Math.floor(Math.random() * names.length)]!;
    await sleep(Math.random() * 400);
    await disturbances[name]!();
    done[name] = (done[name] ?? 0) + 1;
  }
  await sleep(200);
  expect(await producer.stop()).toBe(0);
  expect(producer.report).toMatchObject({ spooled: 0, deadLetters: 0 });
  const { problems, counts } = await run.check(await openRawClient(server.url));
  process.stdout.write(`chaos: ${JSON.stringify({ ...done, ...counts })}\n`);
  expect(problems).toEqual([]);
  expect(counts.acknowledged).toBeGreaterThan(0);
});
