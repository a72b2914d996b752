import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { BarStore } from '../../src/index.js';
import { instantOf } from '../setup/bar-arbitraries.js';
import { BarModel, printBars } from '../setup/bar-model.js';

export type LoggedOperation =
  | { readonly symbols: readonly string[]; readonly minutes: readonly number[]; readonly value: number }
  | { readonly symbol: string; readonly from: number; readonly to: number };

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Starts a script of this folder with tsx; it is gone when the test ends. */
export function startScript(script: string, args: readonly string[], environment: NodeJS.ProcessEnv): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', `tests/integration/${script}`, ...args], {
    ...{ cwd: ROOT, env: { ...process.env, ...environment }, stdio: ['pipe', 'pipe', 'inherit'] },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** A writer (transfer-writer.ts) and its log. */
export class Writer {
  readonly #log: string;
  readonly #prefix: string;
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #starts = 0;

  constructor(log: string, prefix: string, environment: NodeJS.ProcessEnv) {
    this.#log = log;
    this.#prefix = prefix;
    this.#environment = environment;
  }

  /** Answers when it has written for the first time. */
  async start(): Promise<void> {
    this.#starts += 1;
    const first = this.#starts === 1 ? 0 : this.operations.length;
    const args = [this.#log, this.#prefix, String(this.#starts), String(first)];
    this.#child = startScript('transfer-writer.ts', args, this.#environment);
    await this.progress(1);
  }

  /** Waits until it says `lines` more times that it goes on: every ten writes. */
  async progress(lines = 2): Promise<void> {
    for (let line = 0; line < lines; line += 1) {
      const outcome = await Promise.race([once(this.#child!.stdout!, 'data'), once(this.#child!, 'exit')]);
      if (typeof outcome[0] === 'number') throw new Error(`the writer ended with ${outcome[0]}`);
    }
  }

  async kill(): Promise<void> {
    this.#child!.kill('SIGKILL');
    await once(this.#child!, 'exit');
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
   * What a store must hold. An operation that was killed may have been carried out or not; the next ones tell nothing of it, so that each of them is settled
   * by `carriedOut` when it is known.
   */
  model(suffix: 'A' | 'B', lost: ReadonlySet<number>): BarModel {
    const model = new BarModel(`${this.#prefix}${suffix}`, '1m');
    for (const [number, { operation }] of this.operations.entries()) {
      if (lost.has(number)) continue;
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

  expected(lost: ReadonlySet<number> = new Set()): string[][] {
    return [this.model('A', lost).rows, this.model('B', lost).rows];
  }
}
