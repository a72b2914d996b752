import fc from 'fast-check';
import type { BarInput } from '../../src/index.js';

const START = Date.UTC(2024, 0, 1);
const MINUTE = 60_000;

/** Opening instants of 1m bars: many of a few hours, and some after holes of days, months and years. */
export const minuteSlot = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 59 }) },
  { weight: 2, arbitrary: fc.integer({ min: 9_990, max: 10_070 }) },
  { weight: 2, arbitrary: fc.integer({ min: 20_100, max: 20_130 }) },
  { weight: 1, arbitrary: fc.integer({ min: 200_000, max: 200_010 }) },
  { weight: 1, arbitrary: fc.integer({ min: -3_000_000, max: -2_999_990 }) },
);

export const instantOf = (slot: number) => new Date(START + slot * MINUTE);

/** Bars of few values, so that the same ones come again and means of zero occur. */
export function barAt(symbol: string): fc.Arbitrary<BarInput> {
  return fc
    .tuple(
      minuteSlot,
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(0, 0, 1, 2),
      fc.constantFrom('0', '0', '1', '7', '1000000000'),
      fc.constantFrom(null, '1.5', '1.50000001', '2'),
      fc.constantFrom(null, 'feed'),
    )
    .map(([slot, low, spread, volume, vwap, source]) => ({
      symbol,
      timeframe: '1m',
      timestamp: instantOf(slot),
      open: low,
      high: low + spread,
      low,
      close: low + spread,
      volume,
      vwap,
      source,
    }));
}

/** A call's worth of bars, each instant once, in any order. */
export function batchOf(symbol: string): fc.Arbitrary<BarInput[]> {
  return fc.uniqueArray(barAt(symbol), {
    minLength: 1,
    maxLength: 45,
    selector: (bar) => (bar.timestamp as Date).getTime(),
  });
}

/** Anything that changes a series. */
export type Step =
  | { readonly kind: 'upsert' | 'insertIgnore'; readonly bars: BarInput[] }
  | { readonly kind: 'delete'; readonly from: Date; readonly to: Date };

export function history(symbol: string, maxLength: number): fc.Arbitrary<Step[]> {
  const write = (kind: 'upsert' | 'insertIgnore') => batchOf(symbol).map((bars) => ({ kind, bars }));
  const remove = fc.tuple(minuteSlot, minuteSlot).map(([a, b]) => ({
    kind: 'delete' as const,
    from: instantOf(Math.min(a, b)),
    to: instantOf(Math.max(a, b)),
  }));
  return fc.array(
    fc.oneof(
      { weight: 5, arbitrary: write('upsert') },
      { weight: 1, arbitrary: write('insertIgnore') },
      { weight: 2, arbitrary: remove },
    ),
    { minLength: 2, maxLength },
  );
}
