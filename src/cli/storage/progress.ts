import { SingleBar } from 'cli-progress';
import { note } from '../output.js';

/** A bar on a terminal, a line at the start of each step elsewhere; on stderr, so that the report can be piped. */
export class Progress {
  readonly #quiet: boolean;
  readonly #bar: SingleBar | undefined;
  #step = '';

  constructor(quiet: boolean) {
    this.#quiet = quiet;
    if (!quiet && process.stderr.isTTY)
      this.#bar = new SingleBar({ format: '{bar} {percentage}% {step}', clearOnComplete: true, hideCursor: true });
  }

  show(step: string, done: number, total: number): void {
    if (this.#quiet || total === 0) return;
    const began = step !== this.#step;
    this.#step = step;
    if (!this.#bar) {
      if (began) note(step);
    } else if (began) this.#bar.start(total, done, { step });
    else this.#bar.update(done, { step });
  }

  stop(): void {
    this.#bar?.stop();
  }
}
