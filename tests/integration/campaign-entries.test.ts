import { describe, expect, test } from 'vitest';
import { newId } from '../../src/domain/identifier.js';
import { type Campaign, Decimal, type NewCampaignEntry, NotFoundError, type Store } from '../../src/index.js';
import {
  createSignal,
  createTradable,
  soundCampaign,
  soundChain,
  soundEntry,
  soundRange,
  soundSignal,
} from '../setup/ledger-inputs.js';
import { openRawClient } from '../setup/raw-client.js';
import { problemsOf, refusal, refusedFor } from '../setup/refusals.js';
import { openTestStore } from '../setup/test-database.js';

const EXIT = { exit_price: '110', closed_at: '2024-03-01T00:00:00Z' };

async function open() {
  const { store, url } = await openTestStore({ logLevel: 'silent' });
  const campaign = await store.campaigns.open(soundCampaign(null));
  return { store, raw: await openRawClient(url), campaign };
}

/** A FILLED signal by hand of this campaign; an entry of it says its pattern type. */
function filled(store: Store, { id: campaignId }: Pick<Campaign, 'id'>, campaignAllocation = '0.2') {
  return createSignal(store, 'FILLED', { campaignId, campaignAllocation });
}

const entryOf = (signal: { readonly id: string }, change: Partial<NewCampaignEntry> = {}): NewCampaignEntry =>
  soundEntry(signal as Parameters<typeof soundEntry>[0], { pattern_type: 'SPRING', ...change });

const totals = ({ totalAllocation, currentRisk, averageEntry }: Campaign) => [
  totalAllocation.toFixed(),
  currentRisk.toFixed(),
  averageEntry?.toFixed() ?? null,
];

/** In integers, rounded half-up: what the totals of OPEN entries are, as text. */
function expectedTotals(entries: readonly NewCampaignEntry[], allocations: readonly string[]) {
  const units = (value: unknown, scale: number) => BigInt(new Decimal(value as string).times(`1e${scale}`).toFixed(0));
  const half = (numerator: bigint, denominator: bigint) => (2n * numerator + denominator) / (2n * denominator);
  const text = (value: bigint, scale: number) => new Decimal(value.toString()).div(`1e${scale}`).toFixed();
  let [cost, size, risk, share] = [0n, 0n, 0n, 0n];
  for (const [index, { price, size: amount, stop_loss }] of entries.entries()) {
    const away = units(price, 8) - units(stop_loss, 8);
    cost += units(price, 8) * units(amount, 8);
    size += units(amount, 8);
    risk += (away < 0n ? -away : away) * units(amount, 8);
    share += 5n * units(allocations[index], 4);
  }
  return [text(half(share, 100n), 2), text(half(risk, 10n ** 14n), 2), text(half(cost, size), 8)];
}

test('the totals are exact, and follow what is open', async () => {
  const { store, campaign } = await open();
  const rows = [
    ['101.33333333', '0.00000007', '98.1', '0.1'],
    ['99.99999999', '1234567.00000001', '99.5', '0.3333'],
    ['0.00000001', '3', '0.00000003', '0.0001'],
    ['1234567890.12345678', '0.33333333', '1234567880', '0.5'],
  ] as const;
  const added: NewCampaignEntry[] = [];
  const allocations: string[] = [];
  for (const [price, size, stop_loss, allocation] of rows) {
    const entry = entryOf(await filled(store, campaign, allocation), { price, size, stop_loss });
    const changed = await store.campaigns.addEntry(campaign.id, entry);
    added.push(entry);
    allocations.push(allocation);
    expect(totals(changed)).toEqual(expectedTotals(added, allocations));
    expect(changed.version).toBe(1 + added.length);
    expect(await store.campaigns.byId(campaign.id)).toEqual(changed);
  }
  for (const entry of [...added]) {
    const changed = await store.campaigns.closeEntry(campaign.id, entry.position_id!, EXIT);
    added.shift();
    allocations.shift();
    expect(totals(changed)).toEqual(added.length > 0 ? expectedTotals(added, allocations) : ['0', '0', null]);
    expect(await store.campaigns.byId(campaign.id)).toEqual(changed);
  }
  expect(await store.campaigns.byId(campaign.id)).toMatchObject({ version: 9 });
  expect((await store.audit.verify()).problems).toEqual([]);
});

