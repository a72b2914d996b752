/**
 * A segment file: a header, then records. All numbers are big-endian.
 *
 *   header   'WYCKSPL1', the spool's UUID (16 bytes), the segment's number (4), CRC-32 of these 28 bytes (4)
 *   record   'REC1', length of the payload (4), lane (2), count of entries (2), number of the first entry (8), CRC-32 (4), payload
 *
 * A record's CRC-32 is over its 20 bytes before it and the payload, and begins with the header's: a record that came from another segment is
 * none. Entries of a lane are numbered from 1, over all segments of the spool.
 */
import { crc32 } from 'node:zlib';

const MAGIC = Buffer.from('WYCKSPL1', 'latin1');
const RECORD = Buffer.from('REC1', 'latin1');
export const HEADER_BYTES = 32;
export const RECORD_BYTES = 24;
/** Nothing longer is written: a length beyond it is damage. */
export const LONGEST_PAYLOAD = 64 * 2 ** 20;

/** Entries of one lane, which follow each other. */
export interface SegmentRecord {
  readonly lane: number;
  readonly first: number;
  readonly count: number;
  readonly payload: Buffer;
}

/** Bytes that are no record, from `start` to `end`. */
export interface Damage {
  readonly start: number;
  readonly end: number;
}

export function encodeHeader(spoolId: string, segment: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.write(spoolId.replaceAll('-', ''), 8, 'hex');
  header.writeUInt32BE(segment, 24);
  header.writeUInt32BE(crc32(header.subarray(0, 28)), 28);
  return header;
}

/** With which the checksums of a segment's records begin. */
export function seedOf(header: Buffer): number {
  return header.readUInt32BE(28);
}

export function encodeRecord({ lane, first, count, payload }: SegmentRecord, seed: number): Buffer {
  const record = Buffer.allocUnsafe(RECORD_BYTES + payload.length);
  RECORD.copy(record);
  record.writeUInt32BE(payload.length, 4);
  record.writeUInt16BE(lane, 8);
  record.writeUInt16BE(count, 10);
  record.writeBigUInt64BE(BigInt(first), 12);
  payload.copy(record, RECORD_BYTES);
  record.writeUInt32BE(crc32(payload, crc32(record.subarray(0, 20), seed)), 20);
  return record;
}

/** The records in `bytes`, which begin where one begins; behind damage it goes on with the next record that is whole. */
export function* scanRecords(
  bytes: Buffer,
  seed: number,
): Generator<{ readonly record: SegmentRecord } | { readonly damage: Damage }, void, undefined> {
  let position = 0;
  while (position < bytes.length) {
    const record = recordAt(bytes, position, seed);
    if (record) {
      yield { record };
      position += RECORD_BYTES + record.payload.length;
      continue;
    }
    const start = position;
    do {
      const next = bytes.indexOf(RECORD, position + 1);
      position = next < 0 ? bytes.length : next;
    } while (position < bytes.length && !recordAt(bytes, position, seed));
    yield { damage: { start, end: position } };
  }
}

function recordAt(bytes: Buffer, position: number, seed: number): SegmentRecord | undefined {
  const start = position + RECORD_BYTES;
  if (start > bytes.length || bytes.compare(RECORD, 0, 4, position, position + 4) !== 0) return undefined;
  const length = bytes.readUInt32BE(position + 4);
  if (length > LONGEST_PAYLOAD || start + length > bytes.length) return undefined;
  const payload = bytes.subarray(start, start + length);
  const checksum = crc32(payload, crc32(bytes.subarray(position, position + 20), seed));
  if (checksum !== bytes.readUInt32BE(position + 20)) return undefined;
  return {
    lane: bytes.readUInt16BE(position + 8),
    count: bytes.readUInt16BE(position + 10),
    first: Number(bytes.readBigUInt64BE(position + 12)),
    payload,
  };
}
