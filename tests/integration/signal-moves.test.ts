import { describe, expect, test } from 'vitest';
import { SIGNAL_STATUSES } from '../../src/domain/signal.js';
import { IllegalMoveError, newId, openStore, type Signal, type SignalStatus, type Store } from '../../src/index.js';
import { createSignal, createTradable, soundCampaign, soundChain, soundSignal } from '../setup/ledger-inputs.js';
import { openRawClient } from '../setup/raw-client.js';
import { refusal, refusedFor } from '../setup/refusals.js';
import { openTestStore } from '../setup/test-database.js';

async function open() {
  const { store, url } = await openTestStore({ actor: 'test' });
  return { store, url, signals: store.signals, raw: await openRawClient(url) };
}

const MOVE: Readonly<Record<Exclude<SignalStatus, 'PENDING'>, (store: Store, id: string) => Promise<Signal>>> = {
  APPROVED: ({ signals }, id) => signals.approve(id, soundChain()),
  REJECTED: ({ signals }, id) => signals.reject(id, { reason: 'no' }),
  FILLED: ({ signals }, id) => signals.fill(id),
  STOPPED: ({ signals }, id) => signals.stop(id),
  TARGET_HIT: ({ signals }, id) => signals.hitTarget(id),
  EXPIRED: ({ signals }, id) => signals.expire(id),
};
const TARGETS = Object.keys(MOVE) as (keyof typeof MOVE)[];

const LEGAL: Readonly<Record<SignalStatus, readonly SignalStatus[]>> = {
  PENDING: ['APPROVED', 'REJECTED', 'EXPIRED'],
  APPROVED: ['FILLED', 'EXPIRED'],
  FILLED: ['STOPPED', 'TARGET_HIT'],
  REJECTED: [],
  STOPPED: [],
  TARGET_HIT: [],
  EXPIRED: [],
};

const HINTS: Readonly<Record<SignalStatus, string>> = {
  PENDING: 'from PENDING it may become APPROVED, REJECTED or EXPIRED',
  APPROVED: 'from APPROVED it may become FILLED or EXPIRED',
  FILLED: 'from FILLED it may become STOPPED or TARGET_HIT',
  REJECTED: 'REJECTED is final',
  STOPPED: 'STOPPED is final',
  TARGET_HIT: 'TARGET_HIT is final',
  EXPIRED: 'EXPIRED is final',
};

describe('moves', () => {
  test.each(SIGNAL_STATUSES)('from %s', async (from) => {
    const { store, signals, raw } = await open();
    for (const to of TARGETS) {
      const signal = await createSignal(store, from);
      const move = () => MOVE[to](store, signal.id);
      if (LEGAL[from].includes(to)) {
        const moved = await move();
        expect(moved.status).toBe(to);
        expect(await signals.byId(signal.id)).toEqual(moved);
        const { rows } = await raw.query(
          `SELECT event_type, metadata #>> '{before,status}' AS before, metadata #>> '{after,status}' AS after
           FROM audit_trail WHERE entity_id = $1 ORDER BY timestamp DESC, seq DESC LIMIT 1`,
          [signal.id],
        );
        expect(rows).toEqual([{ event_type: `SIGNAL_${to}`, before: from, after: to }]);
      } else {
        const error = await refusal(raw, move);
        expect(error).toBeInstanceOf(IllegalMoveError);
        expect(error).toMatchObject({ code: 'ILLEGAL_MOVE', from, to, hint: HINTS[from] });
        expect(error.message).toBe(`signal ${signal.id} is ${from} and cannot become ${to}`);
      }
    }
  });

  test('of an id that is not there, is of something else, or is none', async () => {
    const { store, signals, raw } = await open();
    const pattern = await createTradable(store);
    const unknown = newId();
    for (const move of [
      ...TARGETS.map((to) => (id: string) => MOVE[to](store, id)),
      (id: string) => signals.markNotified(id),
    ]) {
      expect(await refusal(raw, () => move(unknown))).toMatchObject({
        name: 'NotFoundError',
        code: 'SIGNAL_UNKNOWN',
        message: `there is no signal ${unknown}`,
      });
      expect(await refusal(raw, () => move(pattern.id))).toMatchObject({ hint: 'it is an id of patterns' });
      expect(await refusedFor(raw, () => move('x'))).toEqual(['ID_INVALID id: not an id']);
    }
  });
});

