import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LANES } from '../lanes.js';
import { syncDirectory } from './files.js';
import { encodeHeader, encodeRecord, HEADER_BYTES, type SegmentRecord, seedOf } from './segment.js';

export function segmentPath(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(8, '0')}.segment`);
}

/** The number in the name of a segment's file. */
export function segmentNumber(name: string): number | undefined {
  const digits = /^(\d{8})\.segment$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A segment that is being written, or that was and is complete. */
export class SegmentFile {
  /** Up to here all is on the disk. */
  size = HEADER_BYTES;
  /** Of each lane, the last entry in it; 0 where it has none. */
  readonly last: number[] = new Array<number>(LANES).fill(0);
  #handle: FileHandle | undefined;
  readonly #seed: number;

  private constructor(
    readonly number: number,
    readonly path: string,
    handle: FileHandle,
    seed: number,
  ) {
    this.#handle = handle;
    this.#seed = seed;
  }

  static async create(directory: string, spoolId: string, number: number): Promise<SegmentFile> {
    const path = segmentPath(directory, number);
    const header = encodeHeader(spoolId, number);
    const handle = await open(path, 'wx', 0o600);
    try {
      await handle.writeFile(header);
      await handle.sync();
      await syncDirectory(dirname(path));
    } catch (error) {
      await handle.close().catch(() => {});
      await rm(path, { force: true }).catch(() => {});
      throw error;
    }
    return new SegmentFile(number, path, handle, seedOf(header));
  }

  /** Whether it takes no more. */
  get sealed(): boolean {
    return this.#handle === undefined;
  }

  /** What a record takes, with its frame, is on the disk when it answers. Where it fails, the file ends as before and takes no more. */
  async append(records: readonly SegmentRecord[]): Promise<void> {
    const bytes = Buffer.concat(records.map((record) => encodeRecord(record, this.#seed)));
    const handle = this.#handle!;
    try {
      for (let written = 0; written < bytes.length; ) {
        written += (await handle.write(bytes, written, bytes.length - written, this.size + written)).bytesWritten;
      }
      await handle.datasync();
    } catch (error) {
      // After a failed sync nobody knows what is on the disk: what was not acknowledged goes into another file.
      await handle.truncate(this.size).catch(() => {});
      await this.seal();
      throw error;
    }
    this.size += bytes.length;
    for (const { lane, first, count } of records) this.last[lane] = first + count - 1;
  }

  async seal(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => {}); // what was acknowledged is on the disk
  }
}
