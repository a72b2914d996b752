import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { newId } from '../../src/domain/identifier.js';
import { Decimal, type NewCampaignEntry, openStore, type Store, WyckoffError } from '../../src/index.js';
import {
  createSignal,
  soundCampaign,
  soundChain,
  soundEntry,
  soundRange,
  soundSignal,
} from '../setup/ledger-inputs.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const WORKER = fileURLToPath(new URL('./campaign-worker.ts', import.meta.url));
const WORKERS = 32;

async function open() {
  const { store, url } = await openTestStore({ logLevel: 'silent', maxConnections: WORKERS });
  const beside = await openStore({ databaseUrl: url, logLevel: 'silent' });
  onTestFinished(() => beside.close());
  return { store, beside, url, raw: await openRawClient(url) };
}

/** Entries of signals of this campaign, each of another price, size and allocation: more than fit into 5%. */
async function manyEntries(store: Store, campaignId: string): Promise<NewCampaignEntry[]> {
  const numbers = Array.from({ length: WORKERS }, (_, index) => index);
  const inputs = numbers.map((index) =>
    soundSignal(null, { campaignId, campaignAllocation: `0.0${20 + ((index * 7) % 32)}` }),
  );
  const signals = await store.signals.createMany(inputs);
  await store.transaction({ actor: 'setup' }, async (tx) => {
    for (const { id } of signals) await tx.signals.approve(id, soundChain());
    for (const { id } of signals) await tx.signals.fill(id);
  });
  return signals.map((signal, index) =>
    soundEntry(signal, {
      pattern_type: 'SPRING',
      price: `${100 + index}.3333333${index % 10}`,
      size: `${1 + index}.0000000${index % 7}`,
    }),
  );
}

/** What `outcomes` say happened to `entries` is what the campaign holds, what its totals are made of, and what the trail replays to. */
async function expectWhole(
  store: Store,
  raw: pg.Client,
  campaignId: string,
  entries: readonly NewCampaignEntry[],
  outcomes: readonly string[],
): Promise<void> {
  const campaign = (await store.campaigns.byId(campaignId))!;
  expect(new Set(outcomes)).toEqual(new Set(['ADDED', 'CAMPAIGN_LIMIT']));
  const added = entries.filter((_, index) => outcomes[index] === 'ADDED');
  const positions = campaign.entries.map(({ position_id }) => position_id);
  expect([...positions].sort()).toEqual(added.map(({ position_id }) => position_id).sort());
  expect(campaign.version).toBe(1 + added.length);

  // In integers: price and size x 10^8, allocation x 10^4.
  const units = (value: unknown, scale: number) => BigInt(new Decimal(value as string).times(`1e${scale}`).toFixed(0));
  const cost = added.reduce((sum, { price, size }) => sum + units(price, 8) * units(size, 8), 0n);
  const size = added.reduce((sum, entry) => sum + units(entry.size, 8), 0n);
  expect(units(campaign.averageEntry!, 8)).toBe((2n * cost + size) / (2n * size));
  const used = campaign.entries.reduce((sum, entry) => sum + units(entry.allocation_pct, 4), 0n);
  expect(used).toBeLessThanOrEqual(50_000n);
  expect(campaign.totalAllocation.toFixed()).toBe(
    new Decimal(used.toString()).div(10_000).toDecimalPlaces(2).toFixed(),
  );

  // None was refused that would still fit; one whose signal was rolled back with it is no longer there to tell.
  const { rows: signals } = await raw.query('SELECT id, campaign_allocation FROM signals');
  const refused = new Set(entries.filter((_, index) => outcomes[index] !== 'ADDED').map((entry) => entry.signal_id));
  for (const { id, campaign_allocation: share } of signals)
    if (refused.has(id)) expect(used + 5n * units(share, 4)).toBeGreaterThan(50_000n);

  const { rows: events } = await raw.query(
    `SELECT metadata -> 'before' AS before, metadata -> 'after' AS after FROM audit_trail
     WHERE entity_id = $1 AND event_type = 'CAMPAIGN_ENTRY_ADDED' ORDER BY seq`,
    [campaignId],
  );
  let replayed: { position_id: string }[] = [];
  for (const { before, after } of events) {
    expect(before.entries).toEqual(replayed);
    replayed = after.entries;
  }
  expect(replayed.map(({ position_id }) => position_id)).toEqual(positions);
  expect((await store.audit.verify()).problems).toEqual([]);
}

const codeOf = (error: unknown) => (error instanceof WyckoffError ? error.code : String(error));

test('32 workers add entries to one campaign: the limit holds and nothing is lost', async () => {
  const { store, raw } = await open();
  const { id } = await store.campaigns.open(soundCampaign(null));
  const entries = await manyEntries(store, id);
  const outcomes = entries.map((entry) => store.campaigns.addEntry(id, entry).then(() => 'ADDED', codeOf));
  await expectWhole(store, raw, id, entries, await Promise.all(outcomes));
});

