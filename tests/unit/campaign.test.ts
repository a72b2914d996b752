import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  CAMPAIGN_STATUSES,
  type Campaign,
  type CampaignStatus,
  canMoveCampaign,
  checkCampaignInRange,
  checkNoOpenEntry,
  isLive,
  type NewCampaign,
  readNewCampaign,
} from '../../src/domain/campaign.js';
import { addEntryTo, closeEntryIn, type EntryOrigin } from '../../src/domain/campaign-entries.js';
import {
  CAMPAIGN_ENTRY,
  type CampaignEntry,
  type PositionId,
  readEntry,
  readExit,
  readNewEntry,
} from '../../src/domain/campaign-entry.js';
import { totalsOf } from '../../src/domain/campaign-totals.js';
import { Decimal, fromScaled } from '../../src/domain/decimal.js';
import type { CampaignId, SignalId, TradingRangeId } from '../../src/domain/identifier.js';
import { JsonSchemas } from '../../src/domain/json-schemas.js';
import { readOrThrow } from '../../src/domain/problem.js';
import type { MarketSymbol } from '../../src/domain/symbol.js';
import { reading } from './reading.js';
import { byId, campaigns, eventsOf, signals } from './sample-seeds.js';

const SCHEMAS = new JsonSchemas([CAMPAIGN_ENTRY]);
const id = <T extends string>(number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}` as T;
const AAPL = 'AAPL' as MarketSymbol;
const RANGE = id<TradingRangeId>(1);

const NEW: NewCampaign = { id: id(3), symbol: 'AAPL', timeframe: '1d', tradingRangeId: RANGE, startedAt: '2024-01-22' };
const opened = (change: object = {}) => reading((report) => readNewCampaign({ ...NEW, ...change }, report));

/** A live campaign whose OPEN entries have these allocations. */
function campaignOf(allocations: readonly string[], change: Partial<Campaign> = {}): Campaign {
  const entries = allocations.map((allocation_pct, index) =>
    entryOf({ position_id: id(100 + index), signal_id: id(200 + index), allocation_pct }),
  );
  const at = new Date('2024-01-22');
  return { ...opened().value!, entries, ...totalsOf(entries), createdAt: at, updatedAt: at, ...change };
}

function entryOf(change: object): CampaignEntry {
  const entry = {
    position_id: id(100),
    signal_id: id(200),
    pattern_type: 'SPRING',
    price: '100',
    size: '10',
    timestamp: '2024-02-01T14:30:00Z',
    stop_loss: '95',
    allocation_pct: '1',
    status: 'OPEN',
    ...change,
  };
  return readOrThrow('entry', (report) => readEntry(entry, SCHEMAS, report));
}

const SIGNAL: EntryOrigin['signal'] = {
  id: id<SignalId>(9),
  symbol: AAPL,
  status: 'FILLED',
  campaignId: id<CampaignId>(3),
  campaignAllocation: new Decimal('0.3'),
};

function add(
  campaign: Campaign,
  change: { entry?: object; signal?: Partial<EntryOrigin['signal']>; patternType?: EntryOrigin['patternType'] } = {},
) {
  const input = { signal_id: id(9), price: '110', size: '20', timestamp: '2024-03-01T14:30Z', stop_loss: '104.5' };
  const { signal, patternType = 'SOS' } = change;
  return reading((report) => {
    const draft = readNewEntry({ position_id: id(8), ...input, ...change.entry }, report);
    return draft && addEntryTo(campaign, draft, { signal: { ...SIGNAL, ...signal }, patternType }, SCHEMAS, report);
  });
}

function close(campaign: Campaign, change: { position?: number; exit_price?: string; closed_at?: string } = {}) {
  const { position = 100, exit_price = '120', closed_at = '2024-04-01' } = change;
  return reading((report) => {
    const exit = readExit({ exit_price, closed_at }, report);
    return exit && closeEntryIn(campaign, id<PositionId>(position), exit, SCHEMAS, report);
  });
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

describe('statuses', () => {
  const LEGAL = ['ACTIVE MARKUP', 'ACTIVE INVALIDATED', 'MARKUP COMPLETED', 'MARKUP INVALIDATED'];
  const pairs = CAMPAIGN_STATUSES.flatMap((from) => CAMPAIGN_STATUSES.map((to) => [from, to] as const));

  test.each(pairs)('%s to %s', (from, to) => {
    expect(canMoveCampaign(from, to)).toBe(LEGAL.includes(`${from} ${to}`));
  });

  it('are live, or terminal', () => {
    expect(CAMPAIGN_STATUSES.filter(isLive)).toEqual(['ACTIVE', 'MARKUP']);
  });
});

describe('a new campaign', () => {
  it('is ACTIVE and empty', () => {
    expect(plain(opened().value)).toEqual({
      id: id(3),
      symbol: 'AAPL',
      timeframe: '1d',
      tradingRangeId: RANGE,
      status: 'ACTIVE',
      entries: [],
      totalAllocation: '0',
      currentRisk: '0',
      averageEntry: null,
      version: 1,
      startedAt: '2024-01-22T00:00:00.000Z',
      completedAt: null,
    });
  });

  it('gets an id, and needs no range', () => {
    const { value } = opened({ id: undefined, tradingRangeId: undefined });
    expect(value!.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(value!.tradingRangeId).toBeNull();
  });

  it.each<[object, string, string, string]>([
    [{ id: 'x' }, 'ID_INVALID', 'id', 'not an id'],
    [
      { symbol: '' },
      'SYMBOL_INVALID',
      'symbol',
      'a symbol starts with A-Z, 0-9, ^ or $ and goes on with those or . _ : / = & -',
    ],
    [{ timeframe: '1D' }, 'TIMEFRAME_UNKNOWN', 'timeframe', 'a timeframe is one of 1m, 5m, 15m, 1h, 1d'],
    [{ tradingRangeId: 7 }, 'ID_INVALID', 'tradingRangeId', 'not an id'],
    [{ startedAt: undefined }, 'INSTANT_INVALID', 'startedAt', 'not an instant'],
    [{ status: 'MARKUP' }, 'FIELD_IS_COMPUTED', 'status', 'status is computed, never taken from the caller'],
    [{ entries: [] }, 'FIELD_IS_COMPUTED', 'entries', 'entries is computed, never taken from the caller'],
    [
      { averageEntry: null },
      'FIELD_IS_COMPUTED',
      'averageEntry',
      'averageEntry is computed, never taken from the caller',
    ],
  ])('%o is refused', (change, code, path, rule) => {
    const { value, problems } = opened(change);
    expect(value).toBeUndefined();
    expect(problems).toMatchObject([{ code, path, rule }]);
  });

  it('is an object', () => {
    expect(reading((report) => readNewCampaign(null as unknown as NewCampaign, report)).codes).toEqual([
      'SERIES_INVALID',
    ]);
  });
});

describe('a campaign and its range', () => {
  const range = { symbol: AAPL, timeframe: '1d' as const, deletedAt: null };
  const check = (change: object) =>
    reading((report) => checkCampaignInRange(opened().value!, { ...range, ...change }, report));

  it('have one series', () => {
    expect(check({})).toMatchObject({ value: true, problems: [] });
    expect(check({ symbol: 'TSLA', timeframe: '1h' })).toMatchObject({
      value: false,
      problems: [
        {
          code: 'RANGE_OTHER_SERIES',
          path: 'symbol',
          value: 'AAPL',
          rule: 'a campaign has the symbol of its trading range, TSLA',
        },
        {
          code: 'RANGE_OTHER_SERIES',
          path: 'timeframe',
          value: '1d',
          rule: 'a campaign has the timeframe of its trading range, 1h',
        },
      ],
    });
  });

  it('which is not deleted', () => {
    expect(check({ deletedAt: new Date() })).toMatchObject({
      value: false,
      problems: [
        {
          code: 'RANGE_DELETED',
          path: 'tradingRangeId',
          value: RANGE,
          rule: 'a campaign is not opened on a deleted trading range',
        },
      ],
    });
  });
});

describe('totals', () => {
  it.each(campaigns)('of the sample $symbol, $status, are the stored ones', (campaign) => {
    const { totalAllocation, currentRisk, averageEntry } = totalsOf(campaign.entries.map(entryOf));
    expect(totalAllocation.toFixed(2)).toBe(campaign.total_allocation);
    expect(currentRisk.toFixed(2)).toBe(campaign.current_risk);
    expect(averageEntry?.toFixed(8) ?? null).toBe(campaign.average_entry);
  });

  it.each<[string, object[], object]>([
    ['nothing', [], { totalAllocation: '0', currentRisk: '0', averageEntry: null }],
    [
      'CLOSED entries count nothing',
      [{ status: 'CLOSED', closed_at: '2024-03-01', exit_price: '1' }],
      { totalAllocation: '0', currentRisk: '0', averageEntry: null },
    ],
    [
      'a short one risks the way up',
      [{ price: '100', stop_loss: '103.5', size: '2' }],
      { totalAllocation: '1', currentRisk: '7', averageEntry: '100' },
    ],
    [
      'cents are rounded after summing: 0.004 + 0.004 is 0.01',
      [
        { price: '1', stop_loss: '0.996', size: '1' },
        { price: '1', stop_loss: '0.996', size: '1' },
      ],
      { totalAllocation: '2', currentRisk: '0.01', averageEntry: '1' },
    ],
    [
      'half a cent goes up',
      [{ price: '1', stop_loss: '0.995', size: '1' }],
      { totalAllocation: '1', currentRisk: '0.01', averageEntry: '1' },
    ],
    [
      'half of the last decimal goes up',
      [
        { price: '0.00000001', size: '1' },
        { price: '0.00000002', size: '1' },
      ],
      { totalAllocation: '2', currentRisk: '190', averageEntry: '0.00000002' },
    ],
    [
      'and a little less than half down',
      [
        { price: '0.00000001', size: '1.00000001' },
        { price: '0.00000002', size: '1' },
      ],
      { totalAllocation: '2', currentRisk: '190', averageEntry: '0.00000001' },
    ],
    [
      'however little that is, and however large the sizes',
      [
        { price: '0.00000001', size: '9999999999.99999999' },
        { price: '0.00000002', size: '9999999999.99999998' },
      ],
      { totalAllocation: '2', currentRisk: '1899999999700', averageEntry: '0.00000001' },
    ],
    [
      'allocations of four decimals',
      [{ allocation_pct: '0.0025' }, { allocation_pct: '0.0025' }, { allocation_pct: '0.0004' }],
      { totalAllocation: '0.01', currentRisk: '150', averageEntry: '100' },
    ],
  ])('%s', (_, changes, expected) => {
    expect(plain(totalsOf(changes.map(entryOf)))).toEqual(expected);
  });

  it('agree with integers', () => {
    const E8 = 10n ** 8n;
    const price = fc.oneof(
      fc.bigInt(1n, 10n ** 18n - 1n),
      fc.bigInt(1n, 1000n),
      fc.bigInt(10n ** 18n - 1000n, 10n ** 18n - 1n),
    );
    const scaledEntry = fc.record({
      price,
      size: price,
      stop: price,
      allocation: fc.bigInt(0n, 50_000n),
      open: fc.boolean(),
    });
    const halfUp = (part: bigint, whole: bigint) => (2n * part + whole) / (2n * whole);
    fc.assert(
      fc.property(fc.array(scaledEntry, { maxLength: 12 }), (scaled) => {
        const entries = scaled.map((one) =>
          entryOf({
            price: fromScaled(one.price, 8),
            size: fromScaled(one.size, 8),
            stop_loss: fromScaled(one.stop, 8),
            allocation_pct: fromScaled(one.allocation, 4),
            ...(!one.open && { status: 'CLOSED', closed_at: '2025-01-01', exit_price: '1' }),
          }),
        );
        let [size, cost, risk, allocation] = [0n, 0n, 0n, 0n];
        for (const one of scaled.filter(({ open }) => open)) {
          size += one.size;
          cost += one.price * one.size;
          risk += (one.price > one.stop ? one.price - one.stop : one.stop - one.price) * one.size;
          allocation += one.allocation;
        }
        const totals = totalsOf(entries);
        expect(totals.totalAllocation.times(100).toFixed()).toBe(halfUp(allocation, 100n).toString());
        expect(totals.currentRisk.times(100).toFixed()).toBe(halfUp(risk, 10n ** 14n).toString());
        expect(totals.averageEntry?.times(E8.toString()).toFixed()).toBe(
          size === 0n ? undefined : halfUp(cost, size).toString(),
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('adding an entry', () => {
  it('puts it behind the others and sums up', () => {
    const { value, problems } = add(campaignOf(['2']), { entry: { note: 'half' } });
    expect(problems).toEqual([]);
    expect(value!.changed).toBe(true);
    expect(plain(value!.entries[1])).toEqual({
      position_id: id(8),
      signal_id: id(9),
      price: '110',
      size: '20',
      timestamp: '2024-03-01T14:30:00.000Z',
      stop_loss: '104.5',
      status: 'OPEN',
      pattern_type: 'SOS',
      allocation_pct: '1.5',
      note: 'half',
    });
    // (100 x 10 + 110 x 20) / 30, and 5 x 10 + 5.5 x 20
    expect(plain(value!.totals)).toEqual({ totalAllocation: '3.5', currentRisk: '160', averageEntry: '106.66666667' });
  });

  it('takes what the caller says of its signal where that is right', () => {
    const { value } = add(campaignOf([]), { entry: { pattern_type: 'SOS', allocation_pct: '1.50' } });
    expect(value!.entries).toHaveLength(1);
  });

  it('takes the type from the caller where the signal has no pattern', () => {
    const { value } = add(campaignOf([]), { entry: { pattern_type: 'LPS' }, patternType: null });
    expect(value!.entries[0]!.pattern_type).toBe('LPS');
  });

  it.each<[string, { held: string[]; share: string }, string | undefined]>([
    ['5.00 exactly, in one', { held: [], share: '1' }, undefined],
    ['5.00 exactly', { held: ['2', '1.5'], share: '0.3' }, undefined],
    ['5.00 exactly, with four decimals', { held: ['2.0005', '1.4995'], share: '0.3' }, undefined],
    ['0.01 over', { held: ['2.5'], share: '0.502' }, '2.51 is more than the 2.50 that is left of 5.00'],
    ['0.0005 over', { held: ['3.5'], share: '0.3001' }, '1.5005 is more than the 1.50 that is left of 5.00'],
    ['0.0001 over', { held: ['2.0001', '1.5'], share: '0.3' }, '1.50 is more than the 1.4999 that is left of 5.00'],
    ['full', { held: ['5'], share: '0.0001' }, '0.0005 is more than the 0.00 that is left of 5.00'],
    ['full, and nothing more', { held: ['5'], share: '0' }, undefined],
  ])('the limit: %s', (_, { held, share }, rule) => {
    const { value, problems } = add(campaignOf(held), { signal: { campaignAllocation: new Decimal(share) } });
    if (rule === undefined) {
      expect(problems).toEqual([]);
      expect(value!.totals.totalAllocation.toFixed(2)).toBe('5.00');
    } else {
      expect(value).toBeUndefined();
      const allocation = new Decimal(share).times(5);
      expect(problems).toEqual([
        { code: 'CAMPAIGN_LIMIT', path: 'allocation_pct', value: allocation, rule, hint: 'close an entry first' },
      ]);
    }
  });

  it('has room again after a close', () => {
    const { value: closed } = close(campaignOf(['4', '1']));
    const { problems, value } = add({ ...campaignOf([]), entries: closed!.entries, ...closed!.totals });
    expect(problems).toEqual([]);
    expect(value!.totals.totalAllocation.toFixed()).toBe('2.5');
  });

  it.each<[string, Partial<Campaign>, Parameters<typeof add>[1], string, string, string]>([
    [
      'a completed campaign',
      { status: 'COMPLETED' },
      {},
      'CAMPAIGN_TERMINAL',
      'status',
      'a campaign that is COMPLETED takes no entries',
    ],
    [
      'an invalidated campaign',
      { status: 'INVALIDATED' },
      {},
      'CAMPAIGN_TERMINAL',
      'status',
      'a campaign that is INVALIDATED takes no entries',
    ],
    [
      'a position twice',
      {},
      { entry: { position_id: id(100) } },
      'ENTRY_POSITION_TWICE',
      'position_id',
      'the campaign has another entry of this position',
    ],
    [
      'a signal twice',
      {},
      { entry: { signal_id: id(200) } },
      'ENTRY_SIGNAL_TWICE',
      'signal_id',
      'the campaign has an entry of this signal already',
    ],
    [
      'a signal not filled',
      {},
      { signal: { status: 'APPROVED' } },
      'SIGNAL_NOT_FILLED',
      'signal_id',
      'the signal is APPROVED, not FILLED',
    ],
    [
      'a signal that is done',
      {},
      { signal: { status: 'STOPPED' } },
      'SIGNAL_NOT_FILLED',
      'signal_id',
      'the signal is STOPPED, not FILLED',
    ],
    [
      'a signal of another campaign',
      {},
      { signal: { campaignId: id(4) } },
      'SIGNAL_OTHER_CAMPAIGN',
      'signal_id',
      `the signal is in campaign ${id(4)}, not in this one`,
    ],
    [
      'a signal of no campaign',
      {},
      { signal: { campaignId: null } },
      'SIGNAL_OTHER_CAMPAIGN',
      'signal_id',
      'the signal is in no campaign, not in this one',
    ],
    [
      'a signal of another symbol',
      {},
      { signal: { symbol: 'TSLA' as MarketSymbol } },
      'SIGNAL_OTHER_SYMBOL',
      'signal_id',
      'the signal is of TSLA, not AAPL',
    ],
    [
      'another pattern type',
      {},
      { entry: { pattern_type: 'LPS' } },
      'ENTRY_PATTERN_TYPE_WRONG',
      'pattern_type',
      "the pattern of the entry's signal is SOS",
    ],
    [
      'no pattern type',
      {},
      { patternType: null },
      'ENTRY_PATTERN_TYPE_MISSING',
      'pattern_type',
      'the signal has no pattern, so that the entry must say its type',
    ],
    [
      'another allocation',
      {},
      { entry: { allocation_pct: '1.5001' } },
      'ENTRY_ALLOCATION_WRONG',
      'allocation_pct',
      "the allocation of the entry's signal is 1.50",
    ],
    [
      'a risk that no column holds',
      {},
      { entry: { price: '9999999999', stop_loss: '1', size: '1.1' } },
      'CAMPAIGN_RISK_TOO_LARGE',
      'size',
      "the campaign's risk would be 11000000047.80, and is at most 9999999999.99",
    ],
  ])('%s is refused', (_, campaign, change, code, path, rule) => {
    const { value, problems } = add(campaignOf(['1'], campaign), change);
    expect(value).toBeUndefined();
    expect(problems).toMatchObject([{ code, path, rule }]);
  });

  it('reports everything at once', () => {
    const change = { entry: { signal_id: id(200) }, signal: { status: 'PENDING', campaignId: null } } as const;
    expect(add(campaignOf(['4'], { status: 'COMPLETED' }), change).codes).toEqual([
      'CAMPAIGN_TERMINAL',
      'ENTRY_SIGNAL_TWICE',
      'SIGNAL_NOT_FILLED',
      'SIGNAL_OTHER_CAMPAIGN',
      'CAMPAIGN_LIMIT',
    ]);
  });

  describe('twice', () => {
    const { value } = add(campaignOf(['1']));
    const recorded = (change: Partial<Campaign> = {}) =>
      campaignOf([], { entries: value!.entries, ...value!.totals, ...change });

    it.each<CampaignStatus>(['ACTIVE', 'INVALIDATED'])('is recognised (%s)', (status) => {
      const campaign = recorded({ status });
      const again = add(campaign, { signal: { status: 'STOPPED' } });
      expect(again.problems).toEqual([]);
      expect(again.value).toEqual({ changed: false, entries: campaign.entries, totals: value!.totals });
    });

    it('is recognised when the entry was closed since', () => {
      const closed = close(recorded(), { position: 8 }).value!;
      expect(add(recorded({ entries: closed.entries, ...closed.totals })).value).toMatchObject({ changed: false });
    });

    it.each([{ price: '110.00000001' }, { note: 'x' }, { timestamp: '2024-03-01T14:30:01Z' }])(
      'with %o is not',
      (entry) => {
        expect(add(recorded(), { entry }).codes).toEqual(['ENTRY_POSITION_TWICE']);
      },
    );
  });
});

describe('closing an entry', () => {
  it('records the exit and takes it out of the totals', () => {
    const { value } = close(campaignOf(['2', '1']));
    expect(value).toMatchObject({ changed: true });
    expect(plain(value!.entries[0])).toMatchObject({
      status: 'CLOSED',
      exit_price: '120',
      closed_at: '2024-04-01T00:00:00.000Z',
    });
    expect(value!.entries[1]!.status).toBe('OPEN');
    expect(plain(value!.totals)).toEqual({ totalAllocation: '1', currentRisk: '50', averageEntry: '100' });
  });

  it('leaves no average behind the last one', () => {
    expect(plain(close(campaignOf(['2'])).value!.totals)).toEqual({
      totalAllocation: '0',
      currentRisk: '0',
      averageEntry: null,
    });
  });

  it('is possible where the campaign was invalidated with positions', () => {
    expect(close(campaignOf(['2'], { status: 'INVALIDATED' })).value).toMatchObject({ changed: true });
  });

  it('again by the same exit is recognised, by another is refused', () => {
    const { value } = close(campaignOf(['2']));
    const campaign = campaignOf([], { entries: value!.entries, ...value!.totals });
    expect(close(campaign, { exit_price: '120.00' }).value).toEqual({ ...value, changed: false });
    for (const change of [{ exit_price: '120.01' }, { closed_at: '2024-04-02' }]) {
      expect(close(campaign, change).problems).toEqual([
        {
          code: 'ENTRY_CLOSED',
          path: 'position_id',
          value: id(100),
          rule: 'the entry was closed at 2024-04-01T00:00:00Z, for 120',
        },
      ]);
    }
  });

  it('of no such position is refused', () => {
    expect(close(campaignOf(['2']), { position: 7 }).problems).toEqual([
      { code: 'ENTRY_UNKNOWN', path: 'position_id', value: id(7), rule: 'the campaign has no entry of this position' },
    ]);
  });

  it('before it was filled is refused', () => {
    expect(close(campaignOf(['2']), { closed_at: '2024-02-01T14:29:59Z' }).problems).toMatchObject([
      { code: 'EXIT_BEFORE_ENTRY', path: 'closed_at', rule: 'a position is not left before its entry' },
    ]);
  });
});

describe('entries of a version that this process does not know', () => {
  const later = { ...entryOf({}), schema_version: 2, price: '100' } as unknown as CampaignEntry;
  const campaign = campaignOf(['1']);
  const mixed = { ...campaign, entries: [...campaign.entries, later] };

  it.each([
    ['add', () => add(mixed)],
    ['close', () => close(mixed)],
  ])('keep others from being changed: %s', (_, change) => {
    const { value, problems } = change();
    expect(value).toBeUndefined();
    expect(problems).toMatchObject([{ code: 'JSON_SCHEMA_UNKNOWN', path: 'entries.1', value: 2 }]);
  });
});

describe('the sample', () => {
  it.each(campaigns)('$symbol, $status, replays by adding and closing', (row) => {
    let campaign: Campaign = { ...campaignOf([]), id: row.id as CampaignId, symbol: row.symbol as MarketSymbol };
    const wanted = { FILLED: 0, CLOSED: 0 };
    for (const { event_type: type, metadata } of eventsOf(row.id)) {
      const after = metadata.after as Partial<typeof row>;
      if (type === 'CAMPAIGN_MARKUP_STARTED') campaign = { ...campaign, status: 'MARKUP' };
      if (!after.entries || type === 'CAMPAIGN_OPENED') continue;
      const { value, problems } = reading((report) => {
        if (type === 'CAMPAIGN_ENTRY_ADDED') {
          wanted.FILLED += 1;
          const entry = after.entries!.at(-1)!;
          const stored = byId(signals, entry.signal_id);
          const signal = {
            id: stored.id as SignalId,
            symbol: stored.symbol as MarketSymbol,
            status: 'FILLED' as const,
            campaignId: stored.campaign_id as CampaignId,
            campaignAllocation: new Decimal(stored.campaign_allocation),
          };
          const draft = readNewEntry({ ...entry }, report);
          return draft && addEntryTo(campaign, draft, { signal, patternType: entry.pattern_type }, SCHEMAS, report);
        }
        wanted.CLOSED += 1;
        const closed = after.entries!.find((entry, index) => entry.status !== campaign.entries[index]!.status)!;
        const exit = readExit({ exit_price: closed.exit_price!, closed_at: closed.closed_at! }, report);
        return exit && closeEntryIn(campaign, closed.position_id as PositionId, exit, SCHEMAS, report);
      });
      expect(problems).toEqual([]);
      campaign = { ...campaign, entries: value!.entries, ...value!.totals };
      expect(campaign.entries).toEqual(after.entries.map(entryOf));
      expect(campaign.totalAllocation.toFixed(2)).toBe(after.total_allocation);
      expect(campaign.currentRisk.toFixed(2)).toBe(after.current_risk);
      expect(campaign.averageEntry?.toFixed(8) ?? null).toBe(after.average_entry);
    }
    expect(campaign.entries).toEqual(row.entries.map(entryOf));
    expect(wanted).toEqual({
      FILLED: row.entries.length,
      CLOSED: row.entries.filter((entry) => entry.status === 'CLOSED').length,
    });
  });
});

describe('completing', () => {
  it('needs every entry closed', () => {
    const open = campaignOf(['2', '1']);
    expect(reading((report) => checkNoOpenEntry({ entries: close(open).value!.entries }, report)).problems).toEqual([
      {
        code: 'CAMPAIGN_HAS_OPEN_ENTRIES',
        path: 'entries',
        value: [id(101)],
        rule: 'a campaign is completed when every entry is closed',
        hint: 'close them, or invalidate it',
      },
    ]);
    expect(reading((report) => checkNoOpenEntry(campaignOf([]), report))).toMatchObject({ value: true, problems: [] });
    expect(reading((report) => checkNoOpenEntry(close(campaignOf(['1'])).value!, report)).value).toBe(true);
  });
});
