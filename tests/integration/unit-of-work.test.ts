import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { IllegalMoveError, InvalidInputError, openStore, type Transaction, WyckoffError } from '../../src/index.js';
import { soundBacktest } from '../setup/backtest-inputs.js';
import {
  createSignal,
  createTradable,
  soundCampaign,
  soundChain,
  soundEntry,
  soundPattern,
  soundRange,
  soundSignal,
} from '../setup/ledger-inputs.js';
import { minuteBars } from '../setup/minute-bars.js';
import { openRawClient } from '../setup/raw-client.js';
import { ledgerContent } from '../setup/refusals.js';
import { openTestStore } from '../setup/test-database.js';

const TABLES = ['ohlcv_bars', 'trading_ranges', 'patterns', 'signals', 'campaigns', 'backtest_results', 'audit_trail'];
const ACTOR = { actor: 'detector' };

async function openAll() {
  const { store, url } = await openTestStore({ logLevel: 'silent', actor: 'the store' });
  const beside = await openStore({ databaseUrl: url, logLevel: 'silent' });
  onTestFinished(() => beside.close());
  return { store, beside, raw: await openRawClient(url) };
}

async function counts(raw: pg.Client): Promise<Record<string, number>> {
  const each = TABLES.map((table) => `(SELECT count(*)::int FROM ${table}) AS ${table}`);
  return (await raw.query(`SELECT ${each.join(', ')}`)).rows[0];
}

/** One thing in every table. */
async function writeEverything(tx: Transaction) {
  await tx.bars.upsert(minuteBars('AAPL', 1));
  const pattern = await createTradable(tx);
  const campaign = await tx.campaigns.open(soundCampaign(null, { tradingRangeId: pattern.tradingRangeId }));
  const signal = await tx.signals.create(soundSignal(pattern, { campaignId: campaign.id }));
  await tx.signals.approve(signal.id, soundChain());
  await tx.signals.fill(signal.id);
  await tx.campaigns.addEntry(campaign.id, soundEntry(signal));
  const result = await tx.backtests.record(soundBacktest());
  return { pattern, campaign, signal, result };
}

const ALL = {
  ohlcv_bars: 1,
  trading_ranges: 1,
  patterns: 1,
  signals: 1,
  campaigns: 1,
  backtest_results: 1,
  audit_trail: 8,
};
const NOTHING = Object.fromEntries(TABLES.map((table) => [table, 0]));

test('what is written is seen inside at once, and outside when it is committed', async () => {
  const { store, raw } = await openAll();
  const written = await store.transaction(ACTOR, async (tx) => {
    const { pattern, campaign, signal, result } = await writeEverything(tx);
    expect(await tx.bars.count({ symbol: 'AAPL', timeframe: '1m' })).toBe(1);
    expect(await tx.tradingRanges.byId(pattern.tradingRangeId!)).toBeDefined();
    expect(await tx.patterns.byId(pattern.id)).toEqual(pattern);
    expect(await tx.signals.byId(signal.id)).toMatchObject({ status: 'FILLED' });
    expect((await tx.campaigns.byId(campaign.id))?.entries).toHaveLength(1);
    expect(await tx.backtests.byId(result.id)).toEqual(result);
    expect(await counts(raw)).toEqual(NOTHING);
    expect(await store.patterns.byId(pattern.id)).toBeUndefined();
    return pattern;
  });
  expect(await counts(raw)).toEqual(ALL);
  expect(await store.patterns.byId(written.id)).toEqual(written);
  expect((await store.audit.verify()).problems).toEqual([]);
});

test('all of it is gone when the function throws, and the error is the one that it threw', async () => {
  const { store, raw } = await openAll();
  const thrown = new Error('the detector changed its mind');
  const failure = store.transaction(ACTOR, async (tx) => {
    await writeEverything(tx);
    throw thrown;
  });
  await expect(failure).rejects.toBe(thrown);
  expect(await counts(raw)).toEqual(NOTHING);
  expect((await store.audit.verify()).events).toBe(0);
});