test('so do 4 processes of 8 workers each', async () => {
  const { store, raw, url } = await open();
  const { id } = await store.campaigns.open(soundCampaign(null));
  const entries = await manyEntries(store, id);
  const processes = [0, 1, 2, 3].map(async (index) => {
    const own = JSON.stringify(entries.slice(8 * index, 8 * index + 8));
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', WORKER, url, id, own]);
    return JSON.parse(stdout) as string[];
  });
  await expectWhole(store, raw, id, entries, (await Promise.all(processes)).flat());
});

test('workers that create, approve, fill and enter in one transaction each do not deadlock', async () => {
  const { store, raw } = await open();
  const { id } = await store.campaigns.open(soundCampaign(null));
  const entries: NewCampaignEntry[] = [];
  let runs = 0;
  const work = async (worker: number) => {
    const signal = soundSignal(null, { campaignId: id, campaignAllocation: '0.1' });
    const entry = soundEntry({ id: signal.id } as Parameters<typeof soundEntry>[0], {
      pattern_type: 'LPS',
      price: 99 + worker,
    });
    entries[worker] = entry;
    await store.transaction({ actor: `worker ${worker}` }, async (tx) => {
      runs += 1;
      await tx.signals.create(signal);
      await tx.signals.approve(signal.id!, soundChain());
      await tx.signals.fill(signal.id!);
      await tx.campaigns.addEntry(id, entry);
    });
  };
  const outcomes = Array.from({ length: 16 }, (_, worker) => work(worker).then(() => 'ADDED', codeOf));
  await expectWhole(store, raw, id, entries, await Promise.all(outcomes));
  expect(runs, 'none had to run again').toBe(16);
  expect((await store.signals.find()).rows, 'a refused entry takes its signal with it').toHaveLength(10);
});

test('of processes that race to open a campaign on one range one wins', async () => {
  const { store, beside } = await open();
  for (let round = 0; round < 5; round += 1) {
    const range = await store.tradingRanges.create(soundRange());
    const racers = [store, beside, store, beside].map((one) =>
      one.campaigns.open(soundCampaign(range)).then(() => 'OPENED', codeOf),
    );
    expect((await Promise.all(racers)).sort()).toEqual(['CAMPAIGN_LIVE', 'CAMPAIGN_LIVE', 'CAMPAIGN_LIVE', 'OPENED']);
    expect(await store.campaigns.byRange(range.id)).toHaveLength(1);
  }
});

test('fill and addEntry of one signal race to an end that some order gives', async () => {
  const { store, beside } = await open();
  for (let round = 0; round < 6; round += 1) {
    const campaign = await store.campaigns.open(soundCampaign(null));
    const signal = await createSignal(store, 'APPROVED', { campaignId: campaign.id });
    const [filled, added] = await Promise.all([
      store.signals.fill(signal.id).then(({ status }) => status, codeOf),
      beside.campaigns.addEntry(campaign.id, soundEntry(signal, { pattern_type: 'LPS' })).then(() => 'ADDED', codeOf),
    ]);
    expect(filled).toBe('FILLED');
    expect(['ADDED', 'SIGNAL_NOT_FILLED']).toContain(added);
    expect((await store.campaigns.byId(campaign.id))!.entries).toHaveLength(added === 'ADDED' ? 1 : 0);
  }
  expect((await store.audit.verify()).problems).toEqual([]);
});

test('closeEntry and complete race to an end that some order gives', async () => {
  const { store, beside } = await open();
  for (let round = 0; round < 10; round += 1) {
    const { id } = await store.campaigns.open(soundCampaign(null));
    const signal = await createSignal(store, 'FILLED', { campaignId: id });
    const entry = soundEntry(signal, { position_id: newId(), pattern_type: 'LPS' });
    await store.campaigns.addEntry(id, entry);
    const { version } = await store.campaigns.toMarkup(id, { version: 2 });
    // The version before the close, or the one after it.
    const expected = version + (round % 2);
    const [closed, completed] = await Promise.all([
      store.campaigns
        .closeEntry(id, entry.position_id!, { exit_price: '110', closed_at: '2024-03-01' })
        .then(() => 'CLOSED', codeOf),
      beside.campaigns.complete(id, { version: expected }).then(() => 'COMPLETED', codeOf),
    ]);
    expect(closed).toBe('CLOSED');
    const possible = round % 2 === 0 ? ['CAMPAIGN_HAS_OPEN_ENTRIES', 'STALE_VERSION'] : ['STALE_VERSION', 'COMPLETED'];
    expect(possible).toContain(completed);
    expect(await store.campaigns.byId(id)).toMatchObject({
      status: completed === 'COMPLETED' ? 'COMPLETED' : 'MARKUP',
      entries: [{ status: 'CLOSED' }],
      version: completed === 'COMPLETED' ? 5 : 4,
    });
  }
  expect((await store.audit.verify()).problems).toEqual([]);
});
