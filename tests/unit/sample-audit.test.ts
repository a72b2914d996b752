import { describe, expect, test } from 'vitest';
import {
  backtests,
  byId,
  campaigns,
  Decimal,
  events,
  eventsOf,
  half,
  patterns,
  ranges,
  signals,
} from './sample-seeds.js';

describe('backtest results', () => {
  const share = (part: number, whole: number) => half(whole === 0 ? new Decimal(0) : new Decimal(part).div(whole), 4);

  test.each(backtests)('$symbol: counts of the ledger, and shares of the counts', (result) => {
    const ofSymbol = signals.filter((signal) => signal.symbol === result.symbol);
    const won = ofSymbol.filter((signal) => signal.status === 'TARGET_HIT');
    const lost = ofSymbol.filter((signal) => signal.status === 'STOPPED').length;
    const earned = won.reduce((total, signal) => total.plus(signal.r_multiple), new Decimal(-lost));
    expect(result.total_patterns_detected).toBe(patterns.filter((pattern) => pattern.symbol === result.symbol).length);
    expect(result.true_positives + result.false_positives).toBe(result.total_patterns_detected);
    expect([result.total_signals_generated, result.winning_signals, result.losing_signals]).toEqual([
      ofSymbol.length,
      won.length,
      lost,
    ]);
    expect(result.precision).toBe(share(result.true_positives, result.total_patterns_detected));
    expect(result.recall).toBe(share(result.true_positives, result.true_positives + result.false_negatives));
    expect(result.win_rate).toBe(share(won.length, won.length + lost));
    expect(result.average_r_multiple).toBe(half(earned.div(won.length + lost), 2));
    expect(Number(result.max_drawdown) >= 0 && Number(result.max_drawdown) <= 1).toBe(true);
    expect([result.start_date, result.end_date, result.look_ahead_bias_check]).toEqual([
      '2024-01-02',
      '2024-12-31',
      false,
    ]);
  });

  test('one run, one result a symbol', () => {
    expect(new Set(backtests.map((result) => result.backtest_run_id)).size).toBe(1);
    expect(backtests.map((result) => result.symbol)).toEqual(['AAPL', 'TSLA', 'SPY']);
  });
});

describe('the audit trail', () => {
  const TABLES = {
    TRADING_RANGE: ranges,
    PATTERN: patterns,
    SIGNAL: signals,
    CAMPAIGN: campaigns,
    BACKTEST_RESULT: backtests,
  } satisfies Record<string, { id: string }[]>;
  const LEGAL_MOVES: Record<string, string[]> = {
    PENDING: ['APPROVED', 'REJECTED', 'EXPIRED'],
    APPROVED: ['FILLED', 'EXPIRED'],
    FILLED: ['STOPPED', 'TARGET_HIT'],
    ACTIVE: ['MARKUP', 'INVALIDATED'],
    MARKUP: ['COMPLETED', 'INVALIDATED'],
  };

  test('replays to the tables, every change starting from what was there', () => {
    const replayed = new Map<string, Record<string, unknown>>();
    for (const { entity_id: id, metadata } of events) {
      const { before, after } = metadata as { before?: Record<string, unknown>; after: Record<string, unknown> };
      if (before) expect(replayed.get(id)).toMatchObject(before);
      else expect(replayed.has(id)).toBe(false);
      replayed.set(id, { ...replayed.get(id), ...after });
    }
    const rows = Object.values(TABLES).flat();
    expect(replayed.size).toBe(rows.length);
    for (const { id, ...row } of rows) expect(replayed.get(id)).toEqual(row);
  });

  test('holds only legal moves', () => {
    const moves = events
      .map((event) => event.metadata as { before?: { status?: string }; after: { status?: string } })
      .filter(({ before, after }) => before?.status !== undefined && after.status !== undefined);
    expect(moves.length).toBeGreaterThan(20);
    for (const { before, after } of moves) expect(LEGAL_MOVES[before!.status!]).toContain(after.status);
  });

  test('is in time order, names an entity of its type, and starts each chain with a detection or a recorded run', () => {
    expect(events.map((event) => event.timestamp)).toEqual(events.map((event) => event.timestamp).toSorted());
    const ids = [
      ...events.map((event) => event.id),
      ...Object.values(TABLES).flatMap((rows) => rows.map((row) => row.id)),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const firstOfChain = new Map(events.toReversed().map((event) => [event.correlation_id, event.event_type]));
    for (const type of firstOfChain.values()) {
      expect(['PATTERN_DETECTED', 'TRADING_RANGE_CREATED', 'BACKTEST_RESULT_RECORDED']).toContain(type);
    }
    for (const event of events) {
      const rows: { id: string }[] = TABLES[event.entity_type as keyof typeof TABLES];
      expect(event.event_type.startsWith(`${event.entity_type}_`)).toBe(true);
      expect(event.event_type.length).toBeLessThanOrEqual(50);
      expect(byId(rows, event.entity_id)).toBeDefined();
      expect(event).not.toHaveProperty('seq');
    }
  });

  test('carries one id from the detection to the campaign', () => {
    const chainOf = (id: string) => new Set(eventsOf(id).map((event) => event.correlation_id));
    for (const signal of signals) {
      const range = byId(patterns, signal.pattern_id).trading_range_id!;
      const idea = chainOf(signal.id);
      expect(idea.size).toBe(1);
      for (const id of [range, signal.pattern_id, signal.campaign_id]) if (id) expect(chainOf(id)).toEqual(idea);
    }
  });

  test('the soft-deleted range is the only one', () => {
    const deleted = ranges.filter((range) => range.deleted_at !== null);
    expect(deleted).toHaveLength(1);
    expect(patterns.some((pattern) => pattern.trading_range_id === deleted[0]!.id)).toBe(false);
    expect(eventsOf(deleted[0]!.id).at(-1)).toMatchObject({
      event_type: 'TRADING_RANGE_DELETED',
      timestamp: deleted[0]!.deleted_at,
    });
  });
});