test('5.00 per cent are taken, and 0.01 more is refused with the room that is left', async () => {
  const { store, raw, campaign } = await open();
  const add = async (allocation: string) => {
    const signal = await filled(store, campaign, allocation);
    return () => store.campaigns.addEntry(campaign.id, entryOf(signal));
  };
  await (await add('0.6'))();
  const [problem] = await problemsOf(raw, await add('0.402')); // 2.01 of 2.00
  expect(problem).toMatchObject({
    code: 'CAMPAIGN_LIMIT',
    path: 'allocation_pct',
    rule: '2.01 is more than the 2.00 that is left of 5.00',
    hint: 'close an entry first',
  });
  expect((problem!.value as Decimal).toFixed()).toBe('2.01');
  expect(await refusedFor(raw, await add('0.4001'))).toEqual([
    'CAMPAIGN_LIMIT allocation_pct: 2.0005 is more than the 2.00 that is left of 5.00',
  ]);
  const full = await (await add('0.4'))();
  expect(full.totalAllocation.toFixed(2)).toBe('5.00');
  expect(await refusedFor(raw, await add('0.0001'))).toEqual([
    'CAMPAIGN_LIMIT allocation_pct: 0.0005 is more than the 0.00 that is left of 5.00',
  ]);
  await store.campaigns.closeEntry(campaign.id, full.entries[0]!.position_id, EXIT);
  expect((await (await add('0.6'))()).totalAllocation.toFixed(2)).toBe('5.00');
});

