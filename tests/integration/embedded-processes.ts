/** A data directory for one test, and other processes at work in it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, expect } from 'vitest';
import { embeddedServerStatus } from '../../src/database/embedded-server.js';

const USER = fileURLToPath(new URL('./embedded-user.ts', import.meta.url));
export const isRoot = process.getuid?.() === 0;

export let parent: string;
export let dataDirectory: string;
export let children: ChildProcess[];

/** Call once in a test file: makes `dataDirectory` before each test, and ends what is left after it. */
export function useDataDirectory(): void {
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'wyckoff-embedded-'));
    if (isRoot) await chmod(parent, 0o711); // the server's user has to pass
    dataDirectory = join(parent, 'data');
    children = [];
  });

  afterEach(async () => {
    for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
    const { pid, state } = await embeddedServerStatus({ dataDirectory });
    if (pid !== undefined && state !== 'stopped') {
      process.kill(pid, 'SIGINT');
      await untilState('stopped');
    }
    await rm(parent, { recursive: true, force: true });
  });
}

/** Runs embedded-user.ts. */
export function run(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', USER, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH },
  });
  children.push(child);
  return child;
}

interface UserProcess {
  child: ChildProcess;
  server: { url: string; port: number; started: boolean };
}

/** Another process that uses the server; resolves when it has joined. */
export async function userProcess(what = 'use', directory = dataDirectory): Promise<UserProcess> {
  const child = run(what, directory);
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
  return { child, server: JSON.parse(line) };
}

export async function leave({ child }: UserProcess): Promise<void> {
  child.stdin!.end();
  expect(await once(child, 'exit')).toEqual([0, null]);
}

export async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

export async function query(url: string, sql: string): Promise<unknown[][]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}

async function untilState(state: string): Promise<void> {
  while ((await embeddedServerStatus({ dataDirectory })).state !== state) await sleep(20);
}

export async function killServer(): Promise<number> {
  const { pid } = await embeddedServerStatus({ dataDirectory });
  process.kill(pid!, 'SIGKILL');
  await untilState('stopped');
  return pid!;
}
