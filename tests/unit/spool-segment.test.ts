import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type Damage,
  encodeHeader,
  encodeRecord,
  type SegmentRecord,
  scanRecords,
  seedOf,
} from '../../src/ingest/spool/segment.js';

const SPOOL = '0d9ff3a5-1f0e-4e3c-9a3a-2f6f0a3c4b11';
const SEED = seedOf(encodeHeader(SPOOL, 1));

/** Records as a spool has them: entries of each lane are numbered through. Some payloads look like records themselves. */
const recordsArbitrary = fc
  .array(
    fc.record({
      lane: fc.nat(7),
      count: fc.integer({ min: 1, max: 1000 }),
      payload: fc.oneof(
        fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
        fc.string({ maxLength: 20 }).map((text) => Buffer.from(`REC1${text}REC1`)),
      ),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((records): SegmentRecord[] => {
    const next = new Array<number>(8).fill(1);
    return records.map((record) => {
      const first = next[record.lane]!;
      next[record.lane] = first + record.count;
      return { ...record, first };
    });
  });

function encode(records: readonly SegmentRecord[], seed = SEED): { bytes: Buffer; ends: number[] } {
  const parts = records.map((record) => encodeRecord(record, seed));
  let end = 0;
  return {
    bytes: Buffer.concat(parts),
    ends: parts.map(({ length }) => {
      end += length;
      return end;
    }),
  };
}

function scan(bytes: Buffer, seed = SEED): { records: SegmentRecord[]; damages: Damage[] } {
  const records: SegmentRecord[] = [];
  const damages: Damage[] = [];
  for (const found of scanRecords(bytes, seed)) {
    if ('record' in found) records.push({ ...found.record, payload: Buffer.from(found.record.payload) });
    else damages.push(found.damage);
  }
  return { records, damages };
}

it('gives back what was written', () => {
  fc.assert(
    fc.property(recordsArbitrary, (records) => {
      expect(scan(encode(records).bytes)).toEqual({ records, damages: [] });
    }),
  );
});

it('cut anywhere, has every record before the cut, and tells of the rest', () => {
  fc.assert(
    fc.property(recordsArbitrary, fc.double({ min: 0, max: 1, noNaN: true }), (records, where) => {
      const { bytes, ends } = encode(records);
      const cut = Math.floor(where * bytes.length);
      const whole = ends.filter((end) => end <= cut).length;
      const torn = whole === 0 ? cut : cut - ends[whole - 1]!;
      const damages = torn > 0 ? [{ start: cut - torn, end: cut }] : [];
      expect(scan(bytes.subarray(0, cut))).toEqual({ records: records.slice(0, whole), damages });
    }),
    { numRuns: 500 },
  );
});

it('with bytes changed, never gives a wrong record, and loses only those that were touched', () => {
  const changes = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(recordsArbitrary, changes, (records, flips) => {
      const { bytes, ends } = encode(records);
      const touched = new Set<number>();
      const original = Buffer.from(bytes);
      for (const [where, mask] of flips) {
        const at = Math.min(bytes.length - 1, Math.floor(where * bytes.length));
        bytes[at]! ^= mask;
      }
      for (let at = 0; at < bytes.length; at += 1)
        if (bytes[at] !== original[at]) touched.add(ends.findIndex((end) => at < end));
      const found = scan(bytes);
      expect(found.records).toEqual(records.filter((_, index) => !touched.has(index)));
      expect(found.damages.length > 0).toBe(touched.size > 0);
    }),
    { numRuns: 500 },
  );
});

it('takes no record that came from another segment, and no zeros', () => {
  const record = { lane: 1, first: 1, count: 1, payload: Buffer.from('{}') };
  const other = seedOf(encodeHeader(SPOOL, 2));
  const foreign = encode([record], other).bytes;
  expect(scan(foreign).records).toEqual([]);
  const own = encode([record]).bytes;
  expect(scan(Buffer.concat([own, foreign, Buffer.alloc(4096)]))).toEqual({
    records: [record],
    damages: [{ start: own.length, end: own.length + foreign.length + 4096 }],
  });
});
