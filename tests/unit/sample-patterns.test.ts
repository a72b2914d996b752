import { describe, expect, test } from 'vitest';
import type { PatternRow, PatternType } from '../../seeds/generate/ledger-rows.js';
import {
  type Bar,
  barOf,
  byId,
  closesAt,
  Decimal,
  directionOf,
  ENTRY_TYPES,
  eventsOf,
  half,
  patterns,
  ranges,
  seriesOf,
} from './sample-seeds.js';

const USUAL_PHASES: Record<string, PatternType[]> = {
  A: ['PS', 'PSY', 'SC', 'BC', 'AR', 'ST'],
  B: ['ST', 'UT', 'SOW'],
  C: ['SPRING', 'TEST', 'UTAD'],
  D: ['SOS', 'SOW', 'LPS', 'LPSY', 'BU'],
  E: ['LPS', 'LPSY'],
};

/** The bar `count` bars after another. */
function barAfter(bar: Bar, count: number): Bar {
  const series = seriesOf(bar.symbol);
  return series[series.indexOf(bar) + count]!;
}

function ratio(bar: Bar, of: (bar: Bar) => Decimal): string {
  const series = seriesOf(bar.symbol);
  const index = series.indexOf(bar);
  const before = series.slice(Math.max(0, index - 20), index);
  const sum = before.reduce((total, former) => total.plus(of(former)), new Decimal(0));
  return half(of(bar).div(sum.div(before.length)), 4);
}

describe('trading ranges', () => {
  test.each(ranges)('$symbol from $start_time: levels, cause, length and version', (range) => {
    const [creek, ice, jump] = [range.creek_level, range.ice_level, range.jump_target].map((text) => new Decimal(text));
    const inside = seriesOf(range.symbol).filter((bar) => {
      const asOf = range.end_time ?? range.updated_at;
      return bar.timestamp >= range.start_time && closesAt(bar) <= Date.parse(asOf);
    });
    expect(inside).toHaveLength(range.duration_bars);
    expect(range.duration_bars >= 15 && range.duration_bars <= 100).toBe(true);
    const cause = range.duration_bars >= 40 ? 3 : range.duration_bars >= 25 ? 2.5 : 2;
    const width = ice!.minus(creek!);
    expect(width.gt(0)).toBe(true);
    expect(range.cause_factor).toBe(half(new Decimal(cause), 2));
    expect(range.range_width).toBe(half(width, 2));
    const reach = width.times(cause);
    expect(jump!.toFixed(2)).toBe((directionOf(range) === 'LONG' ? ice!.plus(reach) : creek!.minus(reach)).toFixed(2));
    expect(jump!.gt(0)).toBe(true);
    expect(range.strength_score >= 60 && range.strength_score <= 100).toBe(true);
    expect(range.touch_count_creek).toBe(countVisits(inside.map((bar) => isNear(bar.low, creek!))));
    expect(range.touch_count_ice).toBe(countVisits(inside.map((bar) => isNear(bar.high, ice!))));
    // What was touched only once was no range, and is deleted.
    const isTestedTwice = Math.min(range.touch_count_creek, range.touch_count_ice) >= 2;
    expect(isTestedTwice).toBe(range.deleted_at === null);
    expect('ABCDE').toContain(range.phase);
    expect(range.end_time === null || range.end_time >= range.start_time).toBe(true);
    expect(eventsOf(range.id)).toHaveLength(range.version);
    // The limits are prices that the bars have shown.
    expect(inside.some((bar) => bar.low === range.creek_level)).toBe(true);
    expect(inside.some((bar) => bar.high === range.ice_level)).toBe(true);
  });

  /** A visit is a run of bars that come within 1% of the level. */
  function countVisits(touches: boolean[]): number {
    return touches.filter((touched, index) => touched && touches[index - 1] !== true).length;
  }

  function isNear(price: string, level: Decimal): boolean {
    return level.minus(price).abs().lte(level.times('0.01'));
  }

  test('most closes lie inside the range until it is left in phase D', () => {
    for (const range of ranges) {
      const series = seriesOf(range.symbol).filter(
        (bar) => bar.timestamp >= range.start_time && bar.timestamp < (range.end_time ?? '2025'),
      );
      const inside = series.filter(
        (bar) => Number(bar.close) >= Number(range.creek_level) && Number(bar.close) <= Number(range.ice_level),
      );
      expect(inside.length / series.length).toBeGreaterThan(0.8);
    }
  });
});

