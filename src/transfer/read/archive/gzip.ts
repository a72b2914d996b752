import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { damaged, type Unpacked, type UnpackLimits, unpack } from './unpack.js';

/** Files of several members, as `cat a.gz b.gz` makes them, are one text. Zeros behind the last are padding. */
export async function unpackGzip(
  path: string,
  size: number,
  limits: UnpackLimits,
  signal?: AbortSignal,
): Promise<Unpacked> {
  const gunzip = createGunzip();
  const packed = { name: path, bytes: createReadStream(path), packedSize: size, unpacking: gunzip };
  const unpacked = await unpack(packed, limits, signal);
  try {
    await checkPadding(path, gunzip.bytesWritten, signal);
  } catch (error) {
    await unpacked.remove();
    signal?.throwIfAborted();
    throw error;
  }
  return unpacked;
}

/** zlib stops at a zero behind a member, and says nothing of what comes after it. */
async function checkPadding(path: string, start: number, signal: AbortSignal | undefined): Promise<void> {
  for await (const piece of createReadStream(path, { start, signal })) {
    if ((piece as Buffer).some((byte) => byte !== 0)) throw damaged(path, 'other bytes follow the packed ones');
  }
}
