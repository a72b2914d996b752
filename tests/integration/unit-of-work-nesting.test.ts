import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { InvalidInputError, type Transaction } from '../../src/index.js';
import { soundBacktest } from '../setup/backtest-inputs.js';
import {
  createSignal,
  soundCampaign,
  soundChain,
  soundPattern,
  soundRange,
  soundSignal,
  TESTED,
} from '../setup/ledger-inputs.js';
import { minuteBars } from '../setup/minute-bars.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

async function openWithTrail() {
  const { store, url } = await openTestStore({ logLevel: 'silent', actor: 'the store' });
  const raw = await openRawClient(url);
  /** Each event of an entity: its type, who did it, in which story, and when its transaction began, in microseconds. */
  const trail = async (entityId?: string) => {
    const { rows } = await raw.query(
      `SELECT event_type AS type, actor, correlation_id AS story, created_at::text AS transaction FROM audit_trail
       WHERE $1::uuid IS NULL OR entity_id = $1 ORDER BY timestamp, seq`,
      [entityId ?? null],
    );
    return rows as { type: string; actor: string; story: string; transaction: string }[];
  };
  return { store, raw, trail };
}

describe('a transaction in a transaction', () => {
  test('joins it, with an actor and a story of its own', async () => {
    const { store, trail } = await openWithTrail();
    const stories = [randomUUID(), randomUUID(), randomUUID()] as const;
    const ids = await store.transaction({ actor: 'outer', correlationId: stories[0] }, async (tx) => {
      const first = await tx.tradingRanges.create(soundRange());
      const second = await tx.transaction({ actor: 'inner', correlationId: stories[1] }, async (inner) => {
        expect(await inner.tradingRanges.byId(first.id)).toEqual(first);
        return inner.tradingRanges.create(soundRange());
      });
      const third = await store.transaction({ actor: 'by the store', correlationId: stories[2] }, (inner) =>
        inner.tradingRanges.create(soundRange()),
      );
      const fourth = await tx.tradingRanges.create(soundRange());
      expect(await store.tradingRanges.byId(second.id), 'nothing is committed yet').toBeUndefined();
      return [first.id, second.id, third.id, fourth.id];
    });
    const events = (await trail()).filter(({ type }) => type === 'TRADING_RANGE_CREATED');
    expect(events).toHaveLength(ids.length);
    expect(events.map(({ actor }) => actor)).toEqual(['outer', 'inner', 'by the store', 'outer']);
    expect(events.map(({ story }) => story)).toEqual([stories[0], stories[1], stories[2], stories[0]]);
    expect(new Set(events.map(({ transaction }) => transaction)).size).toBe(1);
    expect((await store.audit.verify()).problems).toEqual([]);
  });

  test('joins it also from elsewhere, by the transaction it is called on', async () => {
    const { store, trail } = await openWithTrail();
    let hand: (tx: Transaction) => void = () => {};
    const handed = new Promise<Transaction>((resolve) => (hand = resolve));
    const worker = handed.then((tx) =>
      tx.transaction({ actor: 'worker' }, (inner) => inner.tradingRanges.create(soundRange())),
    );
    const failure = store.transaction({ actor: 'outer' }, async (tx) => {
      hand(tx);
      await worker;
      throw new Error('no');
    });
    await expect(failure).rejects.toThrow('no');
    expect(await trail()).toEqual([]);
  });

  test('that fails takes all with it, caught or not', async () => {
    const { store, trail } = await openWithTrail();
    const thrown = new Error('inner');
    const nested = (tx: Transaction) =>
      tx.transaction({ actor: 'inner' }, async (inner) => {
        await inner.tradingRanges.create(soundRange());
        throw thrown;
      });
    const uncaught = store.transaction({ actor: 'outer' }, nested);
    await expect(uncaught).rejects.toBe(thrown);
    let caught: unknown;
    const swallowed = store.transaction({ actor: 'outer' }, async (tx) => {
      await tx.tradingRanges.create(soundRange());
      await nested(tx).catch((error) => (caught = error));
      await tx.tradingRanges.create(soundRange());
    });
    await expect(swallowed).rejects.toMatchObject({
      name: 'DatabaseError',
      code: 'TRANSACTION_ABORTED',
      message: 'a nested transaction failed: all was rolled back',
      cause: thrown,
    });
    expect(caught).toBe(thrown);
    expect(await trail()).toEqual([]);
  });

  test('cannot ask for another isolation', async () => {
    const { store } = await openWithTrail();
    await store.transaction({ actor: 'outer', isolation: 'repeatable read' }, async (tx) => {
      await tx.transaction({ actor: 'inner', isolation: 'repeatable read' }, async () => {});
      for (const join of [tx.transaction, store.transaction.bind(store)]) {
        const failure = await join({ actor: 'inner', isolation: 'serializable' }, async () => {}).catch(
          (error) => error,
        );
        expect(failure).toBeInstanceOf(InvalidInputError);
        expect(failure.problems).toEqual([
          {
            code: 'ISOLATION_DIFFERS',
            path: 'isolation',
            value: 'serializable',
            rule: 'this joins a transaction that runs at repeatable read',
            hint: 'ask for the isolation where the outer transaction begins',
          },
        ]);
      }
      await tx.tradingRanges.create(soundRange());
    });
    expect((await store.tradingRanges.find()).rows).toHaveLength(1);
  });

  test("a write of the store's own in it is refused, and works again after it", async () => {
    const { store, trail } = await openWithTrail();
    const outside = {
      code: 'OUTSIDE_TRANSACTION',
      hint: 'call it on what the function was given: tx.patterns, not store.patterns',
    };
    const range = await store.tradingRanges.create(soundRange());
    await store.transaction({ actor: 'outer' }, async (tx) => {
      await expect(store.patterns.create(soundPattern(range))).rejects.toMatchObject(outside);
      await expect(store.tradingRanges.softDelete(range.id, { version: 1 })).rejects.toMatchObject(outside);
      await tx.transaction({ actor: 'inner' }, async () => {
        await expect(store.backtests.record(soundBacktest())).rejects.toMatchObject(outside);
      });
      const [bar] = minuteBars('ACME', 1);
      await expect(store.bars.upsert([bar!])).rejects.toMatchObject(outside);
      await expect(store.bars.delete({ symbol: 'ACME', timeframe: '1m' })).rejects.toMatchObject(outside);
      await expect(tx.audit.verify()).rejects.toMatchObject({ code: 'VERIFY_IN_TRANSACTION' });
      expect((await store.audit.verify()).problems, 'it sees what is committed').toEqual([]);
      expect(await store.tradingRanges.byId(range.id), 'a read is none').toEqual(range);
    });
    await store.patterns.create(soundPattern(range));
    const failed = store.transaction({ actor: 'outer' }, () => Promise.reject(new Error('no')));
    await expect(failed).rejects.toThrow('no');
    await store.backtests.record(soundBacktest());
    expect((await trail()).map(({ type, actor }) => `${type} by ${actor}`)).toEqual([
      'TRADING_RANGE_CREATED by the store',
      'PATTERN_DETECTED by the store',
      'BACKTEST_RESULT_RECORDED by the store',
    ]);
  });
});

