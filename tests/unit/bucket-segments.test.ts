import { describe, expect, it } from 'vitest';
import { type BucketQuery, segmentsOf } from '../../src/repositories/bars/bucket-statement.js';
import { ChangedDays } from '../../src/repositories/bars/changed-days.js';

const query = (changed: readonly (readonly [number, number])[], relation: string | undefined = 'ohlcv_1h') =>
  segmentsOf({
    ...{ from: '1m', to: '1h', low: 100, high: 200, relation, at: 0 },
    changed: changed.map(([low, high]) => ({ low, high })),
  } satisfies BucketQuery).map(({ low, high, changed: bars }) => `${low}-${high}${bars ? ' bars' : ''}`);

describe('where a read takes its buckets from', () => {
  it('is the bars on days that changed, the aggregate on all others', () => {
    expect(query([])).toEqual(['100-200']);
    expect(query([[120, 140]])).toEqual(['100-120', '120-140 bars', '140-200']);
    expect(
      query([
        [90, 110],
        [110, 115],
        [190, 300],
      ]),
    ).toEqual(['100-110 bars', '110-115 bars', '115-190', '190-200 bars']);
    expect(
      query([
        [0, 100],
        [200, 300],
      ]),
    ).toEqual(['100-200']);
    expect(query([[0, 300]])).toEqual(['100-200 bars']);
  });

  it('is the bars alone without an aggregate', () => {
    expect(segmentsOf({ from: '1m', to: '1h', low: 1, high: 2, relation: undefined, changed: [], at: 0 })).toEqual([
      { low: 1, high: 2, changed: true },
    ]);
  });

  it('is the bars also between days that lie near each other, where they are many', () => {
    const many = Array.from({ length: 10 }, (_, index) => [100 + 10 * index, 101 + 10 * index] as const);
    const [near, next] = [[155, 156] as const, [157, 158] as const];
    const segments = query([...many.slice(0, 6), near, next, ...many.slice(6)]);
    expect(segments.filter((segment) => segment.endsWith('bars'))).toHaveLength(8);
    expect(segments).toContain('150-161 bars');
  });
});

describe('changed days', () => {
  it('are those of 1m bars, each once, in UTC', () => {
    const days = new ChangedDays('1m');
    for (const time of ['2024-01-02T23:59Z', '2024-01-02T00:00Z', '2024-01-03T00:00Z', '2024-01-02T12:00Z'])
      days.add(Date.parse(time));
    days.addStretch(Date.parse('1969-12-30T10:00Z'), Date.parse('1970-01-01T00:00Z'));
    expect(days.toArray()).toEqual(['2024-01-02', '2024-01-03', '1969-12-30', '1969-12-31', '1970-01-01']);
    const hours = new ChangedDays('1h');
    hours.add(0);
    expect(hours.toArray()).toEqual([]);
  });
});
