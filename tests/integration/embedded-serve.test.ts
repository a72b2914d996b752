import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../src/index.js';
import { type ChaosServer, freezeServer, startEmbeddedChaos } from '../setup/chaos/server.js';
import { readMetrics } from '../setup/metrics-text.js';
import { ServeProcess } from '../setup/serve-process.js';

const MIB = 2 ** 20;
const REQUEST = 'GET /metrics HTTP/1.1\r\nhost: localhost\r\n';

async function startServer(): Promise<ChaosServer> {
  const parent = await mkdtemp(join(tmpdir(), 'wyckoff-serve-'));
  await chmod(parent, 0o711); // as root, the server runs as another user, who must get through
  const server = await startEmbeddedChaos(join(parent, 'data'));
  onTestFinished(async () => {
    await server.remove();
    await rm(parent, { recursive: true, force: true });
  });
  await (await openStore({ databaseUrl: server.url, migrations: 'apply', logLevel: 'silent' })).close();
  return server;
}

test('wyckoff serve stays up under a hundred scrapes at once, slow clients, lost ones, and a database that hangs', {}, async () => {
  const server = await startServer();
  const serving = await ServeProcess.start(server.url, '--host', '127.0.0.1');
  const scrape = async () => readMetrics((await serving.ask('/metrics')).body);
  const round = async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => serving.ask('/metrics')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    return answers.map(({ body }) => readMetrics(body));
  };
  const memory = async () => (await scrape())('process_resident_memory_bytes')!;

  for (let warm = 0; warm < 3; warm += 1) await round();
  const before = await memory();
  // Some ask and leave, some never end their request, some ask and do not read.
  const slow = await Promise.all(
    Array.from({ length: 50 }, async (_, turn) => {
      const gone = await serving.say(`${REQUEST}\r\n`);
      gone.destroy();
      const socket = await serving.say(turn % 2 ? REQUEST : `${REQUEST}\r\n`.repeat(50));
      if (turn % 2) socket.resume();
      else socket.pause();
      return socket;
    }),
  );
  for (let turn = 0; turn < 20; turn += 1) await round();
  expect(await memory()).toBeLessThan(before + 100 * MIB);
  while ((await scrape())('wyckoff_database_up') !== 1) await sleep(100);

  const goOn = await freezeServer(server);
  onTestFinished(goOn);
  while ((await scrape())('wyckoff_database_up') !== 0) await sleep(100);
  for (const during of await round()) {
    expect(during('wyckoff_database_up')).toBe(0);
    expect(during('wyckoff_database_size_bytes')).toBeGreaterThan(0); // as it was read last
  }
  const probes = await Promise.all(Array.from({ length: 100 }, () => serving.ask('/health/ready')));
  expect(new Set(probes.map(({ status }) => status))).toEqual(new Set([503]));
  // Neither scrapes nor probes take the pool away, however long it lasts: one connection each.
  const probe = serving.ask('/health/ready');
  await sleep(500);
  expect((await scrape())('wyckoff_pool_connections_used')).toBeLessThanOrEqual(2);
  expect(await serving.ask('/health/live')).toEqual({ status: 200, body: '{"status":"ok"}\n' });
  goOn();
  await probe;
  while ((await scrape())('wyckoff_database_up') !== 1) await sleep(100);
  expect((await serving.ask('/health/ready')).status).toBe(200);
  // Requests that never came to their end were cut meanwhile.
  const unfinished = slow.filter((_, turn) => turn % 2 === 1);
  while (!unfinished.every(({ closed }) => closed)) await sleep(100);
  for (const socket of slow) socket.destroy();
  expect(await serving.stop()).toBe(0);
});

test('wyckoff serve listens on the loopback alone unless it is told otherwise', async () => {
  if (!existsSync('/proc/net/tcp')) {
    process.stdout.write(
      'this system has no /proc/net/tcp: where wyckoff serve listens is tried by a connection alone\n',
    );
    return;
  }
  const server = await startServer();
  const serving = await ServeProcess.start(server.url);
  expect(listeners(serving.port)).toEqual(['0100007F']); // 127.0.0.1, its bytes turned round
  const open = await ServeProcess.start(server.url, '--host', '0.0.0.0');
  expect(listeners(open.port)).toEqual(['00000000']);
});

/** Local addresses of sockets that listen on the port: https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt */
function listeners(port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .filter((path) => existsSync(path))
    .flatMap((path) => readFileSync(path, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(`:${hex}`) && state === '0A')
    .map(([, local = '']) => local.split(':')[0]!);
}
