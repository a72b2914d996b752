import { describe, expect, test } from 'vitest';
import type { CampaignEntry, PatternType, SignalRow } from '../../seeds/generate/ledger-rows.js';
import {
  type Bar,
  barAt,
  byId,
  campaigns,
  closesAt,
  DAY_MS,
  Decimal,
  ENTRY_TYPES,
  eventsOf,
  half,
  patterns,
  ranges,
  seriesOf,
  signals,
} from './sample-seeds.js';

describe('signals', () => {
  const LEAST_R: Partial<Record<PatternType, number>> = { SPRING: 3, SOS: 2.5, LPS: 2.5, BU: 2.5, UTAD: 3.5 };
  const STAGES = ['Volume', 'Phase', 'Levels', 'Risk', 'Strategy'];

  test.each(signals)('$signal_type of $symbol at $generated_at, $status', (signal) => {
    const pattern = byId(patterns, signal.pattern_id);
    const [entry, stop, near, far] = [signal.entry_price, signal.stop_loss, signal.target_1, signal.target_2].map(
      (text) => new Decimal(text),
    );
    const risk = entry!.minus(stop!).abs();
    const r = far!.minus(entry!).abs().div(risk);
    expect([pattern.symbol, pattern.timeframe]).toEqual([signal.symbol, signal.timeframe]);
    expect(ENTRY_TYPES[signal.signal_type]).toContain(pattern.pattern_type);
    expect(pattern.rejection_reason).toBeNull();
    if (['SPRING', 'UTAD'].includes(pattern.pattern_type)) {
      expect(pattern.test_confirmed).toBe(true);
      expect(Date.parse(signal.generated_at)).toBeGreaterThan(
        closesAt(barAt(signal.symbol, pattern.test_bar_timestamp!)),
      );
    }
    expect(signal.generated_at > pattern.detection_time).toBe(true);
    const ladder = signal.signal_type === 'LONG' ? [stop, entry, near, far] : [far, near, entry, stop];
    expect(ladder.toSorted((one, other) => one!.cmp(other!))).toEqual(ladder);
    expect(risk.gt(0) && !near!.eq(entry!)).toBe(true);
    expect(signal.r_multiple).toBe(half(r, 2));
    expect(r.gte(LEAST_R[pattern.pattern_type] ?? 2)).toBe(true);
    expect(signal.risk_amount).toBe(half(risk.times(signal.position_size), 2));
    expect(Number(signal.risk_amount)).toBeGreaterThan(0);
    expect(signal.confidence_score >= 70 && signal.confidence_score <= 95).toBe(true);
    expect(Number(signal.campaign_allocation) > 0 && Number(signal.campaign_allocation) <= 1).toBe(true);
    expect(signal.campaign_id !== null).toBe(['FILLED', 'STOPPED', 'TARGET_HIT'].includes(signal.status));
  });

  test.each(signals)('$signal_type of $symbol at $generated_at, $status: the approval chain', (signal) => {
    const { validation_results: results, ...chain } = signal.approval_chain;
    expect(results.map((result) => result.stage)).toEqual(STAGES.slice(0, results.length));
    const failed = results.findIndex((result) => result.status === 'FAIL');
    for (const result of results) expect(result.status === 'PASS' || Boolean(result.reason)).toBe(true);
    if (signal.status === 'REJECTED') {
      expect(failed).toBe(results.length - 1);
      const { stage, reason } = results[failed]!;
      expect(chain).toEqual({ overall_status: 'FAIL', rejection_stage: stage, rejection_reason: reason, warnings: [] });
      return;
    }
    const warnings = results.filter((result) => result.status === 'WARN').map((result) => result.reason);
    expect(failed).toBe(-1);
    expect(chain).toEqual({ overall_status: warnings.length > 0 ? 'WARN' : 'PASS', warnings });
    if (signal.status !== 'PENDING') expect(results).toHaveLength(5);
  });

  test('every status is there, and a short', () => {
    const statuses = ['PENDING', 'APPROVED', 'REJECTED', 'FILLED', 'STOPPED', 'TARGET_HIT', 'EXPIRED'];
    expect(new Set(signals.map((signal) => signal.status))).toEqual(new Set(statuses));
    expect(signals.some((signal) => signal.signal_type === 'SHORT')).toBe(true);
  });
});

