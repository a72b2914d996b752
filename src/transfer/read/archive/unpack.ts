import { createWriteStream } from 'node:fs';
import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type InvalidInputError, WyckoffError } from '../../../errors.js';
import { temporaryPath } from '../../temporary.js';
import { fileError } from '../file-problem.js';

/** How much may come out of an archive. Files of bars shrink to a third or a tenth; a bomb, to a thousandth. */
export interface UnpackLimits {
  /** Of one unpacked file. */
  readonly bytes: number;
  /** Unpacked to packed bytes, looked at once there are {@link RATIO_FROM} bytes. */
  readonly ratio: number;
}

const GIB = 2 ** 30;
export const UNPACK_LIMITS: UnpackLimits = { bytes: 64 * GIB, ratio: 200 };

const RATIO_FROM = 16 * 2 ** 20;
/** Room is looked at again each time so much was written, and so much more is left to others. */
const ROOM_STEP = 64 * 2 ** 20;
const ROOM_LEFT = 256 * 2 ** 20;

export interface Packed {
  /** As messages name it. */
  readonly name: string;
  readonly bytes: Readable;
  readonly packedSize: number;
  /** Undefined where the bytes are stored as they are. */
  readonly unpacking: Transform | undefined;
  /** What the archive says, where it says it. */
  readonly size?: number;
  /** Is given each piece of what comes out. */
  readonly onPiece?: (piece: Buffer) => void;
}

/** An unpacked file that only this user may read. Remove it after use. */
export interface Unpacked {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Unpacks to a private temporary file, and leaves none behind where that fails or is aborted.
 * @throws InvalidInputError `ARCHIVE_TOO_LARGE`, `ARCHIVE_DAMAGED`; WyckoffError `TEMPORARY_SPACE_SHORT`
 */
export async function unpack(packed: Packed, limits: UnpackLimits, signal?: AbortSignal): Promise<Unpacked> {
  const folder = await temporaryPath();
  const path = join(folder, 'file');
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await mkdir(folder, { mode: 0o700 }).catch((cause: Error) => {
      throw spaceShort(cause);
    });
    if (packed.size !== undefined) {
      checkSize(packed, packed.size, limits);
      await checkRoom(folder, packed.size);
    }
    const metered = meter(packed, limits, folder);
    const target = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    const { bytes, unpacking } = packed;
    await (unpacking
      ? pipeline(bytes, unpacking, metered, target, { signal })
      : pipeline(bytes, metered, target, { signal }));
    return { path, remove };
  } catch (error) {
    await remove();
    signal?.throwIfAborted();
    throw wrap(packed.name, error);
  }
}

/** A transform, not a generator: where padding is left behind the last member of a gzip file, a pipeline ends a generator with an error. */
function meter(packed: Packed, limits: UnpackLimits, folder: string): Transform {
  let size = 0;
  let roomFor = 0;
  const take = async (piece: Buffer) => {
    size += piece.length;
    checkSize(packed, size, limits);
    if (packed.size !== undefined && size > packed.size) throw sizeLied(packed);
    if (size > roomFor) {
      await checkRoom(folder, ROOM_STEP);
      roomFor = size + ROOM_STEP;
    }
    packed.onPiece?.(piece);
  };
  return new Transform({
    transform(piece: Buffer, _, done) {
      take(piece).then(() => done(null, piece), done);
    },
    flush(done) {
      done(packed.size === undefined || size === packed.size ? null : sizeLied(packed));
    },
  });
}

function sizeLied({ name, size }: Packed): InvalidInputError {
  return damaged(name, `the archive says that the file has ${size} bytes, and it has not`);
}

function checkSize({ name, packedSize }: Packed, size: number, limits: UnpackLimits): void {
  const hint = 'unpack it yourself, look at it, and import the unpacked file where it is right';
  const refuse = (rule: string) => fileError({ code: 'ARCHIVE_TOO_LARGE', path: '', value: name, rule, hint });
  if (size > limits.bytes) throw refuse(`it unpacks to more than ${limits.bytes} bytes`);
  if (size > RATIO_FROM && size > packedSize * limits.ratio) {
    throw refuse(`it unpacks to more than ${limits.ratio} times its size, as files of bars never do`);
  }
}

async function checkRoom(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= needed + ROOM_LEFT) return;
  throw spaceShort();
}

function spaceShort(cause?: Error): WyckoffError {
  return new WyckoffError(
    'TEMPORARY_SPACE_SHORT',
    `there is no room for the unpacked file in the temporary directory${cause ? `: ${cause.message}` : ''}`,
    {
      hint: 'make room, or let TMPDIR name a directory that has some',
      cause,
    },
  );
}

export function damaged(name: string, rule: string): InvalidInputError {
  const hint = 'get the file again: it was cut off or changed on its way';
  return fileError({ code: 'ARCHIVE_DAMAGED', path: '', value: name, rule, hint });
}

function wrap(name: string, error: unknown): unknown {
  const { code = '', message = '' } = error as NodeJS.ErrnoException;
  if (code.startsWith('Z_')) return damaged(name, `the packed bytes are damaged: ${message}`);
  if (code === 'ENOSPC' || code === 'EDQUOT') return spaceShort(error as Error);
  return error;
}