describe('an entry', () => {
  test("is one of a FILLED signal of the campaign, of its symbol, and says its signal's type and allocation", async () => {
    const { store, raw, campaign } = await open();
    const [id, unknown] = [campaign.id, newId()];
    const refused = (entry: NewCampaignEntry) => refusedFor(raw, () => store.campaigns.addEntry(id, entry));
    const approved = await createSignal(store, 'APPROVED', { campaignId: id });
    expect(await refused(entryOf(approved))).toEqual([
      'SIGNAL_NOT_FILLED signal_id: the signal is APPROVED, not FILLED',
    ]);
    const stopped = await store.signals.stop((await filled(store, campaign)).id);
    expect(await refused(entryOf(stopped))).toEqual(['SIGNAL_NOT_FILLED signal_id: the signal is STOPPED, not FILLED']);
    const elsewhere = await store.campaigns.open(soundCampaign(null, { symbol: 'MSFT' }));
    const other = await createSignal(store, 'FILLED', { campaignId: elsewhere.id, symbol: 'MSFT' });
    expect(await refused(entryOf(other))).toEqual([
      `SIGNAL_OTHER_CAMPAIGN signal_id: the signal is in campaign ${elsewhere.id}, not in this one`,
      'SIGNAL_OTHER_SYMBOL signal_id: the signal is of MSFT, not AAPL',
    ]);
    expect(await refused(entryOf(await createSignal(store, 'FILLED')))).toEqual([
      'SIGNAL_OTHER_CAMPAIGN signal_id: the signal is in no campaign, not in this one',
    ]);
    const none = await refusal(raw, () => store.campaigns.addEntry(id, entryOf({ id: unknown })));
    expect(none).toBeInstanceOf(NotFoundError);
    expect(none).toMatchObject({ code: 'SIGNAL_UNKNOWN', message: `there is no signal ${unknown}` });
    const pattern = await createTradable(store);
    const signal = await store.signals.create(soundSignal(pattern, { campaignId: id }));
    await store.signals.approve(signal.id, soundChain());
    await store.signals.fill(signal.id);
    expect(await refused(entryOf(signal, { pattern_type: 'SOS', allocation_pct: '2' }))).toEqual([
      "ENTRY_PATTERN_TYPE_WRONG pattern_type: the pattern of the entry's signal is SPRING",
      "ENTRY_ALLOCATION_WRONG allocation_pct: the allocation of the entry's signal is 1.00",
    ]);
    const { entries } = await store.campaigns.addEntry(id, soundEntry(signal));
    expect(entries).toMatchObject([{ pattern_type: 'SPRING', status: 'OPEN', signal_id: signal.id }]);
    const { pattern_type: _, ...untyped } = entryOf(await filled(store, campaign));
    expect(await refused(untyped as NewCampaignEntry)).toEqual([
      'ENTRY_PATTERN_TYPE_MISSING pattern_type: the signal has no pattern, so that the entry must say its type',
    ]);
  });

  test('that is malformed is refused with each of its faults', async () => {
    const { store, raw, campaign } = await open();
    const signal = await filled(store, campaign);
    const change = {
      price: '0',
      size: '-1',
      timestamp: 'then',
      stop_loss: '1e400',
      position_id: 'x',
      status: 'CLOSED',
    };
    const problems = await problemsOf(raw, () => store.campaigns.addEntry(campaign.id, entryOf(signal, change)));
    expect(problems.map(({ path }) => path).sort()).toEqual(Object.keys(change).sort());
    const huge = entryOf(signal, { price: '9999999999', size: '9999999999', stop_loss: '1' });
    expect(await refusedFor(raw, () => store.campaigns.addEntry(campaign.id, huge))).toEqual([
      expect.stringMatching(/^CAMPAIGN_RISK_TOO_LARGE size: .* and is at most 9999999999\.99$/),
    ]);
  });

  test('that is there is recognised, with one event; another of its position or signal is refused', async () => {
    const { store, raw, campaign } = await open();
    const signal = await filled(store, campaign);
    const entry = entryOf(signal);
    const once = await store.campaigns.addEntry(campaign.id, entry);
    expect(await store.campaigns.addEntry(campaign.id, entry)).toEqual(once);
    expect(await store.campaigns.addEntry(campaign.id, { ...entry, price: 101, size: '100.0' })).toEqual(once);
    const refused = (other: NewCampaignEntry) => refusedFor(raw, () => store.campaigns.addEntry(campaign.id, other));
    expect(await refused({ ...entry, price: '102' })).toEqual([
      'ENTRY_POSITION_TWICE position_id: the campaign has another entry of this position',
    ]);
    expect(await refused(entryOf(signal))).toEqual([
      'ENTRY_SIGNAL_TWICE signal_id: the campaign has an entry of this signal already',
    ]);
    const closed = await store.campaigns.closeEntry(campaign.id, entry.position_id!, EXIT);
    await store.signals.hitTarget(signal.id);
    expect(await store.campaigns.addEntry(campaign.id, entry)).toEqual(closed);
    const { rows } = await raw.query(`SELECT event_type FROM audit_trail WHERE entity_id = $1 ORDER BY seq`, [
      campaign.id,
    ]);
    expect(rows.map((row) => row.event_type)).toEqual([
      'CAMPAIGN_OPENED',
      'CAMPAIGN_ENTRY_ADDED',
      'CAMPAIGN_ENTRY_CLOSED',
    ]);
  });
});

