import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { newId } from '../../src/domain/identifier.js';
import { type Campaign, IllegalMoveError, NotFoundError, StaleVersionError, type Store } from '../../src/index.js';
import { createSignal, soundCampaign, soundChain, soundRange, soundSignal } from '../setup/ledger-inputs.js';
import { openRawClient } from '../setup/raw-client.js';
import { refusal, refusedFor } from '../setup/refusals.js';
import { openTestStore } from '../setup/test-database.js';

async function open(): Promise<{ store: Store; raw: pg.Client }> {
  const { store, url } = await openTestStore({ logLevel: 'silent' });
  return { store, raw: await openRawClient(url) };
}

async function markup(store: Store, change: Parameters<typeof soundCampaign>[1] = {}): Promise<Campaign> {
  const campaign = await store.campaigns.open(soundCampaign(null, change));
  return store.campaigns.toMarkup(campaign.id, { version: campaign.version });
}

const ids = (campaigns: readonly { readonly id: string }[]) => campaigns.map(({ id }) => id);

describe('open', () => {
  test('answers an empty campaign, and what is stored equals it', async () => {
    const { store } = await open();
    const range = await store.tradingRanges.create(soundRange());
    const campaign = await store.campaigns.open(soundCampaign(range));
    expect(campaign).toMatchObject({
      tradingRangeId: range.id,
      status: 'ACTIVE',
      entries: [],
      averageEntry: null,
      version: 1,
      completedAt: null,
    });
    expect([campaign.totalAllocation.toFixed(), campaign.currentRisk.toFixed()]).toEqual(['0', '0']);
    expect(await store.campaigns.byId(campaign.id)).toEqual(campaign);
    expect(await store.campaigns.byId(newId())).toBeUndefined();
  });

  test('refuses what breaks a rule, and writes nothing', async () => {
    const { store, raw } = await open();
    const range = await store.tradingRanges.create(soundRange());
    const gone = await store.tradingRanges.create(soundRange());
    await store.tradingRanges.softDelete(gone.id, { version: 1 });
    const unknown = newId();
    const refused = (change: object, of: Parameters<typeof soundCampaign>[0] = null) =>
      refusedFor(raw, () => store.campaigns.open({ ...soundCampaign(of), ...change }));
    const computed = (path: string) => `FIELD_IS_COMPUTED ${path}: ${path} is computed, never taken from the caller`;
    expect(await refused({ status: 'MARKUP', totalAllocation: '1', version: 3, averageEntry: '1' })).toEqual([
      computed('status'),
      computed('totalAllocation'),
      computed('averageEntry'),
      computed('version'),
    ]);
    expect(await refused({ id: 'x' })).toEqual(['ID_INVALID id: not an id']);
    expect(await refused({ tradingRangeId: unknown })).toEqual([
      'TRADING_RANGE_UNKNOWN tradingRangeId: there is no such trading range',
    ]);
    expect(await refused({ symbol: 'MSFT', timeframe: '1h' }, range)).toEqual([
      'RANGE_OTHER_SERIES symbol: a campaign has the symbol of its trading range, AAPL',
      'RANGE_OTHER_SERIES timeframe: a campaign has the timeframe of its trading range, 1d',
    ]);
    expect(await refused({}, gone)).toEqual([
      'RANGE_DELETED tradingRangeId: a campaign is not opened on a deleted trading range',
    ]);
    const many = () =>
      store.campaigns.openMany([soundCampaign(range), soundCampaign(null, { tradingRangeId: unknown })]);
    expect(await refusedFor(raw, many)).toEqual([
      '1 TRADING_RANGE_UNKNOWN tradingRangeId: there is no such trading range',
    ]);
  });

  test('again with the same values is recognised, also when the campaign has moved on; with others it is a conflict', async () => {
    const { store, raw } = await open();
    const input = soundCampaign(null);
    const { id } = await store.campaigns.open(input);
    const moved = await store.campaigns.toMarkup(id, { version: 1 });
    expect(await store.campaigns.open(input)).toEqual(moved);
    expect(await refusal(raw, () => store.campaigns.open({ ...input, startedAt: '2024-02-08' }))).toMatchObject({
      name: 'ConflictError',
      code: 'ID_CONFLICT',
      message: expect.stringMatching(
        /exists with other values: started_at: "2024-02-08.*: it was created with "2024-02-06/,
      ),
    });
    const { rows } = await raw.query('SELECT event_type FROM audit_trail ORDER BY timestamp');
    expect(rows.map((row) => row.event_type)).toEqual(['CAMPAIGN_OPENED', 'CAMPAIGN_MARKUP_STARTED']);
  });

  test('on a range that has a live one is refused until that one is over', async () => {
    const { store, raw } = await open();
    const range = await store.tradingRanges.create(soundRange());
    const live = {
      code: 'CAMPAIGN_LIVE',
      message: 'the trading range has a live campaign already',
      hint: 'campaigns.byRange() finds it',
    };
    const first = await store.campaigns.open(soundCampaign(range));
    const again = () => store.campaigns.open(soundCampaign(range));
    expect(await refusal(raw, again)).toMatchObject(live);
    const { version } = await store.campaigns.toMarkup(first.id, { version: 1 });
    expect(await refusal(raw, again)).toMatchObject(live);
    const both = () => store.campaigns.openMany([soundCampaign(null), soundCampaign(range)]);
    expect(await refusal(raw, both)).toMatchObject(live);
    await store.campaigns.complete(first.id, { version });
    const second = await again();
    await store.campaigns.invalidate(second.id, { version: 1, reason: 'the range failed' });
    const third = await again();
    expect(ids(await store.campaigns.byRange(range.id))).toHaveLength(3);
    expect(ids(await store.campaigns.live())).toEqual([third.id]);
  });
});