describe('approve', () => {
  test('needs all five stages, and no FAIL', async () => {
    const { store, signals, raw } = await open();
    const { id } = await createSignal(store);
    const attempt = (chain: unknown) =>
      refusedFor(raw, () => signals.approve(id, chain as ReturnType<typeof soundChain>));
    const { validation_results: stages } = soundChain();
    expect(await attempt(soundChain({ Risk: 'FAIL' }))).toEqual([
      'CHAIN_FAILED overall_status: a chain with a FAIL approves nothing',
    ]);
    expect(await attempt({ validation_results: stages.slice(0, 3) })).toEqual([
      'CHAIN_INCOMPLETE validation_results: an approval needs all five stages: Risk, Strategy are missing',
    ]);
    for (const empty of [{}, null, undefined, { validation_results: [] }])
      expect(await attempt(empty)).toEqual([
        'CHAIN_INCOMPLETE validation_results: an approval needs all five stages: Volume, Phase, Levels, Risk, Strategy are missing',
      ]);
    expect(await attempt({ ...soundChain(), overall_status: 'WARN' })).toEqual([
      'OVERALL_STATUS_WRONG overall_status: the stages make it PASS',
    ]);
    expect(await attempt({ validation_results: [stages[1], stages[0], ...stages.slice(2)] })).toEqual([
      'STAGE_OUT_OF_ORDER validation_results.0.stage: stages come in the order Volume, Phase, Levels, Risk, Strategy, each once and none skipped',
    ]);
    const approved = await signals.approve(id, { ...soundChain({ Phase: 'WARN' }), desk: 'Zürich' });
    expect(approved.approvalChain).toMatchObject({ overall_status: 'WARN', desk: 'Zürich', warnings: [] });
    expect(await signals.byId(id)).toEqual(approved);
  });

  test('needs a pattern that is tradable still', async () => {
    const { store, signals, raw } = await open();
    const pattern = await createTradable(store);
    const { id } = await signals.create(soundSignal(pattern));
    await store.patterns.reject(pattern.id, 'a breakdown');
    expect(await refusedFor(raw, () => signals.approve(id, soundChain()))).toEqual([
      'PATTERN_NOT_TRADABLE patternId: the pattern was rejected: a breakdown',
    ]);
    expect(await signals.reject(id, { reason: 'its pattern failed' })).toMatchObject({ status: 'REJECTED' });
  });

  test('of approve and reject on two connections one wins, and the other hears of it', async () => {
    const { store, url, signals, raw } = await open();
    const other = await openStore({ databaseUrl: url, actor: 'other' });
    try {
      for (let round = 0; round < 20; round += 1) {
        const { id } = await createSignal(store);
        const outcomes = await Promise.allSettled([
          signals.approve(id, soundChain()),
          other.signals.reject(id, { reason: 'no' }),
        ]);
        const [winner] = outcomes.filter((outcome) => outcome.status === 'fulfilled');
        const [loser] = outcomes.filter((outcome) => outcome.status === 'rejected');
        const status = winner!.value.status;
        expect(loser!.reason).toBeInstanceOf(IllegalMoveError);
        expect(loser!.reason).toMatchObject({ from: status, to: status === 'APPROVED' ? 'REJECTED' : 'APPROVED' });
        expect(await signals.byId(id)).toEqual(winner!.value);
        const { rows } = await raw.query('SELECT event_type FROM audit_trail WHERE entity_id = $1 ORDER BY seq', [id]);
        expect(rows.map((row) => row.event_type)).toEqual(['SIGNAL_GENERATED', `SIGNAL_${status}`]);
      }
    } finally {
      await other.close();
    }
  });
});

test('reject keeps the chain that said no, or the reason', async () => {
  const { store, signals, raw } = await open();
  const attempt = (id: string, rejection: object) => refusedFor(raw, () => signals.reject(id, rejection));
  const first = await createSignal(store);
  expect(await attempt(first.id, {})).toEqual([
    'REJECTION_WITHOUT_REASON reason: a rejection has a reason, or a chain in which a stage failed',
  ]);
  expect(await attempt(first.id, { chain: soundChain() })).toHaveLength(1);
  expect((await attempt(first.id, { reason: ' ' }))[0]).toMatch(/^TEXT_INVALID reason/);
  const chain = soundChain({ Levels: 'FAIL' });
  const byChain = await signals.reject(first.id, { chain });
  const failure = { overall_status: 'FAIL', rejection_stage: 'Levels', rejection_reason: 'Levels says FAIL' };
  expect(byChain.approvalChain).toMatchObject(failure);
  expect(await signals.byId(first.id)).toEqual(byChain);
  const second = await createSignal(store, 'PENDING', { approvalChain: soundChain({ Risk: 'WARN' }) });
  const byHand = await signals.reject(second.id, { reason: 'news' });
  expect(byHand.approvalChain).toMatchObject({ overall_status: 'FAIL', rejection_reason: 'news' });
  expect(byHand.approvalChain!.validation_results).toHaveLength(5);
  expect(await signals.byId(second.id)).toEqual(byHand);
});

