import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../observability/logger.js';
import { readOwnSegment } from './read-segment.js';
import { HEADER_BYTES, type SegmentRecord } from './segment.js';
import type { Spool, SpoolPlace } from './spool.js';

/** Milliseconds until a file that cannot be read is tried again. */
const DELAY = 1_000;

/**
 * Reads what was appended while there was no room for it in memory, up to where nothing more was appended. Only then do rows go on from memory
 * again, so that the order stays.
 */
export class OwnReader {
  readonly #spool: Spool;
  readonly #spoolId: string;
  readonly #take: (record: SegmentRecord) => Promise<void>;
  readonly #log: Logger;
  #place: SpoolPlace | undefined;
  #held = true;
  #running: Promise<void> | undefined;
  #stopped = false;

  /** `take` waits until there is room for a record. Until {@link start}, everything waits on the disk. */
  constructor(spool: Spool, spoolId: string, log: Logger, take: (record: SegmentRecord) => Promise<void>) {
    this.#spool = spool;
    this.#spoolId = spoolId;
    this.#log = log;
    this.#take = take;
  }

  /** Whether what is appended next may go on from memory. */
  get caughtUp(): boolean {
    return !this.#held && this.#place === undefined;
  }

  start(): void {
    this.#held = false;
    this.#go();
  }

  /** What was appended here is to be read. */
  readFrom(place: SpoolPlace): void {
    this.#place ??= place;
    this.#go();
  }

  async idle(): Promise<void> {
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  #go(): void {
    if (this.#held || this.#place === undefined || this.#stopped) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      this.#go();
    });
  }

  async #run(): Promise<void> {
    while (this.#place && !this.#stopped) {
      const { segment: number, offset } = this.#place;
      const segment = this.#spool.segments.find((one) => one.number === number);
      if (segment === undefined || offset >= segment.size) {
        const next = this.#spool.segments.find((one) => one.number > number);
        this.#place = next && { segment: next.number, offset: HEADER_BYTES };
        continue;
      }
      try {
        const { records, damages, size } = await readOwnSegment(segment, this.#spoolId, offset);
        for (const damage of damages)
          this.#log.error({ file: segment.path, damage }, 'acknowledged rows cannot be read');
        for (const record of records) {
          if (this.#stopped) return;
          await this.#take(record);
        }
        this.#place = { segment: number, offset: size };
      } catch (err) {
        this.#log.error({ err, file: segment.path }, 'the spool cannot be read: it is tried again');
        await sleep(DELAY);
      }
    }
  }
}