describe('moves', () => {
  test('go from ACTIVE over MARKUP to COMPLETED, each raising the version', async () => {
    const { store } = await open();
    const { id } = await store.campaigns.open(soundCampaign(null));
    expect(await store.campaigns.toMarkup(id, { version: 1 })).toMatchObject({ status: 'MARKUP', version: 2 });
    const completed = await store.campaigns.complete(id, { version: 2, completedAt: '2024-03-01' });
    expect(completed).toMatchObject({
      status: 'COMPLETED',
      version: 3,
      completedAt: new Date('2024-03-01T00:00:00Z'),
    });
    expect(await store.campaigns.byId(id)).toEqual(completed);
  });

  test('invalidate ends a live one, and keeps the reason in the trail', async () => {
    const { store, raw } = await open();
    const { id } = await markup(store);
    const before = Date.now();
    const invalidated = await store.campaigns.invalidate(id, { version: 2, reason: 'the spring failed' });
    expect(invalidated).toMatchObject({ status: 'INVALIDATED', version: 3 });
    expect(invalidated.completedAt!.getTime()).toBeGreaterThanOrEqual(before);
    const { rows } = await raw.query("SELECT action FROM audit_trail WHERE event_type = 'CAMPAIGN_INVALIDATED'");
    expect(rows).toEqual([{ action: 'the spring failed' }]);
    for (const reason of ['', ' ', 'x'.repeat(1_001)])
      expect(await refusedFor(raw, () => store.campaigns.invalidate(id, { version: 3, reason }))).toEqual([
        'TEXT_INVALID reason: not a text of 1 to 1000 characters, none of them NUL',
      ]);
  });

  test('that are not legal are refused, whatever the version', async () => {
    const { store, raw } = await open();
    const active = await store.campaigns.open(soundCampaign(null));
    const marked = await markup(store);
    const { campaigns } = store;
    const completed = await campaigns.complete((await markup(store)).id, { version: 2 });
    const invalidated = await campaigns.invalidate((await markup(store)).id, { version: 2, reason: 'failed' });
    const options = { version: 99, reason: 'failed' };
    const moves = {
      MARKUP: (id: string) => campaigns.toMarkup(id, options),
      COMPLETED: (id: string) => campaigns.complete(id, options),
      INVALIDATED: (id: string) => campaigns.invalidate(id, options),
    };
    const over = 'its story is over';
    const illegal: readonly (readonly [Campaign, keyof typeof moves, string])[] = [
      [active, 'COMPLETED', 'it can become MARKUP or INVALIDATED'],
      [marked, 'MARKUP', 'it can become COMPLETED or INVALIDATED'],
      ...[completed, invalidated].flatMap((campaign) =>
        (Object.keys(moves) as (keyof typeof moves)[]).map((to) => [campaign, to, over] as const),
      ),
    ];
    for (const [{ id, status }, to, hint] of illegal) {
      const error = await refusal(raw, () => moves[to](id));
      expect(error).toBeInstanceOf(IllegalMoveError);
      const message = `campaign ${id} is ${status} and cannot become ${to}`;
      expect(error).toMatchObject({ code: 'ILLEGAL_MOVE', from: status, to, message, hint });
    }
  });

  test('with a stale version are refused with both versions', async () => {
    const { store, raw } = await open();
    const { campaigns } = store;
    const active = await campaigns.open(soundCampaign(null));
    const marked = await markup(store);
    const attempts: readonly (readonly [string, number, () => Promise<unknown>])[] = [
      [active.id, 1, () => campaigns.toMarkup(active.id, { version: 7 })],
      [active.id, 1, () => campaigns.invalidate(active.id, { version: 7, reason: 'failed' })],
      [marked.id, 2, () => campaigns.complete(marked.id, { version: 7 })],
    ];
    for (const [id, actual, attempt] of attempts) {
      const error = await refusal(raw, attempt);
      expect(error).toBeInstanceOf(StaleVersionError);
      expect(error).toMatchObject({
        code: 'STALE_VERSION',
        expected: 7,
        actual,
        message: `campaign ${id} is at version ${actual}, not 7`,
        hint: `read it again and pass version ${actual}`,
      });
    }
    for (const version of [0, 1.5, 2 ** 31, '1' as unknown as number])
      expect(await refusedFor(raw, () => campaigns.toMarkup(active.id, { version }))).toEqual([
        expect.stringMatching(/ version: /),
      ]);
  });

  test('end no campaign before it starts, and need an id of a campaign', async () => {
    const { store, raw } = await open();
    const { id } = await markup(store);
    const { campaigns } = store;
    const early = { version: 2, completedAt: '2024-02-05T23:59:59.999Z' };
    const rule = 'END_BEFORE_START completedAt: a campaign does not end before it starts';
    expect(await refusedFor(raw, () => campaigns.complete(id, early))).toEqual([rule]);
    expect(await refusedFor(raw, () => campaigns.invalidate(id, { ...early, reason: 'failed' }))).toEqual([rule]);
    const signal = await createSignal(store);
    const [other, unknown] = [
      await refusal(raw, () => campaigns.toMarkup(signal.id, { version: 1 })),
      await refusal(raw, () => campaigns.toMarkup(newId(), { version: 1 })),
    ];
    expect(other).toBeInstanceOf(NotFoundError);
    expect(other).toMatchObject({ code: 'CAMPAIGN_UNKNOWN', hint: 'it is an id of signals' });
    expect(unknown).toMatchObject({ hint: 'was it created, and is this the right database?' });
    expect(await refusedFor(raw, () => campaigns.toMarkup('1', { version: 1 }))).toEqual(['ID_INVALID id: not an id']);
  });
});