describe('campaigns', () => {
  const openOf = (entries: CampaignEntry[]) => entries.filter((entry) => entry.status === 'OPEN');
  const sum = (values: Decimal[]) => values.reduce((total, value) => total.plus(value), new Decimal(0));

  test.each(campaigns)('$symbol, $status: what follows from the entries', (campaign) => {
    const open = openOf(campaign.entries);
    const size = sum(open.map((entry) => new Decimal(entry.size)));
    const cost = sum(open.map((entry) => new Decimal(entry.price).times(entry.size)));
    const risk = sum(open.map((entry) => new Decimal(entry.price).minus(entry.stop_loss).abs().times(entry.size)));
    expect(campaign.average_entry).toBe(open.length === 0 ? null : half(cost.div(size), 8));
    expect(campaign.current_risk).toBe(half(risk, 2));
    expect(campaign.total_allocation).toBe(half(sum(open.map((entry) => new Decimal(entry.allocation_pct))), 2));
    const isTerminal = ['COMPLETED', 'INVALIDATED'].includes(campaign.status);
    expect(campaign.completed_at !== null).toBe(isTerminal);
    if (campaign.status === 'COMPLETED') expect(open).toEqual([]);
    expect(eventsOf(campaign.id)).toHaveLength(campaign.version);
    expect(byId(ranges, campaign.trading_range_id).symbol).toBe(campaign.symbol);
    for (const key of ['position_id', 'signal_id'] as const) {
      expect(new Set(campaign.entries.map((entry) => entry[key])).size).toBe(campaign.entries.length);
    }
    // Never more than 5.00 at any time, not only at the end.
    for (const event of eventsOf(campaign.id)) {
      const { after } = event.metadata as { after: { total_allocation?: string } };
      expect(new Decimal(after.total_allocation ?? 0).lte(5)).toBe(true);
    }
  });

  const entries = campaigns.flatMap((campaign) => campaign.entries.map((entry) => ({ campaign, ...entry })));
  test.each(entries)('the $pattern_type entry at $price of $timestamp', ({ campaign, ...entry }) => {
    const signal = byId(signals, entry.signal_id);
    const pattern = byId(patterns, signal.pattern_id);
    expect([signal.campaign_id, signal.symbol]).toEqual([campaign.id, campaign.symbol]);
    expect(pattern.trading_range_id).toBe(campaign.trading_range_id);
    expect([entry.pattern_type, entry.size, entry.stop_loss]).toEqual([
      pattern.pattern_type,
      signal.position_size,
      signal.stop_loss,
    ]);
    expect(entry.allocation_pct).toBe(half(new Decimal(5).times(signal.campaign_allocation), 2));
    expect(entry.status === 'OPEN').toBe(signal.status === 'FILLED');
    expectTraded(barAt(campaign.symbol, `${entry.timestamp.slice(0, 10)}T00:00:00Z`), entry.price);
    expect(entry.timestamp > signal.generated_at).toBe(true);
    expectOutcome(signal, entry);
  });

  /** Walks the bars after the fill: the first that reaches the stop or the target decides, and none does while the entry is open. */
  function expectOutcome(signal: SignalRow, entry: CampaignEntry): void {
    const reached = (bar: Bar, price: string) => Number(bar.low) <= Number(price) && Number(price) <= Number(bar.high);
    const decisive = seriesOf(signal.symbol).find(
      (bar) => bar.timestamp > entry.timestamp && (reached(bar, signal.stop_loss) || reached(bar, signal.target_2)),
    );
    if (entry.status === 'OPEN') {
      expect(decisive).toBeUndefined();
      return;
    }
    const exit = signal.status === 'STOPPED' ? signal.stop_loss : signal.target_2;
    expect(entry.exit_price).toBe(exit);
    expectTraded(decisive!, exit);
    expect(Date.parse(entry.closed_at!)).toBeGreaterThanOrEqual(closesAt(decisive!));
    expect(Date.parse(entry.closed_at!)).toBeLessThan(closesAt(decisive!) + DAY_MS);
  }

  function expectTraded(bar: Bar, price: string): void {
    expect(Number(bar.low)).toBeLessThanOrEqual(Number(price));
    expect(Number(bar.high)).toBeGreaterThanOrEqual(Number(price));
  }

  test('every filled signal has an entry; one campaign is ACTIVE, one in MARKUP, the others COMPLETED', () => {
    const filled = signals.filter((signal) => signal.campaign_id !== null).map((signal) => signal.id);
    expect(new Set(entries.map((entry) => entry.signal_id))).toEqual(new Set(filled));
    expect(campaigns.map((campaign) => campaign.status).toSorted()).toEqual([
      'ACTIVE',
      'COMPLETED',
      'COMPLETED',
      'MARKUP',
    ]);
    expect(new Set(campaigns.map((campaign) => campaign.trading_range_id)).size).toBe(campaigns.length);
  });
});
