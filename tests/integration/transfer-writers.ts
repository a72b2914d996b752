import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import type { BarStore } from '../../src/index.js';
import { instantOf } from '../setup/bar-arbitraries.js';
import { BarModel, printBars } from '../setup/bar-model.js';
import { openRawClient } from '../setup/raw-client.js';

export type LoggedOperation =
  | { readonly symbols: readonly string[]; readonly minutes: readonly number[]; readonly value: number }
  | { readonly symbol: string; readonly from: number; readonly to: number };

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Starts a script of this folder with tsx, whose name its sessions have; it is gone when the test ends. */
export function startScript(script: string, args: readonly string[], environment: NodeJS.ProcessEnv): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', `tests/integration/${script}`, ...args], {
    ...{ cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] },
    env: { ...process.env, DB_APPLICATION_NAME: script, ...environment },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Ends a script hard, and answers once the server has ended its sessions: one that was at its COMMIT may yet come through. */
export async function killScript(child: ChildProcess, databaseUrl: string | undefined): Promise<void> {
  const gone = child.exitCode === null ? once(child, 'exit') : undefined;
  child.kill('SIGKILL');
  await gone;
  if (databaseUrl === undefined) return;
  const raw = await openRawClient(databaseUrl);
  const script = basename(child.spawnargs[3]!);
  const sessions = 'SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1';
  while ((await raw.query(sessions, [script])).rowCount! > 0) await sleep(5);
  await raw.end();
}

/** A writer (transfer-writer.ts) and its log. */
export class Writer {
  readonly #log: string;
  readonly #prefix: string;
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #starts = 0;
  /** Operations that were killed before they were carried out. */
  readonly #lost = new Set<number>();

  constructor(log: string, prefix: string, environment: NodeJS.ProcessEnv) {
    this.#log = log;
    this.#prefix = prefix;
    this.#environment = environment;
  }

  /** Answers when it has opened its store. */
  async start(): Promise<void> {
    this.#starts += 1;
    const first = this.#starts === 1 ? 0 : this.operations.length;
    const args = [this.#log, this.#prefix, String(this.#starts), String(first)];
    this.#child = startScript('transfer-writer.ts', args, this.#environment);
    await this.progress();
  }

  /** Waits until it says once more that it goes on: after four writes. */
  async progress(): Promise<void> {
    const over = new AbortController();
    const said = once(this.#child!.stdout!, 'data', over);
    const ended = once(this.#child!, 'exit', over).then(([code]) => {
      throw new Error(`the writer ended with ${code}`);
    });
    await Promise.race([said, ended]).finally(() => over.abort());
  }

  async kill(): Promise<void> {
    await killScript(this.#child!, this.#environment.WYCKOFF_DATABASE_URL);
  }

  async stop(): Promise<void> {
    this.#child!.stdin!.end();
    const [code] = this.#child!.exitCode === null ? await once(this.#child!, 'exit') : [this.#child!.exitCode];
    if (code !== 0) throw new Error(`the writer ended with ${code}`);
  }

  /** Begun, in their order, and whether each was acknowledged. */
  get operations(): { readonly operation: LoggedOperation; readonly done: boolean }[] {
    const lines = readFileSync(this.#log, 'utf8').split('\n');
    return lines.flatMap((line, index) =>
      line.startsWith('begin ') ? [{ operation: JSON.parse(line.slice(6)), done: lines[index + 1] === 'done' }] : [],
    );
  }

  /**
   * Finds out what became of an operation that was killed, which nobody was told: `store` holds what it would have left, or what was there before, and
   * nothing in between.
   */
  async settle(store: BarStore): Promise<void> {
    const last = this.operations.length - 1;
    if (this.operations[last]?.done !== false) return; // it may have been killed before it began with anything
    const stored = await this.stored(store);
    if (JSON.stringify(stored) !== JSON.stringify(this.expected())) this.#lost.add(last);
    expect(stored).toEqual(this.expected());
  }

  /** What a store must hold of a series. */
  model(suffix: 'A' | 'B'): BarModel {
    const model = new BarModel(`${this.#prefix}${suffix}`, '1m');
    for (const [number, { operation }] of this.operations.entries()) {
      if (this.#lost.has(number)) continue;
      if ('symbol' in operation) {
        if (operation.symbol === model.key.symbol) model.delete(instantOf(operation.from), instantOf(operation.to));
      } else if (operation.symbols.includes(model.key.symbol)) {
        model.upsert(
          operation.minutes.map((minute) => ({
            ...{ ...model.key, timestamp: instantOf(minute), open: 1, high: operation.value + 1, low: 1, close: 1 },
            ...{ volume: operation.value, source: `op ${operation.value}` },
          })),
        );
      }
    }
    return model;
  }

  /** What the store holds of both series, printed. */
  async stored(store: BarStore): Promise<string[][]> {
    const read = async (suffix: string) =>
      printBars(await store.range({ symbol: `${this.#prefix}${suffix}`, timeframe: '1m' }));
    return [await read('A'), await read('B')];
  }

  expected(): string[][] {
    return [this.model('A').rows, this.model('B').rows];
  }
}