test('find, latest and live take every filter', async () => {
  const { store, raw } = await open();
  const range = await store.tradingRanges.create(soundRange());
  const { campaigns } = store;
  const a = await campaigns.open(soundCampaign(range, { startedAt: '2024-02-01' }));
  const b = await markup(store, { startedAt: '2024-02-02', timeframe: '1h' });
  const c = await markup(store, { startedAt: '2024-02-03', symbol: 'MSFT' });
  const d = await campaigns.complete(c.id, { version: 2 });
  const found = async (filter: Parameters<typeof campaigns.find>[0]) => ids((await campaigns.find(filter)).rows);
  expect(await found({})).toEqual([a.id, b.id, d.id]);
  expect(await found({ symbol: 'msft' })).toEqual([d.id]);
  expect(await found({ timeframe: '1h' })).toEqual([b.id]);
  expect(await found({ from: '2024-02-02', to: '2024-02-03' })).toEqual([b.id]);
  expect(await found({ status: 'MARKUP' })).toEqual([b.id]);
  expect(await found({ status: 'INVALIDATED' })).toEqual([]);
  expect(await found({ tradingRangeId: range.id })).toEqual([a.id]);
  expect(ids((await campaigns.latest({ limit: 2 })).rows)).toEqual([b.id, d.id]);
  expect(ids(await campaigns.live())).toEqual([a.id, b.id]);
  expect(ids(await campaigns.live({ symbol: 'AAPL', timeframe: '1d' }))).toEqual([a.id]);
  expect(ids(await campaigns.live({ status: 'COMPLETED' }))).toEqual([]);
  expect(ids(await campaigns.byRange(range.id))).toEqual([a.id]);
  const first = await campaigns.find({ limit: 2 });
  await campaigns.open(soundCampaign(null, { startedAt: '2024-01-01' }));
  expect(ids((await campaigns.find({ limit: 2, cursor: first.next! })).rows)).toEqual([d.id]);
  expect(await refusedFor(raw, () => campaigns.find({ status: 'LIVE' as 'ACTIVE', tradingRangeId: '1' }))).toEqual([
    expect.stringMatching(/ status: /),
    'ID_INVALID tradingRangeId: not an id',
  ]);
});

test('a signal joins a campaign that is live and of its series, when it is created or filled', async () => {
  const { store, raw } = await open();
  const live = await store.campaigns.open(soundCampaign(null));
  const other = await store.campaigns.open(soundCampaign(null, { symbol: 'MSFT' }));
  const over = await store.campaigns.complete((await markup(store)).id, { version: 2 });
  const approved = await createSignal(store, 'APPROVED');
  const joined = await createSignal(store, 'APPROVED', { campaignId: live.id });
  const second = await store.campaigns.open(soundCampaign(null));
  const attempts: readonly (readonly [string, string])[] = [
    [other.id, 'CAMPAIGN_OTHER_SERIES campaignId: the campaign is of MSFT 1d'],
    [over.id, 'CAMPAIGN_TERMINAL campaignId: the campaign is COMPLETED'],
    [newId(), 'CAMPAIGN_UNKNOWN campaignId: there is no such campaign'],
  ];
  for (const [campaignId, refused] of attempts) {
    expect(await refusedFor(raw, () => store.signals.fill(approved.id, { campaignId }))).toEqual([refused]);
    expect(await refusedFor(raw, () => store.signals.create(soundSignal(null, { campaignId })))).toEqual([refused]);
  }
  expect(await refusedFor(raw, () => store.signals.fill(joined.id, { campaignId: second.id }))).toEqual([
    `SIGNAL_OTHER_CAMPAIGN campaignId: the signal is in campaign ${live.id}`,
  ]);
  expect(await store.signals.fill(joined.id)).toMatchObject({ status: 'FILLED', campaignId: live.id });
  await expect(store.signals.approve(approved.id, soundChain())).rejects.toBeInstanceOf(IllegalMoveError);
});
