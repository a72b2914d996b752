/** `read` counts bytes of the file, `write` bars or ticks; `done` comes once, when the file is finished with, whatever became of it. */
export type ImportPhase = 'read' | 'write' | 'done';

/** How far an import is: with one file, and in all. */
export interface ImportProgress {
  readonly path: string;
  readonly phase: ImportPhase;
  readonly done: number;
  readonly total: number;
  /** `done` a second in this phase; null at its beginning. */
  readonly rate: number | null;
  /** Until the file is finished with; null where there is no telling yet. */
  readonly secondsLeft: number | null;
  readonly all: {
    /** Finished with, of all. */
    readonly files: number;
    readonly totalFiles: number;
    /** Of all files; those under way in part, and those that were there already whole. */
    readonly bytes: number;
    readonly totalBytes: number;
    /** Bars and ticks that were written, or compared, and how many a second. */
    readonly bars: number;
    readonly rate: number | null;
    readonly secondsLeft: number | null;
  };
}

/** What of a file's time the reading takes, measured: for the time left alone. */
const READING = 0.25;
/** In seconds: what comes earlier tells nothing of what is to come. */
const TOO_EARLY = 0.5;

/** The progress of all files of an import. */
export class ImportMeter {
  readonly #report: (progress: ImportProgress) => void;
  readonly #totalFiles: number;
  readonly #totalBytes: number;
  readonly #started = performance.now();
  readonly #underWay = new Set<FileMeter>();
  #files = 0;
  #bytes = 0;
  /** Bytes of files that were there already: they were hashed alone, and say nothing of the others' time. */
  #skipped = 0;
  #bars = 0;

  constructor(sizes: readonly number[], report: ((progress: ImportProgress) => void) | undefined) {
    this.#report = report ?? (() => {});
    this.#totalFiles = sizes.length;
    this.#totalBytes = sizes.reduce((sum, size) => sum + size, 0);
  }

  file(path: string, bytes: number): FileMeter {
    const meter = new FileMeter(path, bytes, (progress) => this.#report({ ...progress, all: this.#all() }));
    this.#underWay.add(meter);
    return meter;
  }

  end(meter: FileMeter, skipped: boolean): void {
    this.#underWay.delete(meter);
    this.#files += 1;
    this.#bytes += meter.bytes;
    this.#bars += meter.bars;
    if (skipped) this.#skipped += meter.bytes;
    meter.show('done', 1, 1);
  }

  #all(): ImportProgress['all'] {
    const seconds = (performance.now() - this.#started) / 1000;
    let [bytes, bars] = [this.#bytes, this.#bars];
    for (const meter of this.#underWay) {
      bytes += meter.bytes * meter.fraction;
      bars += meter.bars;
    }
    const worked = bytes - this.#skipped;
    const left = this.#totalBytes - bytes;
    return {
      ...{ files: this.#files, totalFiles: this.#totalFiles, bytes: Math.round(bytes), totalBytes: this.#totalBytes },
      ...{ bars, rate: bars > 0 ? bars / seconds : null },
      secondsLeft: worked > 0 && seconds > TOO_EARLY ? (left * seconds) / worked : null,
    };
  }
}

/** The progress of one file. */
export class FileMeter {
  readonly path: string;
  readonly bytes: number;
  /** How much of its time is behind it, 0 to 1. */
  fraction = 0;
  bars = 0;
  readonly #report: (progress: Omit<ImportProgress, 'all'>) => void;
  readonly #started = performance.now();
  #phase: ImportPhase | undefined;
  #phaseStarted = 0;

  constructor(path: string, bytes: number, report: (progress: Omit<ImportProgress, 'all'>) => void) {
    this.path = path;
    this.bytes = bytes;
    this.#report = report;
  }

  show(phase: ImportPhase, done: number, total: number): void {
    const now = performance.now();
    if (phase !== this.#phase) [this.#phase, this.#phaseStarted] = [phase, now];
    const part = total > 0 ? done / total : 1;
    this.fraction = phase === 'read' ? part * READING : phase === 'write' ? READING + part * (1 - READING) : 1;
    if (phase === 'write') this.bars = done;
    const [seconds, all] = [(now - this.#phaseStarted) / 1000, (now - this.#started) / 1000];
    this.#report({
      ...{ path: this.path, phase, done, total },
      rate: seconds > 0 && done > 0 ? done / seconds : null,
      secondsLeft: this.fraction > 0 && all > TOO_EARLY ? (all * (1 - this.fraction)) / this.fraction : null,
    });
  }
}
