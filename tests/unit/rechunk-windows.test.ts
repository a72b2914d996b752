import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readChunkInterval } from '../../src/database/layouts/chunk-interval.js';
import { type ChunkRange, type RechunkWindow, rechunkWindows } from '../../src/database/layouts/rechunk-windows.js';
import { readOrThrow } from '../../src/domain/problem.js';
import type { Problem } from '../../src/errors.js';

const chunk = (from: number, to: number): ChunkRange => ({ from: BigInt(from), to: BigInt(to), compressed: false });
const each = (from: number, to: number, length: number) =>
  Array.from({ length: (to - from) / length }, (_, index) => chunk(from + index * length, from + (index + 1) * length));
const show = (windows: readonly RechunkWindow[]) =>
  windows.map(({ from, to, chunks }) => `${from}-${to} of ${chunks.length}`);
const windows = (chunks: ChunkRange[], interval: number) => show(rechunkWindows(chunks, BigInt(interval)));

test('days to weeks: a window is what overlaps a week', () => {
  expect(windows(each(3, 21, 1), 7)).toEqual(['3-7 of 4', '7-14 of 7', '14-21 of 7']);
  expect(windows(each(-10, 7, 1), 7)).toEqual(['-10--7 of 3', '-7-0 of 7', '0-7 of 7']);
});

test('weeks to days: a window is a week', () => {
  expect(windows(each(0, 21, 7), 1)).toEqual(['0-7 of 1', '7-14 of 1', '14-21 of 1']);
});

test('what reaches into the next range is taken again with that', () => {
  expect(windows(each(0, 21, 7), 10)).toEqual(['0-14 of 2', '10-21 of 2']);
  expect(windows(each(0, 21, 7), 5)).toEqual(['0-7 of 1', '5-14 of 2', '10-21 of 2']);
});

test('gaps and what fits already are left alone', () => {
  expect(windows([...each(0, 2, 1), ...each(7, 14, 7), ...each(15, 16, 1), ...each(21, 28, 7)], 7)).toEqual([
    '0-2 of 2',
    '15-16 of 1',
  ]);
  expect(windows(each(0, 70, 7), 7)).toEqual([]);
  expect(windows([], 7)).toEqual([]);
});

/** As TimescaleDB does: dropped, then made again for each point, aligned, and cut where another chunk is. */
function cutAnew(chunks: readonly ChunkRange[], { from, to, chunks: taken }: RechunkWindow, interval: bigint) {
  const kept = chunks.filter((each) => !taken.some((one) => one.from === each.from));
  expect(
    kept.every((each) => each.to <= from || each.from >= to),
    'no other chunk lies in the window',
  ).toBe(true);
  for (const { from: start, to: end } of taken) {
    for (let point = start; point < end; point += 1n) {
      if (kept.some((each) => each.from <= point && each.to > point)) continue;
      let low = point - (((point % interval) + interval) % interval);
      let high = low + interval;
      for (const each of kept) {
        if (each.to > low && each.to <= point) low = each.to;
        if (each.from < high && each.from > point) high = each.from;
      }
      kept.push({ from: low, to: high, compressed: false });
    }
  }
  return kept.sort((a, b) => Number(a.from - b.from));
}

test('window by window, any chunks come to any interval, in the steps that were foreseen', () => {
  const lengths = fc.array(fc.record({ gap: fc.integer({ min: 0, max: 9 }), length: fc.integer({ min: 1, max: 20 }) }));
  fc.assert(
    fc.property(lengths, fc.integer({ min: -60, max: 60 }), fc.integer({ min: 1, max: 15 }), (given, start, length) => {
      let at = start;
      let chunks = given.map((one) => {
        const from = at + one.gap;
        at = from + one.length;
        return chunk(from, at);
      });
      const interval = BigInt(length);
      const foreseen = rechunkWindows(chunks, interval);
      const points = (all: readonly ChunkRange[]) => (point: bigint) =>
        all.some(({ from, to }) => from <= point && point < to);
      const had = chunks;
      for (const window of foreseen) {
        const [next] = rechunkWindows(chunks, interval);
        expect(next && [next.from, next.to]).toEqual([window.from, window.to]);
        chunks = cutAnew(chunks, next!, interval);
      }
      expect(rechunkWindows(chunks, interval)).toEqual([]);
      for (const { from, to } of had)
        for (let point = from; point < to; point += 1n) expect(points(chunks)(point)).toBe(true);
    }),
  );
});

const read = (value: unknown) => readOrThrow('interval', (report) => readChunkInterval(value, 'interval', report));

test.each([
  ['7 days', 168, '7 days'],
  ['1 week', 168, '7 days'],
  ['24 Hours', 24, '1 day'],
  ['36hours', 36, '36 hours'],
  [' 1 hour ', 1, '1 hour'],
  ['3650 days', 87_600, '3650 days'],
])('%s is %i hours', (value, hours, text) => {
  expect(read(value)).toEqual({ hours, text });
});

test.each([
  ['a while', 'CHUNK_INTERVAL_INVALID', "write it as '7 days' or '12 hours'"],
  ['1 month', 'CHUNK_INTERVAL_INVALID', "months differ in length: write days, such as '30 days'"],
  ['1.5 days', 'CHUNK_INTERVAL_INVALID', "write it as '7 days' or '12 hours'"],
  ['90 minutes', 'CHUNK_INTERVAL_INVALID', "write it as '7 days' or '12 hours'"],
  ['-1 day', 'CHUNK_INTERVAL_INVALID', "write it as '7 days' or '12 hours'"],
  ['', 'CHUNK_INTERVAL_INVALID', "write it as '7 days' or '12 hours'"],
  ['0 days', 'CHUNK_INTERVAL_OUT_OF_RANGE', undefined],
  ['3651 days', 'CHUNK_INTERVAL_OUT_OF_RANGE', undefined],
])('%s is refused', (value, code, hint) => {
  let problem: Problem | undefined;
  expect(
    readChunkInterval(value, 'interval', (each) => {
      problem = each;
    }),
  ).toBeUndefined();
  expect(problem).toMatchObject({ code, path: 'interval', value });
  expect(problem!.hint).toBe(hint);
});