test('a write whose audit event fails does not happen, by itself or in a transaction', async () => {
  const { store, raw } = await openAll();
  const signal = await createSignal(store);
  await raw.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'the trail is full' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON audit_trail FOR EACH ROW
      WHEN (NEW.event_type IN ('SIGNAL_APPROVED', 'TRADING_RANGE_CREATED')) EXECUTE FUNCTION refuse()`);
  const before = await ledgerContent(raw);
  const full = { code: 'DISK_FULL', message: 'the trail is full' };
  await expect(store.signals.approve(signal.id, soundChain())).rejects.toMatchObject(full);
  await expect(store.tradingRanges.create(soundRange())).rejects.toMatchObject(full);
  await expect(
    store.transaction(ACTOR, async (tx) => {
      await tx.signals.markNotified(signal.id);
      await tx.signals.approve(signal.id, soundChain());
    }),
  ).rejects.toMatchObject(full);
  // Nor does what was written with it, where its caller goes on as if nothing had been.
  const goesOn = store.transaction(ACTOR, async (tx) => {
    await tx.signals.markNotified(signal.id);
    await tx.signals.approve(signal.id, soundChain()).catch(() => {});
  });
  await expect(goesOn).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' });
  expect(await ledgerContent(raw)).toEqual(before);
});

describe('isolation', () => {
  test('is what the options say, and read committed where they say nothing', async () => {
    const { store, beside } = await openAll();
    const seen = async (isolation?: 'read committed' | 'repeatable read' | 'serializable') => {
      const id = randomUUID();
      return store.transaction({ ...ACTOR, isolation }, async (tx) => {
        const before = await tx.tradingRanges.byId(id);
        await beside.tradingRanges.create(soundRange({ id }));
        return [before?.id, (await tx.tradingRanges.byId(id))?.id === id];
      });
    };
    expect(await seen()).toEqual([undefined, true]);
    expect(await seen('read committed')).toEqual([undefined, true]);
    expect(await seen('repeatable read')).toEqual([undefined, false]);
    expect(await seen('serializable')).toEqual([undefined, false]);
  });

  test.each([
    ['isolation', { isolation: 'snapshot' }, 'an isolation is one of read committed, repeatable read, serializable'],
    ['retries', { retries: -1 }, 'retries are a whole number from 0 to 100'],
    ['retries', { retries: 1.5 }, 'retries are a whole number from 0 to 100'],
    ['retries', { retries: 101 }, 'retries are a whole number from 0 to 100'],
  ])('a wrong %s is refused: %o', async (path, options, rule) => {
    const { store } = await openAll();
    let run = 0;
    const failure = await store
      .transaction({ ...ACTOR, ...(options as object) }, async () => {
        run += 1;
      })
      .catch((error) => error);
    expect(failure).toBeInstanceOf(InvalidInputError);
    expect(failure.problems).toEqual([{ code: 'OPTION_INVALID', path, value: Object.values(options)[0], rule }]);
    expect(run).toBe(0);
  });

  test('a wrong actor or correlation id is refused', async () => {
    const { store } = await openAll();
    const refused = (options: object) =>
      store.transaction({ ...ACTOR, ...options }, async () => {}).catch(({ problems }) => problems);
    expect(await refused({ actor: ' ' })).toMatchObject([{ code: 'TEXT_INVALID', path: 'actor' }]);
    expect(await refused({ actor: 'x'.repeat(101) })).toMatchObject([{ code: 'TEXT_INVALID', path: 'actor' }]);
    expect(await refused({ correlationId: 'X' })).toMatchObject([{ code: 'ID_INVALID', path: 'correlationId' }]);
  });
});

describe('calls that come too late, at once, or after a refusal', () => {
  test('a call after the end is refused, and so is a transaction in it', async () => {
    const { store, raw } = await openAll();
    let late: Transaction | undefined;
    let unawaited: Promise<unknown> | undefined;
    await store.transaction(ACTOR, async (tx) => {
      late = tx;
      unawaited = new Promise((resolve) => setTimeout(resolve, 20))
        .then(() => tx.tradingRanges.create(soundRange()))
        .catch((error) => error);
    });
    const over = {
      code: 'TRANSACTION_OVER',
      message: 'the transaction is over: nothing more can be done in it',
      hint: 'await every call inside the function that transaction() was given',
    };
    expect(await unawaited).toMatchObject(over);
    await expect(late!.tradingRanges.create(soundRange())).rejects.toMatchObject(over);
    await expect(late!.tradingRanges.find()).rejects.toMatchObject(over);
    await expect(late!.bars.upsert(minuteBars('AAPL', 1))).rejects.toMatchObject(over);
    const inside = late!.transaction(ACTOR, (tx) => tx.tradingRanges.create(soundRange()));
    await expect(inside).rejects.toMatchObject(over);
    expect(await counts(raw)).toEqual(NOTHING);
  });

  test('writes side by side in one transaction do not mix', async () => {
    const { store, raw } = await openAll();
    await store.transaction(ACTOR, async (tx) => {
      const written = await Promise.allSettled([
        writeEverything(tx),
        tx.bars.upsert(minuteBars('MSFT', 30)),
        tx.tradingRanges.createMany([soundRange(), soundRange({ phase: 'X' as 'A' })]),
        ...Array.from({ length: 8 }, () => createSignal(tx, 'FILLED')),
      ]);
      expect(written.map(({ status }) => status)).toEqual(
        written.map((_, index) => (index === 2 ? 'rejected' : 'fulfilled')),
      );
    });
    expect(await counts(raw)).toEqual({ ...ALL, ohlcv_bars: 31, signals: 9, audit_trail: 8 + 8 * 3 });
    expect((await store.audit.verify()).problems).toEqual([]);
  });

  test('a refused write leaves nothing behind, and the transaction goes on', async () => {
    const { store, raw } = await openAll();
    const taken = soundRange();
    await store.tradingRanges.create(taken);
    const refusals = await store.transaction(ACTOR, async (tx) => {
      const codes: string[] = [];
      const refused = async (attempt: Promise<unknown>) => {
        const error: unknown = await attempt.catch((reason) => reason);
        expect(error).toBeInstanceOf(WyckoffError);
        codes.push((error as WyckoffError).code);
        return error;
      };
      const { campaign, signal, result, pattern } = await writeEverything(tx);
      expect(await refused(tx.signals.approve(signal.id, soundChain()))).toBeInstanceOf(IllegalMoveError);
      // What is found out when other rows are in already.
      await refused(tx.tradingRanges.createMany([soundRange(), soundRange({ id: taken.id!, phase: 'D' })]));
      await refused(
        tx.campaigns.openMany([soundCampaign(null), soundCampaign(null, { tradingRangeId: campaign.tradingRangeId })]),
      );
      await refused(tx.backtests.recordMany([soundBacktest(), soundBacktest({ backtestRunId: result.backtestRunId })]));
      const context = soundPattern(null, { patternType: 'PS' });
      await refused(tx.patterns.createMany([context, { ...context, id: pattern.id }]));
      await tx.signals.create(soundSignal(null));
      return codes;
    });
    expect(refusals).toEqual(['ILLEGAL_MOVE', 'ID_CONFLICT', 'CAMPAIGN_LIVE', 'BACKTEST_RECORDED', 'ID_CONFLICT']);
    expect(await counts(raw)).toEqual({ ...ALL, trading_ranges: 2, signals: 2, audit_trail: 10 });
    expect((await store.audit.verify()).problems).toEqual([]);
  });
});
