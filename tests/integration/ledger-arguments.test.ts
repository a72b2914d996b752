import { describe, expect, test } from 'vitest';
import { newId, projectRange } from '../../src/index.js';
import {
  createSignal,
  createTradable,
  soundCampaign,
  soundEntry,
  soundPattern,
  soundRange,
  soundSignal,
} from '../setup/ledger-inputs.js';
import { openRawClient } from '../setup/raw-client.js';
import { refusal } from '../setup/refusals.js';
import { openTestStore } from '../setup/test-database.js';

async function open() {
  const { store, url } = await openTestStore({ actor: 'test' });
  return { store, raw: await openRawClient(url) };
}

test('arguments that are no objects are refused, by a rejection, and nothing is written', async () => {
  const { store, raw } = await open();
  const range = await store.tradingRanges.create(soundRange());
  const signal = await createSignal(store, 'APPROVED');
  const campaign = await store.campaigns.open(soundCampaign(range));
  const nothing = null as never;
  const attempts: Readonly<Record<string, () => Promise<unknown>>> = {
    find: () => store.patterns.find(nothing),
    createMany: () => store.patterns.createMany(nothing),
    softDelete: () => store.tradingRanges.softDelete(range.id, nothing),
    restore: () => store.tradingRanges.restore(range.id, nothing),
    updateLevels: () => store.tradingRanges.updateLevels(range.id, nothing),
    close: () => store.tradingRanges.close(range.id, nothing),
    toMarkup: () => store.campaigns.toMarkup(campaign.id, nothing),
    complete: () => store.campaigns.complete(campaign.id, nothing),
    invalidate: () => store.campaigns.invalidate(campaign.id, nothing),
    fill: () => store.signals.fill(signal.id, nothing),
    transaction: () => store.transaction(nothing, async () => {}),
    append: () => store.audit.append(nothing),
  };
  for (const [name, attempt] of Object.entries(attempts)) {
    const refused = await refusal(raw, attempt);
    expect(refused, name).toMatchObject({
      code: 'OBJECT_EXPECTED',
      problems: [{ path: '', value: null, rule: 'not an object' }],
    });
  }
});

describe('a note in the audit trail', () => {
  const note = { eventType: 'PATTERN_SKIPPED', entityType: 'PATTERN', action: 'earnings tomorrow' } as const;

  test('goes on with the story of its entity', async () => {
    const { store } = await open();
    const pattern = await createTradable(store);
    await store.audit.append({ ...note, entityId: pattern.id, metadata: { days: 1 } });
    const { rows } = await store.audit.byEntity('PATTERN', pattern.id);
    const [first, last] = [rows[0]!, rows.at(-1)!];
    expect(last).toMatchObject({ eventType: 'PATTERN_SKIPPED', actor: 'test', metadata: { days: 1 } });
    expect(last.correlationId).toBe(first.correlationId);
    expect((await store.audit.byActor('test')).rows).toContainEqual(last);
  });

  test('is refused for a type of the store, for something that is not there or is something else', async () => {
    const { store, raw } = await open();
    const pattern = await createTradable(store);
    const codeOf = async (change: object) =>
      (await refusal(raw, () => store.audit.append({ ...note, entityId: pattern.id, ...change }))) as {
        code: string;
        hint?: string;
      };
    expect(await codeOf({ eventType: 'PATTERN_REJECTED' })).toMatchObject({ code: 'EVENT_TYPE_RESERVED' });
    expect(await codeOf({ eventType: 'skipped' })).toMatchObject({ code: 'EVENT_TYPE_INVALID' });
    expect(await codeOf({ entityId: newId() })).toMatchObject({ code: 'PATTERN_UNKNOWN' });
    expect(await codeOf({ entityType: 'SIGNAL' })).toMatchObject({
      code: 'SIGNAL_UNKNOWN',
      hint: 'it is an id of patterns',
    });
    expect(await codeOf({ metadata: { price: Number.NaN } })).toMatchObject({ code: 'JSON_INVALID' });
    await expect(store.audit.byActor('a\0')).rejects.toMatchObject({ code: 'TEXT_INVALID' });
    await expect(store.audit.byActor(undefined as never)).rejects.toMatchObject({ code: 'TEXT_INVALID' });
    await expect(store.audit.byEntity('RANGE' as never, pattern.id)).rejects.toMatchObject({ code: 'CHOICE_UNKNOWN' });
  });
});

