import { open, readFile } from 'node:fs/promises';
import { type Damage, encodeHeader, HEADER_BYTES, type SegmentRecord, scanRecords, seedOf } from './segment.js';
import type { SegmentFile } from './segment-file.js';
import { segmentPath } from './segment-file.js';

export interface SegmentContent {
  readonly records: readonly SegmentRecord[];
  /** By offset in the file. */
  readonly damages: readonly Damage[];
  readonly size: number;
}

/** The records of a segment that an earlier process left. Its name says which it is, so that a damaged header costs nothing. */
export async function readSegment(directory: string, spoolId: string, number: number): Promise<SegmentContent> {
  const bytes = await readFile(segmentPath(directory, number));
  const header = encodeHeader(spoolId, number);
  const content = scan(bytes.subarray(HEADER_BYTES), seedOf(header), HEADER_BYTES);
  const sound = bytes.length >= HEADER_BYTES && bytes.compare(header, 0, HEADER_BYTES, 0, HEADER_BYTES) === 0;
  const start = { start: 0, end: Math.min(bytes.length, HEADER_BYTES) };
  return { ...content, damages: sound ? content.damages : [start, ...content.damages], size: bytes.length };
}

/** What one's own segment has from `offset` on, as far as it is on the disk. */
export async function readOwnSegment(
  { path, number, size }: SegmentFile,
  spoolId: string,
  offset: number,
): Promise<SegmentContent> {
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.allocUnsafe(size - offset);
    let read = 0;
    while (read < bytes.length) {
      const { bytesRead } = await file.read(bytes, read, bytes.length - read, offset + read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return { ...scan(bytes.subarray(0, read), seedOf(encodeHeader(spoolId, number)), offset), size };
  } finally {
    await file.close();
  }
}

function scan(bytes: Buffer, seed: number, offset: number): Pick<SegmentContent, 'records' | 'damages'> {
  const records: SegmentRecord[] = [];
  const damages: Damage[] = [];
  for (const found of scanRecords(bytes, seed)) {
    if ('record' in found) records.push(found.record);
    else damages.push({ start: found.damage.start + offset, end: found.damage.end + offset });
  }
  return { records, damages };
}