describe('patterns', () => {
  test.each(patterns)('$pattern_type of $symbol on $pattern_bar_timestamp', (pattern) => {
    const bar = barOf(pattern);
    expect(pattern.volume_ratio).toBe(ratio(bar, (each) => new Decimal(each.volume)));
    expect(pattern.spread_ratio).toBe(ratio(bar, (each) => new Decimal(each.high).minus(each.low)));
    expect(Date.parse(pattern.detection_time)).toBeGreaterThanOrEqual(closesAt(bar));
    expect(pattern.confidence_score >= 70 && pattern.confidence_score <= 95).toBe(true);
    expect(USUAL_PHASES[pattern.phase]).toContain(pattern.pattern_type);
    expect(pattern.test_confirmed).toBe(pattern.test_bar_timestamp !== null);
    const side = (['LONG', 'SHORT'] as const).find((each) => ENTRY_TYPES[each].includes(pattern.pattern_type));
    if (pattern.trading_range_id === null) expect([side, pattern.phase]).toEqual([undefined, 'A']);
    else {
      const range = byId(ranges, pattern.trading_range_id);
      expect([range.symbol, range.timeframe]).toEqual([pattern.symbol, pattern.timeframe]);
      expect(range.created_at <= pattern.created_at).toBe(true);
      if (side) expect(directionOf(range)).toBe(side);
    }
    const stopIsBelow = new Decimal(pattern.stop_loss).lt(pattern.entry_price);
    if (side) expect(stopIsBelow).toBe(side === 'LONG');
  });

  const SHOWN: Partial<Record<PatternType, (pattern: PatternRow) => void>> = {
    SPRING(pattern) {
      const { creek_level: creek } = byId(ranges, pattern.trading_range_id);
      const bar = barOf(pattern);
      const { recovery_bars: count, ...prices } = pattern.metadata;
      const recovery = barAfter(bar, Number(count));
      const depth = new Decimal(creek).minus(bar.low);
      expect(Number(pattern.volume_ratio)).toBeLessThan(0.7);
      expect(prices).toEqual({
        penetration_pct: half(depth.div(creek), 6),
        spring_low: bar.low,
        recovery_price: recovery.close,
        creek_reference: creek,
        creek_distance: half(depth, 2),
      });
      expect(depth.gt(0) && depth.div(creek).lte('0.05')).toBe(true);
      expect(Number(count) >= 1 && Number(count) <= 5).toBe(true);
      for (let index = 0; index < Number(count); index += 1)
        expect(Number(barAfter(bar, index).close)).toBeLessThan(Number(creek));
      expect(Number(recovery.close)).toBeGreaterThan(Number(creek));
      expect(Date.parse(pattern.detection_time)).toBeGreaterThanOrEqual(closesAt(recovery));
      expect(pattern.test_confirmed).toBe(pattern.rejection_reason === null);
    },
    UTAD(pattern) {
      const { ice_level: ice } = byId(ranges, pattern.trading_range_id);
      const bar = barOf(pattern);
      const { bars_to_failure: count, ...prices } = pattern.metadata;
      const failure = barAfter(bar, Number(count));
      const height = new Decimal(bar.high).minus(ice);
      expect(Number(pattern.volume_ratio)).toBeGreaterThanOrEqual(1.2);
      expect(prices).toEqual({
        breakout_pct: half(height.div(ice), 6),
        utad_high: bar.high,
        failure_price: failure.close,
        ice_reference: ice,
        ice_penetration: half(height, 2),
      });
      expect(height.gt(0)).toBe(true);
      expect(Number(count) >= 1 && Number(count) <= 3).toBe(true);
      for (let index = 0; index < Number(count); index += 1)
        expect(Number(barAfter(bar, index).close)).toBeGreaterThan(Number(ice));
      expect(Number(failure.close)).toBeLessThan(Number(ice));
      expect(Date.parse(pattern.detection_time)).toBeGreaterThanOrEqual(closesAt(failure));
      expect(pattern.test_confirmed).toBe(true);
    },
    UT(pattern) {
      const { ice_level: ice } = byId(ranges, pattern.trading_range_id);
      expect(Number(barOf(pattern).high)).toBeGreaterThan(Number(ice));
      expect(Number(barOf(pattern).close)).toBeLessThan(Number(ice));
    },
    SOS(pattern) {
      const { ice_level: ice } = byId(ranges, pattern.trading_range_id);
      const bar = barOf(pattern);
      const breakout = new Decimal(bar.close).minus(ice).div(ice);
      expect(Number(pattern.volume_ratio)).toBeGreaterThanOrEqual(1.5);
      expect(Number(pattern.spread_ratio)).toBeGreaterThan(1.5);
      expect(breakout.gte('0.01')).toBe(true);
      expect(Number(pattern.metadata.close_position)).toBeGreaterThan(0.7);
      expect(pattern.metadata).toEqual({
        breakout_pct: half(breakout, 6),
        breakout_price: bar.close,
        close_position: closePosition(bar),
        ice_reference: ice,
      });
    },
    SOW(pattern) {
      const { creek_level: creek } = byId(ranges, pattern.trading_range_id);
      expect(Number(barOf(pattern).close)).toBeLessThan(Number(creek) * 0.99);
      expect(Number(closePosition(barOf(pattern)))).toBeLessThan(0.3);
      expect(Number(pattern.volume_ratio)).toBeGreaterThanOrEqual(1.5);
    },
    LPS(pattern) {
      const { ice_level: ice } = byId(ranges, pattern.trading_range_id);
      const bar = barOf(pattern);
      const sos = byId(patterns, String(pattern.metadata.sos_pattern_id));
      const count = Number(pattern.metadata.bars_after_sos);
      expect(count >= 1 && count <= 10).toBe(true);
      expect(barAfter(barOf(sos), count)).toBe(bar);
      expect(Number(pattern.volume_ratio)).toBeLessThanOrEqual(1);
      expect([sos.pattern_type, sos.trading_range_id]).toEqual(['SOS', pattern.trading_range_id]);
      expect(pattern.metadata).toMatchObject({
        distance_from_ice: half(new Decimal(bar.low).minus(ice), 2),
        pullback_low: bar.low,
        held_support: Number(bar.low) >= Number(ice),
        effort_result: 'EFFORT_MATCHES_RESULT',
      });
      expect(pattern.metadata.held_support).toBe(true);
    },
    LPSY(pattern) {
      const { creek_level: creek } = byId(ranges, pattern.trading_range_id);
      expect(Number(barOf(pattern).high)).toBeLessThan(Number(creek));
      expect(Number(pattern.volume_ratio)).toBeLessThanOrEqual(1);
    },
    BU(pattern) {
      const { ice_level: ice } = byId(ranges, pattern.trading_range_id);
      const { low } = barOf(pattern);
      expect(Number(low) >= Number(ice) && Number(low) < Number(ice) * 1.01).toBe(true);
      expect(Number(pattern.volume_ratio)).toBeLessThanOrEqual(1);
    },
    SC(pattern) {
      const bar = barOf(pattern);
      expect(pattern.metadata).toEqual({ close_position: closePosition(bar), prior_close: barAfter(bar, -1).close });
      expect(Number(pattern.volume_ratio)).toBeGreaterThan(2);
    },
    BC: (pattern) => expect(Number(pattern.volume_ratio)).toBeGreaterThan(1.9),
    PS: (pattern) => expect(Number(pattern.volume_ratio)).toBeGreaterThan(1.5),
    PSY: (pattern) => expect(Number(pattern.volume_ratio)).toBeGreaterThan(1.5),
    AR(pattern) {
      const { climax, level, side } = climaxOf(pattern);
      const swing = new Decimal(barOf(pattern)[side === 'low' ? 'high' : 'low']).minus(level).abs();
      const count = Number(pattern.metadata.bars_after_sc);
      expect(pattern.metadata.rally_pct).toBe(half(swing.div(level), 6));
      expect(swing.div(level).gte('0.03')).toBe(true);
      expect(count >= 1 && count <= 10).toBe(true);
      expect(barAfter(climax, count)).toBe(barOf(pattern));
    },
    ST(pattern) {
      const { climax, level, side } = climaxOf(pattern);
      const bar = barOf(pattern);
      const inside = side === 'low' ? new Decimal(bar.low).minus(level) : level.minus(bar.high);
      const lessVolume = new Decimal(1).minus(new Decimal(bar.volume).div(climax.volume));
      expect(pattern.metadata).toMatchObject({
        distance_from_sc_low_pct: half(inside.abs().div(level), 6),
        volume_reduction_pct: half(lessVolume, 6),
        penetration_pct: '0.000000',
      });
      expect(inside.gte(0) && inside.div(level).lte('0.02') && lessVolume.gte('0.10')).toBe(true);
    },
    TEST(pattern) {
      const tested = patterns.find(
        (each) => each.test_bar_timestamp === pattern.pattern_bar_timestamp && each.symbol === pattern.symbol,
      )!;
      const [bar, former] = [barOf(pattern), barOf(tested)];
      expect(tested.trading_range_id).toBe(pattern.trading_range_id);
      expect(bar.timestamp > former.timestamp).toBe(true);
      expect(bar.volume).toBeLessThan(former.volume);
      if (tested.pattern_type === 'SPRING') expect(Number(bar.low)).toBeGreaterThan(Number(former.low));
      else expect(Number(bar.high)).toBeLessThan(Number(former.high));
      const confirmation = eventsOf(tested.id).find((event) => event.event_type === 'PATTERN_TEST_CONFIRMED')!;
      expect(Date.parse(confirmation.timestamp)).toBeGreaterThanOrEqual(closesAt(bar));
    },
  };

  function closePosition(bar: Bar): string {
    return half(new Decimal(bar.close).minus(bar.low).div(new Decimal(bar.high).minus(bar.low)), 6);
  }

  function climaxOf(pattern: PatternRow): { climax: Bar; level: Decimal; side: 'low' | 'high' } {
    const climax = byId(patterns, String(pattern.metadata.sc_pattern_id));
    const side = climax.pattern_type === 'SC' ? 'low' : 'high';
    expect(['SC', 'BC']).toContain(climax.pattern_type);
    return { climax: barOf(climax), level: new Decimal(barOf(climax)[side]), side };
  }

  test.each(patterns)('$pattern_type of $symbol on $pattern_bar_timestamp is what its bars show', (pattern) => {
    const check = SHOWN[pattern.pattern_type];
    expect(check).toBeDefined();
    check!(pattern);
  });

  test('all fifteen types are there, and one was rejected by a later bar', () => {
    expect(new Set(patterns.map((pattern) => pattern.pattern_type))).toEqual(new Set(Object.keys(SHOWN)));
    const [rejected, ...others] = patterns.filter((pattern) => pattern.rejection_reason !== null);
    expect(others).toEqual([]);
    const rejection = eventsOf(rejected!.id).find((event) => event.event_type === 'PATTERN_REJECTED')!;
    const undercut = seriesOf('SPY').find(
      (bar) =>
        bar.timestamp > rejected!.pattern_bar_timestamp && Number(bar.low) < Number(rejected!.metadata.spring_low),
    )!;
    expect(Date.parse(rejection.timestamp)).toBeGreaterThanOrEqual(closesAt(undercut));
  });
});
