import { randomUUID } from 'node:crypto';
import type { Pool } from '../database/pool.js';
import { QueueFullError, SpoolError } from '../errors.js';
import type { Logger } from '../observability/logger.js';
import type { Entry, NewEntry } from './entry.js';
import { guardedSession, LONGEST_QUESTION } from './guarded-session.js';
import { LANES } from './lanes.js';
import { Origin } from './origin.js';
import { registerSpool } from './positions.js';
import type { SpoolDirectory, SpoolHome } from './spool/home.js';
import { OwnReader } from './spool/own-reader.js';
import { decodeEntries, encodeEntries } from './spool/payload.js';
import { removeSpool } from './spool/remove-spool.js';
import { LONGEST_PAYLOAD, type SegmentRecord } from './spool/segment.js';
import { Spool, type SpoolLimits } from './spool/spool.js';

interface LocalSpoolParts {
  readonly home: SpoolHome;
  readonly pool: Pool;
  readonly limits: SpoolLimits;
  readonly log: Logger;
  readonly onBlocked: (code: string | undefined) => void;
  /** Entries that there is room for. */
  readonly room: () => number;
  readonly push: (entry: Entry) => void;
  /** Waits until there is room; false: the ingest is stopped. */
  readonly pushWaiting: (entry: Entry) => Promise<boolean>;
}

/** The spool of this process: rows go to the disk, and from memory, or from the disk where there was no room, into the queue. */
export class LocalSpool {
  readonly origin: Origin;
  readonly spool: Spool;
  readonly #directory: SpoolDirectory;
  readonly #parts: LocalSpoolParts;
  readonly #reader: OwnReader;
  readonly #next = new Array<number>(LANES).fill(1);

  private constructor(directory: SpoolDirectory, parts: LocalSpoolParts) {
    this.#directory = directory;
    this.#parts = parts;
    this.origin = new Origin(directory.id, true);
    this.spool = new Spool(directory.path, this.origin, parts.limits, parts.log, parts.onBlocked);
    this.#reader = new OwnReader(this.spool, directory.id, parts.log, (record) => this.#takeBack(record));
  }

  static async create(parts: LocalSpoolParts): Promise<LocalSpool> {
    const directory = await parts.home.create(randomUUID());
    try {
      await registerSpool(guardedSession(parts.pool, LONGEST_QUESTION), directory.id);
      return new LocalSpool(directory, parts);
    } catch (error) {
      await parts.home.release(directory); // it may be registered: the next one that opens finds out
      throw error;
    }
  }

  /** Lets rows go on into the queue; until then they wait on the disk. */
  start(): void {
    this.#reader.start();
  }

  /** Answers when all of them are on the disk. @throws QueueFullError where there is no room, and the caller does not want to wait */
  async append(entries: readonly NewEntry[], wait: boolean): Promise<void> {
    const acceptedAt = performance.now();
    const parts = [...byLane(entries)].map(([lane, own]) => ({ lane, own, encoded: [...encodeEntries(own)] }));
    let bytes = 0;
    for (const { payload } of parts.flatMap(({ encoded }) => encoded)) {
      if (payload.length > LONGEST_PAYLOAD) throw tooLarge(payload.length);
      bytes += payload.length;
    }
    if (!wait && this.spool.isFullFor(bytes)) throw full(this.spool);
    const records: SegmentRecord[] = [];
    const numbered: Entry[] = [];
    for (const { lane, own, encoded } of parts) {
      let number = this.#next[lane]!;
      for (const { count, payload } of encoded) {
        records.push({ lane, first: number, count, payload });
        number += count;
      }
      for (const [index, entry] of own.entries()) {
        numbered.push(entry.placed(this.origin, this.#next[lane]! + index, acceptedAt));
      }
      this.#next[lane] = number;
    }
    await this.spool.append(records, (place) => {
      for (const { lane, number } of numbered) this.origin.accept(lane, number);
      if (this.#reader.caughtUp && this.#parts.room() >= numbered.length) numbered.forEach(this.#parts.push);
      else this.#reader.readFrom(place);
    });
  }

  /** Waits until all that is on the disk is in the queue. */
  async read(): Promise<void> {
    await this.spool.idle();
    await this.#reader.idle();
  }

  /** Removes it where everything is done, and leaves it to the next process otherwise. */
  async stop(error: unknown): Promise<void> {
    const { home, pool, log } = this.#parts;
    await this.#reader.stop();
    await this.spool.stop(error);
    if (this.origin.left === 0) {
      try {
        await removeSpool(home, pool, this.#directory);
        return;
      } catch (err) {
        log.warn({ err }, 'a spool that is done cannot be removed: the next ingest that opens does so');
      }
    }
    await home.release(this.#directory);
  }

  async #takeBack({ lane, first, payload }: SegmentRecord): Promise<void> {
    const acceptedAt = performance.now();
    for (const [index, entry] of decodeEntries(payload, lane).entries()) {
      const placed = entry.placed(this.origin, first + index, acceptedAt);
      if (this.#parts.room() > 0) this.#parts.push(placed);
      else if (!(await this.#parts.pushWaiting(placed))) return;
    }
  }
}

/** In the order in which they were given, by lane; those of one call have one group. */
function byLane(entries: readonly NewEntry[]): Map<number, NewEntry[]> {
  const lanes = new Map<number, NewEntry[]>();
  for (const entry of entries) {
    const own = lanes.get(entry.lane);
    if (own) own.push(entry);
    else lanes.set(entry.lane, [entry]);
  }
  return lanes;
}

function tooLarge(bytes: number): SpoolError {
  return new SpoolError('RECORD_TOO_LARGE', `rows of one instant without ids take ${bytes} bytes in the spool`, {
    hint: 'give trades their ids, or write them with store.trades.upsert',
  });
}

function full({ blocked, bytes }: Spool): QueueFullError {
  const reason = blocked === undefined || blocked === 'SPOOL_FULL' ? `it has ${bytes} bytes` : blocked;
  return new QueueFullError('SPOOL_FULL', `the spool takes nothing at the moment: ${reason}`, {
    hint: 'add it again later; ingest.spoolSize says how much it takes while the database is away',
  });
}
