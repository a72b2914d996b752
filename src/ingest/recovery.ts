import type { Pool } from '../database/pool.js';
import type { Logger } from '../observability/logger.js';
import { type DeadLetters, letterId } from './dead-letters.js';
import type { Entry } from './entry.js';
import { guardedSession, LONGEST_QUESTION } from './guarded-session.js';
import { LANES } from './lanes.js';
import type { Observers } from './observer.js';
import { Origin } from './origin.js';
import { readPositions } from './positions.js';
import { type SpoolDirectory, type SpoolHome, segmentsOf } from './spool/home.js';
import { decodeEntries } from './spool/payload.js';
import { readSegment } from './spool/read-segment.js';
import { removeSpool } from './spool/remove-spool.js';
import { replaySpool } from './spool/replay.js';
import type { SegmentRecord } from './spool/segment.js';
import type { Totals } from './totals.js';

interface RecoveryParts {
  readonly home: SpoolHome;
  readonly pool: Pool;
  readonly deadLetters: DeadLetters;
  readonly observers: Observers;
  readonly totals: Totals;
  readonly log: Logger;
  /** Waits until there is room; false: the ingest is stopped. */
  readonly push: (entry: Entry) => Promise<boolean>;
}

interface Orphan {
  readonly directory: SpoolDirectory;
  readonly origin: Origin;
  damaged: readonly number[];
  /** Of each lane, the last entry that is queued: where a file cannot be read, it is begun again, and nothing is to be queued twice. */
  readonly queued: number[];
  /** Everything in it is queued. */
  read: boolean;
  clearing?: Promise<void>;
}

/** Brings in what processes that died had acknowledged, before anything new of the same series. */
export class Recovery {
  readonly #parts: RecoveryParts;
  #orphans: Orphan[] = [];
  #stopped = false;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  get origins(): readonly Origin[] {
    return this.#orphans.map(({ origin }) => origin);
  }

  /** Takes over what belongs to nobody. */
  async adopt(): Promise<void> {
    const { home } = this.#parts;
    const directories = await home.adopt();
    while (directories.length > 0) {
      try {
        await this.#adoptOne(directories[0]!);
        directories.shift();
      } catch (error) {
        for (const directory of directories) await home.release(directory);
        throw error;
      }
    }
  }

  /** Queues everything; what is done then is cleared away by itself. */
  async read(): Promise<void> {
    const { deadLetters } = this.#parts;
    if (this.#orphans.length === 0) return;
    const dead = new Set((await deadLetters.list()).map(({ id }) => id));
    for (const orphan of this.#orphans.filter(({ read }) => !read)) {
      if (!(await this.#readOne(orphan, dead))) return;
      orphan.read = true;
      void orphan.origin.settled().then(
        () => this.#clear(orphan),
        () => {}, // closed: `stop` leaves it to the next one
      );
    }
  }

  /** Leaves what is not done to the next one that opens. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const orphan of [...this.#orphans]) {
      if (orphan.read && orphan.origin.left === 0) await this.#clear(orphan);
      else await this.#parts.home.release(orphan.directory);
    }
  }

  async #adoptOne(directory: SpoolDirectory): Promise<void> {
    const { home, pool, log } = this.#parts;
    const done = await readPositions(guardedSession(pool, LONGEST_QUESTION), directory.id);
    if (done) {
      const origin = new Origin(directory.id, true, done);
      // How many rows there are is known before they are queued.
      for (const number of await segmentsOf(directory)) {
        const { records } = await readSegment(directory.path, directory.id, number);
        for (const { lane, first, count } of records) if (lane < LANES) origin.accept(lane, first + count - 1);
      }
      this.#orphans.push({ directory, origin, damaged: [], queued: [...done], read: false });
      return;
    }
    if ((await segmentsOf(directory)).length === 0) {
      await home.remove(directory);
      return;
    }
    const hint = 'open the store at the database that it is of, or remove the folder';
    log.error({ spool: directory.path, hint }, 'a spool with rows of another database waits here');
    await home.release(directory);
  }

  /** False: stopped. */
  async #readOne(orphan: Orphan, dead: ReadonlySet<string>): Promise<boolean> {
    const { push, log, totals } = this.#parts;
    const { directory, origin, queued } = orphan;
    let rows = 0;
    const take = async ({ lane, first, payload }: SegmentRecord, from: number) => {
      for (const [index, entry] of decodeEntries(payload, lane).entries()) {
        const number = first + index;
        if (number < from || this.#stopped) continue;
        const known = dead.has(letterId(origin.id, lane, number));
        const placed = entry.placed(origin, number, performance.now());
        placed.dead = known;
        if (!(await push(placed))) this.#stopped = true;
        else {
          queued[lane] = number;
          rows += entry.rows.length;
          totals.accepted += entry.rows.length;
        }
      }
    };
    orphan.damaged = await replaySpool(directory, [...queued], take, this.#parts);
    if (this.#stopped) return false;
    log.warn({ spool: directory.path, rows }, 'rows of a process that died are written');
    return true;
  }

  #clear(orphan: Orphan): Promise<void> {
    orphan.clearing ??= this.#remove(orphan);
    return orphan.clearing;
  }

  async #remove(orphan: Orphan): Promise<void> {
    const { home, pool, log } = this.#parts;
    try {
      for (const segment of orphan.damaged) await home.keepDamaged(orphan.directory, segment);
      await removeSpool(home, pool, orphan.directory);
    } catch (err) {
      log.warn({ err, spool: orphan.directory.path }, 'a spool that is done cannot be removed');
      await home.release(orphan.directory);
    } finally {
      this.#orphans = this.#orphans.filter((one) => one !== orphan);
    }
  }
}
