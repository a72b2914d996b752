import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { WYCKOFF } from './wyckoff-program.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** `wyckoff serve` on a free port, as a process of its own, from its sources. */
export class ServeProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(databaseUrl: string, ...options: string[]): Promise<ServeProcess> {
    const args = [...WYCKOFF, 'serve', '--port', '0', ...options];
    const env = { ...process.env, WYCKOFF_DATABASE_URL: databaseUrl, WYCKOFF_LOG_LEVEL: 'silent' };
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'pipe'] });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    let said = '';
    for await (const chunk of child.stderr) {
      said += String(chunk);
      const [, url] = /Serving (http:\S+)\/metrics/.exec(said) ?? [];
      if (url) return new ServeProcess(child, url);
    }
    throw new Error(`it does not serve: ${said}`);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  async ask(path: string): Promise<{ status: number; body: string }> {
    const response = await fetch(`${this.url}${path}`, { headers: { connection: 'close' } });
    return { status: response.status, body: await response.text() };
  }

  /** A connection on which a client has said `text`. */
  async say(text: string): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  }

  /** Tells it to stop; answers its exit status. */
  async stop(): Promise<number | null> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const [code] = await exit;
    return code as number | null;
  }
}