test('fill: into a campaign that is there, live, of the series, and the signal’s own', async () => {
  const { store, signals, raw } = await open();
  const live = await store.campaigns.open(soundCampaign(null));
  const spy = await store.campaigns.open(soundCampaign(null, { symbol: 'SPY' }));
  const over = await store.campaigns.open(soundCampaign(null));
  await store.campaigns.invalidate(over.id, { version: 1, reason: 'done' });
  const { id } = await createSignal(store, 'APPROVED');
  const attempt = (fill: object, signal: string = id) => refusedFor(raw, () => signals.fill(signal, fill));
  expect(await attempt({ campaignId: newId() })).toEqual(['CAMPAIGN_UNKNOWN campaignId: there is no such campaign']);
  expect(await attempt({ campaignId: spy.id })).toEqual([
    'CAMPAIGN_OTHER_SERIES campaignId: the campaign is of SPY 1d',
  ]);
  expect(await attempt({ campaignId: over.id })).toEqual(['CAMPAIGN_TERMINAL campaignId: the campaign is INVALIDATED']);
  expect(await attempt({ campaignId: 'x' })).toEqual(['ID_INVALID campaignId: not an id']);
  expect(await attempt({ price: '0', at: 'x' })).toEqual([
    'INSTANT_INVALID at: not an instant',
    'PRICE_NOT_POSITIVE price: a price is above zero',
  ]);
  const filled = await signals.fill(id, { campaignId: live.id, at: '2024-02-07T14:30:00Z', price: '101.05' });
  expect(filled).toMatchObject({ status: 'FILLED', campaignId: live.id });
  expect(await signals.byId(id)).toEqual(filled);
  const { rows } = await raw.query("SELECT action, metadata FROM audit_trail WHERE event_type = 'SIGNAL_FILLED'");
  expect(rows).toMatchObject([
    { action: 'filled at 101.05', metadata: { at: '2024-02-07T14:30:00Z', price: '101.05' } },
  ]);
  const own = await createSignal(store, 'APPROVED', { campaignId: live.id });
  const second = await store.campaigns.open(soundCampaign(null));
  expect(await attempt({ campaignId: second.id }, own.id)).toEqual([
    `SIGNAL_OTHER_CAMPAIGN campaignId: the signal is in campaign ${live.id}`,
  ]);
  await store.campaigns.invalidate(live.id, { version: 1, reason: 'done' });
  expect(await attempt({}, own.id)).toEqual(['CAMPAIGN_TERMINAL campaignId: the campaign is INVALIDATED']);
});

test('expireOlderThan: what waits for a decision, with `approved` what waits for its fill too', async () => {
  const { store, signals, raw } = await open();
  const before = '2024-02-06T00:00:00Z';
  const old = { generatedAt: '2024-02-05T23:59:59.999Z' };
  const created = new Map<SignalStatus, Signal>();
  for (const status of SIGNAL_STATUSES) created.set(status, await createSignal(store, status, old));
  const onTime = await createSignal(store, 'PENDING', { generatedAt: before });
  const statuses = async () =>
    Promise.all([...created.values()].map(async ({ id }) => (await signals.byId(id))!.status));
  const [expired, ...more] = await signals.expireOlderThan(before);
  expect(more).toEqual([]);
  expect(expired).toMatchObject({ id: created.get('PENDING')!.id, status: 'EXPIRED' });
  expect(await signals.byId(expired!.id)).toEqual(expired);
  expect(await signals.expireOlderThan(before)).toEqual([]);
  const approved = await signals.expireOlderThan(before, { approved: true });
  expect(approved.map(({ id }) => id)).toEqual([created.get('APPROVED')!.id]);
  expect(await statuses()).toEqual(
    SIGNAL_STATUSES.map((status) => (/PENDING|APPROVED/.test(status) ? 'EXPIRED' : status)),
  );
  expect(await signals.byId(onTime.id)).toEqual(onTime);
  const { rows } = await raw.query("SELECT action FROM audit_trail WHERE action LIKE 'generated before%'");
  expect(rows).toEqual([1, 2].map(() => ({ action: 'generated before 2024-02-06T00:00:00Z' })));
  expect(await refusedFor(raw, () => signals.expireOlderThan('soon'))).toEqual([
    'INSTANT_INVALID before: not an instant',
  ]);
});

test('markNotified: whatever its status; again changes nothing', async () => {
  const { store, signals, raw } = await open();
  for (const status of SIGNAL_STATUSES) {
    const signal = await createSignal(store, status);
    const notified = await signals.markNotified(signal.id);
    expect(notified).toEqual({ ...signal, notificationSent: true, updatedAt: notified.updatedAt });
    expect(await signals.markNotified(signal.id)).toEqual(notified);
    expect(await signals.byId(signal.id)).toEqual(notified);
  }
  const { rows } = await raw.query("SELECT count(*)::int FROM audit_trail WHERE event_type = 'SIGNAL_NOTIFIED'");
  expect(rows).toEqual([{ count: SIGNAL_STATUSES.length }]);
});
