import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { embeddedServerStatus, startEmbeddedServer } from '../../src/database/embedded-server.js';
import { dataDirectory, run, useDataDirectory } from './embedded-processes.js';

useDataDirectory();

describe('wyckoff db', () => {
  async function db(...args: string[]): Promise<{ code: number; output: string }> {
    const child = run('cli', dataDirectory, ...args);
    const [output, [code]] = await Promise.all([text(child.stdout!), once(child, 'exit')]);
    return { code, output };
  }

  it('starts, tells, and stops, with exit codes that a script can use', async () => {
    expect(await db('status')).toEqual({ code: 3, output: expect.stringContaining('There is no database in') });
    expect(await db('stop')).toEqual({ code: 0, output: 'The embedded server was not running.\n' });
    expect(await db('start')).toEqual({
      code: 0,
      output: expect.stringMatching(
        /^Made a new database and started PostgreSQL 18\.\d+ on 127\.0\.0\.1:\d+, data in /,
      ),
    });
    const server = await embeddedServerStatus({ dataDirectory });
    expect(await db('url')).toEqual({ code: 0, output: `${server.url}\n` });
    const { code, output } = await db('status', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(output)).toMatchObject({
      state: 'running',
      pinned: true,
      users: [],
      pid: server.pid,
      port: server.port,
      version: server.version,
      configuredInstead: null,
    });
    expect(output).not.toContain(new URL(server.url!).password);

    const user = await startEmbeddedServer({ dataDirectory });
    expect(await db('stop')).toEqual({
      code: 1,
      output: `The embedded server still runs: process ${process.pid} uses it. It stops by itself when the last one leaves.\n`,
    });
    await user.release();
    expect(await db('start')).toEqual({ code: 0, output: expect.stringMatching(/^Started PostgreSQL/) });
    expect(await db('stop')).toEqual({ code: 0, output: expect.stringMatching(/^Stopped the embedded server\./) });
    expect(await db('status')).toEqual({ code: 3, output: expect.stringContaining('is stopped') });
  });
});
