import { setTimeout as sleep } from 'node:timers/promises';
import type { Bar } from '../../../domain/bar.js';
import { dualReads } from '../../../observability/dual-reads.js';
import type { Logger } from '../../../observability/logger.js';
import type { BarStore } from '../bar-store.js';

/** A longer answer is not kept for a comparison. */
const LONGEST_ANSWER = 20_000;
/** Reads that wait for theirs. */
const MOST_WAITING = 100;
/** A write that is under way is on one side first: milliseconds before both are read again. */
const PAUSES = [50];

export type Answer = readonly Bar[] | number;

export interface ComparedRead {
  readonly operation: string;
  readonly input: unknown;
  readonly answer: Answer;
  readonly read: (side: BarStore) => Promise<Answer>;
  readonly primary: BarStore;
  readonly other: BarStore;
  /** Runs `work` while nobody writes; undefined where the two sides need not be alike by then. */
  readonly atRest: (work: () => Promise<Difference>) => Promise<Difference>;
}

type Difference = Record<string, unknown> | undefined;

/** Compares answers with the other side's, one after the other and behind the reads themselves: none waits for it, and none fails by it. */
export class Comparison {
  readonly #log: Logger;
  readonly #waiting: ComparedRead[] = [];
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  offer(read: ComparedRead): void {
    if (this.#stop.signal.aborted) return;
    const tooLong = typeof read.answer !== 'number' && read.answer.length > LONGEST_ANSWER;
    if (tooLong || this.#waiting.length >= MOST_WAITING) {
      dualReads.skipped += 1;
      return;
    }
    this.#waiting.push(read);
    this.#running ??= this.#run();
  }

  /** Waits until every read that was offered is compared. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Waits for the comparison that is under way; those that wait are given up. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#waiting.length = 0;
    await this.#running;
  }

  async #run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve)); // the reader has its answer first
    for (let read = this.#waiting.shift(); read; read = this.#waiting.shift()) {
      try {
        await this.#compare(read);
      } catch (err) {
        if (this.#stop.signal.aborted) break;
        dualReads.failed += 1;
        this.#log.warn({ err, operation: read.operation, input: read.input }, 'a read could not be compared');
      }
    }
    this.#running = undefined;
  }

  async #compare({ operation, input, answer, read, primary, other, atRest }: ComparedRead): Promise<void> {
    let difference = differenceOf(answer, await read(other));
    for (const pause of PAUSES) {
      if (!difference) break;
      await sleep(pause, undefined, { signal: this.#stop.signal });
      difference = differenceOf(await read(primary), await read(other));
    }
    // A series that is written all the time differs at every look.
    if (difference) difference = await atRest(async () => differenceOf(await read(primary), await read(other)));
    dualReads.compared += 1;
    if (!difference) return;
    dualReads.mismatches += 1;
    this.#log.warn({ operation, input, difference }, 'the two sides of the cutover differ');
  }
}

/** The first thing that differs; what each side knows for itself, when it learned a bar, is left out. */
function differenceOf(one: Answer, other: Answer): Difference {
  if (typeof one === 'number' || typeof other === 'number') return one === other ? undefined : { primary: one, other };
  for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
    const [primary, compared] = [one[index], other[index]].map((bar) => bar && valuesOf(bar));
    if (JSON.stringify(primary) !== JSON.stringify(compared)) return { primary, other: compared };
  }
  return undefined;
}

export function valuesOf({ createdAt: _, ...bar }: Bar): Omit<Bar, 'createdAt'> {
  return bar;
}
