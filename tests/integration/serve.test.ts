import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigError, openStore } from '../../src/index.js';
import { createTestDatabase, openTestStore } from '../setup/test-database.js';

async function answerOf(url: string, init?: RequestInit) {
  const response = await fetch(url, init);
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
}

test('a hundred scrapes at once are all answered, and the server goes on', async () => {
  const { store } = await openTestStore({ metrics: true, maxConnections: 2 });
  const url = await store.serve({ port: 0 });
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, turn) => answerOf(`${url}/${turn % 2 ? 'metrics' : 'health/ready'}`)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(answers[1]!.type).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answers[1]!.body).toContain('wyckoff_pool_connections_max 2');
    expect(JSON.parse(answers[0]!.body)).toMatchObject({ status: 'ok', serverVersion: expect.any(String) });
  }
  expect(await answerOf(`${url}/health/live`)).toMatchObject({ status: 200, body: '{"status":"ok"}\n' });
});

test('clients that it has no room for are sent away, and when others leave it answers again', async () => {
  const { store } = await openTestStore({ metrics: true });
  const url = await store.serve({ port: 0 });
  const port = Number(new URL(url).port);
  const clients = Array.from({ length: 501 }, () =>
    connect(port, '127.0.0.1')
      .on('error', () => {})
      .resume(),
  );
  await Promise.race(clients.map((client) => once(client, 'close')));
  await expect(fetch(`${url}/health/live`)).rejects.toThrow();
  for (const client of clients) client.destroy();
  await expect.poll(() => fetch(`${url}/health/live`).then(({ status }) => status), { timeout: 30_000 }).toBe(200);
});

test('a store that is closed meanwhile serves nothing: its process could not end', async () => {
  const { store } = await openTestStore();
  const served = store.serve({ port: 0 });
  const closed = store.close();
  await expect(served).rejects.toMatchObject({ code: 'STORE_CLOSED' });
  await closed;
  await expect(store.serve({ port: 0 })).rejects.toMatchObject({ code: 'STORE_CLOSED' });
});

test('it listens on this machine alone unless it is told otherwise', async () => {
  const { store } = await openTestStore();
  const { port, hostname } = new URL(await store.serve({ port: 0 }));
  expect(hostname).toBe('127.0.0.1');
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  if (outside) await expect(fetch(`http://${outside.address}:${port}/health/live`)).rejects.toThrow();
  else console.info('this machine has no address but its own: not tried from outside');
  const open = new URL(await store.serve({ port: 0, host: '0.0.0.0' }));
  expect((await answerOf(`http://${outside?.address ?? '127.0.0.1'}:${open.port}/health/live`)).status).toBe(200);
});

test('a process that cannot reach its database is alive and not ready', async () => {
  const database = await createTestDatabase();
  const store = await openStore({ databaseUrl: database.url });
  onTestFinished(() => store.close());
  const url = await store.serve({ port: 0 });
  expect((await answerOf(`${url}/health/ready`)).status).toBe(200);
  await database.drop();
  const { status, body } = await answerOf(`${url}/health/ready`);
  expect(status).toBe(503);
  expect(JSON.parse(body)).toEqual({
    status: 'unavailable',
    error: { code: 'DATABASE_MISSING', message: expect.stringContaining('does not exist') },
  });
  expect((await answerOf(`${url}/health/live`)).status).toBe(200);
});

test('other paths and methods are refused, also metrics that nobody asked to be counted', async () => {
  const { store } = await openTestStore();
  const url = await store.serve({ port: 0 });
  expect(await answerOf(`${url}/metrics`)).toMatchObject({
    status: 404,
    body: '{"error":"not found","paths":["/health/live","/health/ready"]}\n',
  });
  expect((await answerOf(`${url}/health/live`, { method: 'POST' })).status).toBe(405);
  expect(await answerOf(`${url}/health/live`, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
});

test('a port that is taken is an error of its own; when the store closes, the port is free', async () => {
  const { store } = await openTestStore();
  const { port } = new URL(await store.serve({ port: 0 }));
  const again = store.serve({ port: Number(port) });
  await expect(again).rejects.toThrow(ConfigError);
  await expect(again).rejects.toMatchObject({ code: 'PORT_TAKEN', hint: expect.stringContaining('0 for any') });
  await expect(store.serve({ host: '192.0.2.1', port: 0 })).rejects.toMatchObject({ code: 'ADDRESS_NOT_AVAILABLE' });
  await store.close();
  await expect(fetch(`http://127.0.0.1:${port}/health/live`)).rejects.toThrow();
});