describe('the story of an event', () => {
  test('goes on from the range to its pattern, signal and campaign, and with each move', async () => {
    const { store, trail } = await openWithTrail();
    const story = randomUUID();
    const range = await store.transaction({ actor: 'detector', correlationId: story }, (tx) =>
      tx.tradingRanges.create(soundRange()),
    );
    const pattern = await store.patterns.create(soundPattern(range, TESTED));
    const campaign = await store.campaigns.open(soundCampaign(range));
    const signal = await store.signals.create(soundSignal(pattern));
    await store.signals.approve(signal.id, soundChain());
    await store.signals.fill(signal.id, { campaignId: campaign.id });
    await store.tradingRanges.updateLevels(range.id, { version: 1, phase: 'D' });
    await store.campaigns.toMarkup(campaign.id, { version: 1 });
    const events = await trail();
    expect(events.map(({ type }) => type)).toEqual([
      'TRADING_RANGE_CREATED',
      'PATTERN_DETECTED',
      'CAMPAIGN_OPENED',
      'SIGNAL_GENERATED',
      'SIGNAL_APPROVED',
      'SIGNAL_FILLED',
      'TRADING_RANGE_UPDATED',
      'CAMPAIGN_MARKUP_STARTED',
    ]);
    expect(new Set(events.map((event) => event.story))).toEqual(new Set([story]));
  });

  test('begins anew for what has no parent', async () => {
    const { store, trail } = await openWithTrail();
    await store.tradingRanges.create(soundRange());
    await store.campaigns.open(soundCampaign(null));
    await store.backtests.record(soundBacktest());
    const signal = await createSignal(store);
    const events = await trail();
    expect(new Set(events.map(({ story }) => story)).size).toBe(4);
    await store.signals.expire(signal.id);
    expect((await trail(signal.id)).map(({ story }) => story)).toEqual([events[3]!.story, events[3]!.story]);
  });

  test('is the one that is given, also where there was another', async () => {
    const { store, trail } = await openWithTrail();
    const signal = await createSignal(store);
    const story = randomUUID();
    await store.transaction({ actor: 'risk', correlationId: story.toUpperCase() }, (tx) =>
      tx.signals.approve(signal.id, soundChain()),
    );
    await store.signals.fill(signal.id);
    const [generated, approved, filled] = await trail(signal.id);
    expect(approved!.story).toBe(story);
    expect(filled!.story, 'what follows goes on where it began').toBe(generated!.story);
  });
});