test('an entry as deep as a document may be is added, and read back', async () => {
  const { store, raw } = await open();
  const range = await store.tradingRanges.create(soundRange());
  const campaign = await store.campaigns.open(soundCampaign(range));
  const signal = await createSignal(store, 'APPROVED');
  await store.signals.fill(signal.id, { campaignId: campaign.id });
  const nested = (levels: number): unknown => (levels === 0 ? 'bottom' : { deeper: nested(levels - 1) });
  const entry = (levels: number) => ({ ...soundEntry(signal), pattern_type: 'SOS' as const, note: nested(levels) });
  expect(await refusal(raw, () => store.campaigns.addEntry(campaign.id, entry(32)))).toMatchObject({
    code: 'JSON_TOO_DEEP',
  });
  const added = await store.campaigns.addEntry(campaign.id, entry(31));
  expect(await store.campaigns.byId(campaign.id)).toEqual(added);
});

test('signals are found by their direction and by the range of their pattern', async () => {
  const { store } = await open();
  const pattern = await createTradable(store);
  const signal = await store.signals.create(soundSignal(pattern));
  const found = async (filter: object) => (await store.signals.find(filter)).rows.map(({ id }) => id);
  expect(await found({ tradingRangeId: pattern.tradingRangeId, signalType: 'LONG' })).toEqual([signal.id]);
  expect(await found({ tradingRangeId: newId() })).toEqual([]);
  expect(await found({ signalType: 'SHORT' })).toEqual([]);
  await expect(found({ signalType: 'long' })).rejects.toMatchObject({ code: 'CHOICE_UNKNOWN', hint: "write 'LONG'" });
});

test("what is not said of the market's time is the transaction's", async () => {
  const { store } = await open();
  const range = await store.tradingRanges.create(soundRange());
  const spring = await store.patterns.create(soundPattern(range));
  const at = new Date(spring.detectionTime.getTime() + 86_400_000);
  const tooSoon = store.transaction({ at }, (tx) => tx.patterns.confirmTest(spring.id, '2024-06-03'));
  await expect(tooSoon).rejects.toMatchObject({ code: 'LOOK_AHEAD', problems: [{ path: 'confirmedAt', value: at }] });
  const campaign = await store.campaigns.open(soundCampaign(range));
  const end = new Date('2025-02-03T21:00:00Z');
  const ended = await store.transaction({ at: end }, (tx) =>
    tx.campaigns.invalidate(campaign.id, { version: 1, reason: 'gone' }),
  );
  expect(ended.completedAt).toEqual(end);
});

test("a range's direction is turned round only where every entry can be seen", async () => {
  const { store } = await open();
  const range = await store.tradingRanges.create(soundRange());
  const turned = { version: 1, ...projectRange({ ...range, direction: 'distribution' }) };
  for (const isolation of ['repeatable read', 'serializable'] as const)
    await expect(
      store.transaction({ isolation }, (tx) => tx.tradingRanges.updateLevels(range.id, turned)),
    ).rejects.toMatchObject({ code: 'DIRECTION_NOT_VISIBLE' });
  const same = { version: 1, phase: 'D' } as const;
  await store.transaction({ isolation: 'serializable' }, (tx) => tx.tradingRanges.updateLevels(range.id, same));
  expect(await store.tradingRanges.updateLevels(range.id, { ...turned, version: 2 })).toMatchObject({
    direction: 'distribution',
  });
});