test('an entry is closed once; the same exit is recognised, another refused', async () => {
  const { store, raw, campaign } = await open();
  const entry = entryOf(await filled(store, campaign));
  await store.campaigns.addEntry(campaign.id, entry);
  const close = (exit: object, position = entry.position_id!) =>
    store.campaigns.closeEntry(campaign.id, position, { ...EXIT, ...exit });
  expect(await refusedFor(raw, () => close({}, newId()))).toEqual([
    'ENTRY_UNKNOWN position_id: the campaign has no entry of this position',
  ]);
  expect(await refusedFor(raw, () => close({ closed_at: '2024-02-06T23:59:59Z' }))).toEqual([
    'EXIT_BEFORE_ENTRY closed_at: a position is not left before its entry',
  ]);
  expect(await refusedFor(raw, () => close({ exit_price: '0' }))).toEqual([expect.stringMatching(/ exit_price: /)]);
  const closed = await close({});
  expect(closed.entries).toMatchObject([
    { status: 'CLOSED', closed_at: new Date(EXIT.closed_at), position_id: entry.position_id },
  ]);
  expect((closed.entries[0]!.exit_price as Decimal).toFixed()).toBe('110');
  expect(await close({ exit_price: '110.00' })).toEqual(closed);
  expect(await refusedFor(raw, () => close({ exit_price: '111' }))).toEqual([
    'ENTRY_CLOSED position_id: the entry was closed at 2024-03-01T00:00:00Z, for 110',
  ]);
});

test('a campaign with open entries is not completed, but may be invalidated; a terminal one takes none', async () => {
  const { store, raw, campaign } = await open();
  const entry = entryOf(await filled(store, campaign));
  const later = entryOf(await filled(store, campaign));
  await store.campaigns.addEntry(campaign.id, entry);
  const marked = await store.campaigns.toMarkup(campaign.id, { version: 2 });
  const [problem] = await problemsOf(raw, () => store.campaigns.complete(campaign.id, { version: 3 }));
  expect(problem).toMatchObject({
    code: 'CAMPAIGN_HAS_OPEN_ENTRIES',
    path: 'entries',
    value: [entry.position_id],
    rule: 'a campaign is completed when every entry is closed',
    hint: 'close them, or invalidate it',
  });
  const over = await store.campaigns.invalidate(campaign.id, { version: 3, reason: 'the ice broke' });
  expect(over).toMatchObject({ entries: marked.entries, averageEntry: marked.averageEntry, status: 'INVALIDATED' });
  expect(await refusedFor(raw, () => store.campaigns.addEntry(campaign.id, later))).toEqual([
    'CAMPAIGN_TERMINAL status: a campaign that is INVALIDATED takes no entries',
  ]);
  const closed = await store.campaigns.closeEntry(campaign.id, entry.position_id!, EXIT);
  expect(closed, 'its position is left all the same').toMatchObject({ status: 'INVALIDATED', version: 5 });
});

test('plain SQL is held to the rules of the tables, whatever the store would say', async () => {
  const { store, raw } = await open();
  const range = await store.tradingRanges.create(soundRange());
  const over = await store.campaigns.open(soundCampaign(range));
  await store.campaigns.invalidate(over.id, { version: 1, reason: 'failed' });
  const live = await store.campaigns.open(soundCampaign(range));
  await store.campaigns.addEntry(live.id, entryOf(await filled(store, live, '1')));
  const refusals: readonly (readonly [set: string, id: string, constraint: string])[] = [
    ['total_allocation = total_allocation + 0.01', live.id, 'chk_campaigns_total_allocation'],
    ['current_risk = -current_risk', live.id, 'chk_campaigns_current_risk'],
    ['entries = entries -> 0', live.id, 'chk_campaigns_entries'],
    ["status = 'COMPLETED'", live.id, 'chk_campaigns_completed_at'],
    ["status = 'MARKUP'", over.id, 'chk_campaigns_completed_at'],
    ["status = 'MARKUP', completed_at = NULL", over.id, 'idx_campaigns_trading_range_id_live'],
    ['version = version - 3', live.id, 'chk_campaigns_version'],
  ];
  for (const [set, id, constraint] of refusals)
    await expect(raw.query(`UPDATE campaigns SET ${set} WHERE id = $1`, [id]), set).rejects.toMatchObject({
      constraint,
    });
  const remove = raw.query('DELETE FROM trading_ranges WHERE id = $1', [range.id]);
  await expect(remove).rejects.toMatchObject({ constraint: 'fk_campaigns_trading_range_id' });
});
