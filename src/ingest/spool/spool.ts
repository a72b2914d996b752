import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../observability/logger.js';
import type { Origin } from '../origin.js';
import { syncDirectory } from './files.js';
import { HEADER_BYTES, RECORD_BYTES, type SegmentRecord } from './segment.js';
import { SegmentFile } from './segment-file.js';

export interface SpoolLimits {
  /** Bytes of all segments together. */
  readonly spoolSize: number;
  /** Bytes of a segment, after which the next one begins. */
  readonly segmentSize: number;
}

/** A place in the spool. */
export interface SpoolPlace {
  readonly segment: number;
  readonly offset: number;
}

interface Pending {
  readonly records: readonly SegmentRecord[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** Called in the moment in which all is on the disk, in the order of the records in it. */
  readonly onDurable: (place: SpoolPlace) => void;
}

/** Bytes written and synchronized at once. */
const LARGEST_GROUP = 4 * 2 ** 20;
/** Milliseconds until a disk that failed is tried again. */
const BLOCKED_POLL = 100;

/** Appends records to segment files. All that comes while the disk is busy goes down with the next sync (group commit). */
export class Spool {
  readonly segments: SegmentFile[] = [];
  /** Why nothing can be appended at the moment. */
  blocked: string | undefined;
  readonly #directory: string;
  readonly #origin: Origin;
  readonly #limits: SpoolLimits;
  readonly #log: Logger;
  readonly #onBlocked: (code: string | undefined) => void;
  #pending: Pending[] = [];
  /** Of these, so many are written at once: less after a disk refused them. */
  #most = Number.POSITIVE_INFINITY;
  #working: Promise<void> | undefined;
  #stopped: { readonly error: unknown } | undefined;
  #number = 0;
  #removing = Promise.resolve();

  constructor(
    directory: string,
    origin: Origin,
    limits: SpoolLimits,
    log: Logger,
    onBlocked: (code: string | undefined) => void,
  ) {
    this.#directory = directory;
    this.#origin = origin;
    this.#limits = limits;
    this.#log = log;
    this.#onBlocked = onBlocked;
    origin.onDone = () => this.#reclaim();
  }

  get bytes(): number {
    return this.segments.reduce((sum, { size }) => sum + size, 0);
  }

  /** Bytes, with the header of the segment that they may need. */
  get #room(): number {
    return this.#limits.spoolSize - this.bytes - HEADER_BYTES;
  }

  /** Whether this many bytes would have to wait. */
  isFullFor(bytes: number): boolean {
    if (this.blocked !== undefined) return true;
    const all = this.#pending.reduce((sum, one) => sum + one.bytes, bytes);
    // They may begin new segments on their way.
    if (all + Math.ceil(all / this.#limits.segmentSize) * HEADER_BYTES <= this.#room) return false;
    // What is in the segment that is being written may be done.
    if (!this.#working)
      void this.segments
        .at(-1)
        ?.seal()
        .then(() => this.#reclaim());
    return true;
  }

  /** Answers when the records are on the disk; waits while it is full or fails. @throws what `stop` was given */
  append(records: readonly SegmentRecord[], onDurable: (place: SpoolPlace) => void): Promise<void> {
    const bytes = records.reduce((sum, { payload }) => sum + RECORD_BYTES + payload.length, 0);
    return new Promise((resolve, reject) => {
      this.#pending.push({ records, bytes, resolve, reject, onDurable });
      this.#go();
    });
  }

  /** Waits until what was appended is on the disk. */
  async idle(): Promise<void> {
    while (this.#working) await this.#working;
  }

  /** What cannot be brought to the disk now fails with `error`, and nothing more is to be appended. */
  async stop(error: unknown): Promise<void> {
    this.#stopped = { error };
    await this.idle();
    await this.segments.at(-1)?.seal();
    this.#reclaim();
    await this.#removing;
  }

  #go(): void {
    if (this.#pending.length === 0) return;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      this.#go();
    });
  }

  /** Writes until it succeeds: a caller is never told that something is safe which is in memory alone. */
  async #work(): Promise<void> {
    while (this.#pending.length > 0) {
      const { group, bytes } = this.#nextGroup();
      const segment = await this.#write(group, bytes);
      if (segment) {
        this.#pending.splice(0, group.length);
        this.#most *= 2;
        let offset = segment.size - bytes;
        for (const { bytes: own, onDurable, resolve } of group) {
          onDurable({ segment: segment.number, offset });
          offset += own;
          resolve();
        }
      } else if (this.#stopped) {
        for (const { reject } of this.#pending.splice(0)) reject(this.#stopped.error);
      } else {
        this.#most = 1;
        await sleep(BLOCKED_POLL);
      }
    }
  }

  /** What is written next: no more than there is room for, and one at least. */
  #nextGroup(): { readonly group: Pending[]; readonly bytes: number } {
    const most = Math.min(LARGEST_GROUP, this.#limits.segmentSize, this.#room);
    let [count, bytes] = [1, this.#pending[0]!.bytes];
    for (
      ;
      count < Math.min(this.#pending.length, this.#most) && bytes + this.#pending[count]!.bytes <= most;
      count += 1
    )
      bytes += this.#pending[count]!.bytes;
    return { group: this.#pending.slice(0, count), bytes };
  }

  /** Undefined: it cannot be written now. */
  async #write(group: readonly Pending[], bytes: number): Promise<SegmentFile | undefined> {
    try {
      const segment = await this.#segmentFor(bytes);
      await segment?.append(group.flatMap(({ records }) => records));
      this.#block(segment ? undefined : 'SPOOL_FULL');
      return segment;
    } catch (error) {
      this.#block((error as NodeJS.ErrnoException).code ?? 'SPOOL_FAILED', error);
      this.#reclaim(); // what was made for it is empty
      return undefined;
    }
  }

  /** The segment to append to; undefined where there is no room. */
  async #segmentFor(bytes: number): Promise<SegmentFile | undefined> {
    const current = this.segments.at(-1);
    if (bytes > this.#room) {
      // Sealed, it can be removed once all that is in it is written.
      await current?.seal();
      this.#reclaim();
      await this.#removing;
      if (this.segments.length > 0 && bytes > this.#room) return undefined;
    }
    if (current && !current.sealed && current.size < this.#limits.segmentSize) return current;
    await current?.seal();
    this.#number += 1; // also where it fails: what a disk that fails leaves of it may be there the next time
    const next = await SegmentFile.create(this.#directory, this.#origin.id, this.#number);
    this.segments.push(next);
    return next;
  }

  #block(code: string | undefined, err?: unknown): void {
    if (code === this.blocked) return;
    this.blocked = code;
    if (code) this.#log.error({ err, code, bytes: this.bytes }, 'the spool takes nothing: callers wait');
    else this.#log.warn('the spool takes rows again');
    this.#onBlocked(code);
  }

  /** Removes segments of which everything is done. */
  #reclaim(): void {
    const gone = this.segments.filter((segment) => segment.sealed && this.#origin.hasDone(segment.last));
    if (gone.length === 0) return;
    for (const segment of gone) this.segments.splice(this.segments.indexOf(segment), 1);
    this.#removing = this.#removing.then(async () => {
      for (const { path } of gone) {
        await rm(path, { force: true }).catch((err) => this.#log.warn({ err, path }, 'a segment cannot be removed'));
      }
      await syncDirectory(this.#directory).catch(() => {}); // a segment that comes back is found to be done
    });
  }
}
