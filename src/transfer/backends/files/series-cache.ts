import { stat } from 'node:fs/promises';
import { InvalidInputError, WyckoffError } from '../../../errors.js';
import { seriesName } from '../../../repositories/bars/catalog.js';
import { type LoadedSeries, loadSeries } from './load-series.js';
import type { SeriesPath } from './series-path.js';

/** Bars that are held, some 100 bytes each. The series used last is held whatever its size. */
const HELD_BARS = 1_000_000;
/** A file that is replaced again and again while it is read is read this often. */
const ATTEMPTS = 20;

interface Held extends LoadedSeries {
  /** Which version of the file it is. */
  readonly version: string;
}

/** The series that were read last. A file whose inode, size and time of change are the same was not changed: writers replace it, and never write into it. */
export class SeriesCache {
  readonly #held = new Map<string, Held>();

  async read(file: SeriesPath, path: string, scale: number | undefined): Promise<LoadedSeries> {
    const name = seriesName(file);
    for (let attempt = 1; ; attempt += 1) {
      const version = await versionOf(path);
      const held = this.#held.get(name);
      if (held?.version === version && (scale === undefined || held.series.volumeScale === scale)) {
        this.#hold(name, held);
        return held;
      }
      try {
        const loaded = await loadSeries(file, path, scale);
        if ((await versionOf(path)) !== version) continue;
        this.#hold(name, { ...loaded, version });
        return loaded;
      } catch (error) {
        const replaced = attempt < ATTEMPTS && (await versionOf(path).catch(() => version)) !== version;
        if (!replaced || !(error instanceof InvalidInputError || error instanceof WyckoffError)) throw error;
      }
    }
  }

  /** Takes what was just written, which need not be read again. */
  async keep(file: SeriesPath, path: string, loaded: LoadedSeries): Promise<void> {
    this.#hold(seriesName(file), { ...loaded, version: await versionOf(path) });
  }

  #hold(name: string, held: Held): void {
    this.#held.delete(name);
    this.#held.set(name, held);
    let bars = 0;
    for (const { series } of this.#held.values()) bars += series.length;
    for (const [other, { series }] of this.#held) {
      if (bars <= HELD_BARS || other === name) break;
      this.#held.delete(other);
      bars -= series.length;
    }
  }
}

async function versionOf(path: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
