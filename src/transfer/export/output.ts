import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { WyckoffError } from '../../errors.js';

/** What was written: the bytes as they are in the file. */
export interface Written {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface WriteOptions {
  readonly gzip: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

type Source = AsyncIterable<Uint8Array>;

/** Writes a new file, down to the disk. @throws WyckoffError EXPORT_DISK_FULL, EXPORT_UNWRITABLE */
export function writeNewFile(path: string, source: Source, options: WriteOptions): Promise<Written> {
  return write(source, createWriteStream(path, { flags: 'wx', flush: true }), true, options);
}

/** Writes to a stream that stays open. @throws WyckoffError EXPORT_DISK_FULL, EXPORT_UNWRITABLE; what else the stream fails with */
export function writeToStream(output: Writable, source: Source, options: WriteOptions): Promise<Written> {
  return write(source, output, false, options);
}

async function write(source: Source, target: Writable, end: boolean, options: WriteOptions): Promise<Written> {
  const { gzip, signal, onBytes } = options;
  const hash = createHash('sha256');
  let bytes = 0;
  let fault: unknown;
  async function* taken() {
    try {
      yield* source;
    } catch (error) {
      fault = error;
      throw error;
    }
  }
  async function* measured(chunks: Source) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
      onBytes?.(bytes);
    }
  }
  try {
    if (gzip) await pipeline(taken, createGzip(), measured, target, { signal, end });
    else await pipeline(taken, measured, target, { signal, end });
  } catch (error) {
    signal?.throwIfAborted();
    // The database's connection fails with the same codes as a pipe.
    throw error === fault ? error : toExportError(error);
  }
  return { bytes, sha256: hash.digest('hex') };
}

const READER_LEFT = ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'];
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const UNWRITABLE = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EEXIST',
  'ENAMETOOLONG',
  'EIO',
  ...READER_LEFT,
]);

/** Whether an export ended since whoever read its stream has left, as `| head` does. */
export function readerLeft(error: unknown): boolean {
  return (
    error instanceof WyckoffError &&
    error.code === 'EXPORT_UNWRITABLE' &&
    READER_LEFT.includes((error.cause as NodeJS.ErrnoException).code ?? '')
  );
}

/** The typed error for what the file system says; others as they are. */
export function toExportError(error: unknown): unknown {
  if (error instanceof WyckoffError || !(error instanceof Error)) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (NO_ROOM.has(code)) {
    return new WyckoffError('EXPORT_DISK_FULL', `there is no room for the export: ${message}`, {
      hint: 'make room, or export less: by symbol, by time, with --compression gzip',
      cause: error,
    });
  }
  if (!UNWRITABLE.has(code)) return error;
  return new WyckoffError('EXPORT_UNWRITABLE', `the export cannot be written: ${message}`, {
    hint: 'name a directory that can be written',
    cause: error,
  });
}
