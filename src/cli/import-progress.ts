import { SingleBar } from 'cli-progress';
import type { ImportProgress } from '../transfer/import/progress.js';
import { plain } from './ledger/format.js';
import { note } from './output.js';

/** In milliseconds: how often a program that is no terminal is told. */
const INTERVAL = 10_000;

/** A bar on a terminal, a line every ten seconds elsewhere; on stderr, so that the report can be piped. */
export class ImportProgressView {
  readonly #quiet: boolean;
  readonly #bar: SingleBar | undefined;
  #told = performance.now();

  constructor(quiet: boolean) {
    this.#quiet = quiet;
    if (quiet || !process.stderr.isTTY) return;
    this.#bar = new SingleBar({
      ...{ format: '{bar} {percentage}% {files}{speed}{left}  {current}', clearOnComplete: true, hideCursor: true },
      ...{ barsize: 20, noTTYOutput: false },
    });
  }

  readonly show = (progress: ImportProgress): void => {
    if (this.#quiet) return;
    if (this.#bar) this.#draw(this.#bar, progress);
    else if (performance.now() - this.#told > INTERVAL) {
      this.#told = performance.now();
      const { files, speed, left, current } = payload(progress);
      note(`${Math.floor(percent(progress))}% ${files}${speed}${left}  ${current}`);
    }
  };

  stop(): void {
    this.#bar?.stop();
  }

  #draw(bar: SingleBar, progress: ImportProgress): void {
    const fields = payload(progress);
    if (bar.isActive) bar.update(percent(progress), fields);
    else bar.start(100, percent(progress), fields);
  }
}

function percent({ all }: ImportProgress): number {
  return all.totalBytes === 0 ? 0 : (100 * all.bytes) / all.totalBytes;
}

function payload({ path, phase, done, total, secondsLeft, all }: ImportProgress) {
  const part = total > 0 ? Math.floor((100 * done) / total) : 100;
  const left = secondsLeft !== null && all.totalFiles > 1 && phase !== 'done' ? `, ${duration(secondsLeft)} left` : '';
  return {
    files: `${all.files} of ${all.totalFiles} files`,
    speed: all.rate === null ? '' : `, ${Math.round(all.rate).toLocaleString('en-US')} bars/s`,
    left: all.secondsLeft === null ? '' : `, ${duration(all.secondsLeft)} left`,
    current: phase === 'done' ? '' : `${plain(path)}: ${phase === 'read' ? 'reading' : 'writing'} ${part}%${left}`,
  };
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}
