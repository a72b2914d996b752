import { describe, expect, test } from 'vitest';
import { newId, type PatternType } from '../../src/index.js';
import {
  createTradable,
  soundCampaign,
  soundChain,
  soundPattern,
  soundRange,
  soundSignal,
} from '../setup/ledger-inputs.js';
import { openRawClient } from '../setup/raw-client.js';
import { refusedFor } from '../setup/refusals.js';
import { openTestStore } from '../setup/test-database.js';

async function open() {
  const { store, url } = await openTestStore({ actor: 'test' });
  return { store, signals: store.signals, raw: await openRawClient(url), spring: await createTradable(store) };
}

test('create refuses what breaks a rule, and writes nothing', async () => {
  const { signals, raw, spring } = await open();
  const confidence = ['NUMBER_OUT_OF_RANGE confidenceScore: a confidence score is a whole number from 70 to 95'];
  const stop = ['STOP_ON_WINNING_SIDE stopLoss: the stop of a LONG lies below its entry'];
  const share = [
    "ALLOCATION_OUT_OF_RANGE campaignAllocation: a campaign allocation is from 0 to 1, a share of the campaign's budget",
  ];
  const size = ['SIZE_NOT_POSITIVE positionSize: a size is above zero'];
  const broken: readonly (readonly [change: object, problems: string[]])[] = [
    [{ signalType: 'FLAT' }, ['CHOICE_UNKNOWN signalType: a signal type is one of LONG, SHORT']],
    [{ timeframe: '1D' }, ['TIMEFRAME_UNKNOWN timeframe: a timeframe is one of 1m, 5m, 15m, 1h, 1d']],
    [{ stopLoss: '101' }, stop],
    [{ stopLoss: '102' }, stop],
    [{ target1: '101' }, ['TARGET_ON_LOSING_SIDE target1: a target of a LONG lies above its entry']],
    [{ target2: '109' }, ['TARGETS_TURNED_ROUND target2: the second target of a LONG does not lie below the first']],
    [
      { signalType: 'SHORT' },
      [
        'STOP_ON_WINNING_SIDE stopLoss: the stop of a SHORT lies above its entry',
        'TARGET_ON_LOSING_SIDE target1: a target of a SHORT lies below its entry',
        'TARGETS_TURNED_ROUND target2: the second target of a SHORT does not lie above the first',
      ],
    ],
    [
      { target1: '104', target2: '106.99999999' },
      ['R_MULTIPLE_TOO_LOW rMultiple: a signal has an R multiple of at least 2.0, before it is rounded'],
    ],
    [
      { stopLoss: '100.99', target2: '9999999999' },
      ['R_MULTIPLE_TOO_LARGE rMultiple: an R multiple is at most 9999.99'],
    ],
    [
      { rMultiple: '9.66' },
      ['R_MULTIPLE_WRONG rMultiple: an R multiple is |target2 - entryPrice| / |entryPrice - stopLoss|, here 9.67'],
    ],
    [
      { riskAmount: '300.01' },
      ['RISK_AMOUNT_WRONG riskAmount: a risk is |entryPrice - stopLoss| x positionSize, here 300.00'],
    ],
    [
      { positionSize: '0.001' },
      ['RISK_TOO_SMALL riskAmount: a risk is at least half a cent, |entryPrice - stopLoss| x positionSize'],
    ],
    [
      { positionSize: '9999999999.99999999' },
      ['RISK_TOO_LARGE riskAmount: a risk, |entryPrice - stopLoss| x positionSize, is at most 9999999999.99'],
    ],
    [{ positionSize: '0' }, size],
    [{ positionSize: '-1' }, size],
    [{ positionSize: '0.000000001' }, ['SIZE_TOO_PRECISE positionSize: a size has at most 8 decimals']],
    [{ confidenceScore: 69 }, confidence],
    [{ confidenceScore: 96 }, confidence],
    [{ campaignAllocation: '1.0001' }, share],
    [{ campaignAllocation: '-0.0001' }, share],
    [{ patternId: 'x' }, ['ID_INVALID patternId: not an id']],
    [{ campaignId: 'x' }, ['ID_INVALID campaignId: not an id']],
    [{ symbol: 'SPY' }, ['SIGNAL_OTHER_SYMBOL symbol: a signal has the symbol of its pattern, AAPL']],
    [{ timeframe: '1h' }, ['SIGNAL_OTHER_TIMEFRAME timeframe: a signal has the timeframe of its pattern, 1d']],
    [
      { generatedAt: '2024-02-05' },
      [
        'LOOK_AHEAD generatedAt: a signal is not generated before its pattern was detected, 2024-02-06T00:00:00Z',
        'LOOK_AHEAD generatedAt: the test of its pattern was over at 2024-02-06T00:00:00Z, and nobody knew it before',
      ],
    ],
    [
      { signalType: 'SHORT', stopLoss: '104', target1: '90', target2: '80' },
      ['SIGNAL_OTHER_DIRECTION signalType: a signal on SPRING is LONG'],
    ],
  ];
  for (const [change, problems] of broken)
    expect([change, await refusedFor(raw, () => signals.create(soundSignal(spring, change)))]).toEqual([
      change,
      problems,
    ]);
  expect((await signals.find()).rows).toEqual([]);
});

test('create takes what lies on the edge, and answers what is read back', async () => {
  const { store, signals } = await open();
  const edges: readonly (readonly [change: object, r: string, risk: string])[] = [
    [{ target1: '107', target2: '107', confidenceScore: 70, campaignAllocation: '0' }, '2', '300'],
    [{ confidenceScore: 95, campaignAllocation: '1', rMultiple: '9.67', riskAmount: '300.00' }, '9.67', '300'],
    // 10 / 3 = 3.333..., 9.995 / 1 is a tie
    [{ target1: '111', target2: '111' }, '3.33', '300'],
    [{ stopLoss: '100', target1: '110', target2: '110.995' }, '10', '100'],
    // 3 x 0.00166667 is a hair above half a cent
    [{ positionSize: '0.00166667' }, '9.67', '0.01'],
    [{ signalType: 'SHORT', stopLoss: '104', target1: '95', target2: '95' }, '2', '300'],
    [
      {
        entryPrice: '0.00000002',
        stopLoss: '0.00000001',
        target1: '0.00000004',
        target2: '0.0001',
        positionSize: '9999999999.99999999',
      },
      '9998',
      '100',
    ],
    [
      {
        entryPrice: '9999999999.99999997',
        stopLoss: '9999999999.99999996',
        target1: '9999999999.99999999',
        target2: '9999999999.99999999',
        positionSize: '1000000',
      },
      '2',
      '0.01',
    ],
    [{ approvalChain: soundChain({ Phase: 'WARN' }) }, '9.67', '300'],
    [{ approvalChain: {} }, '9.67', '300'],
  ];
  for (const [change, r, risk] of edges) {
    const created = await signals.create(soundSignal(null, change));
    expect([change, created.rMultiple.toString(), created.riskAmount.toString()]).toEqual([change, r, risk]);
    expect(created).toMatchObject({ status: 'PENDING', notificationSent: false });
    expect(await signals.byId(created.id)).toEqual(created);
  }
  const onPattern = await signals.create(soundSignal(await createTradable(store, { patternType: 'UTAD' })));
  expect(onPattern).toMatchObject({ signalType: 'SHORT', approvalChain: null });
  expect(await signals.byId(onPattern.id)).toEqual(onPattern);
});

describe('the pattern', () => {
  const LEAST: readonly (readonly [PatternType, least: string])[] = [
    ['SPRING', '3.0'],
    ['SOS', '2.5'],
    ['LPS', '2.5'],
    ['BU', '2.5'],
    ['UTAD', '3.5'],
    ['UT', '2.0'],
    ['SOW', '2.0'],
    ['LPSY', '2.0'],
  ];

  test.each(LEAST)('a signal on %s has at least %s R, before it is rounded', async (patternType, least) => {
    const { store, signals, raw } = await open();
    const pattern = await createTradable(store, { patternType });
    const sign = soundSignal(pattern).signalType === 'LONG' ? 1 : -1;
    // Entry 1000, stop 1 away: an R multiple is the target's distance.
    const levels = (target: string) => ({
      entryPrice: '1000',
      stopLoss: `${1000 - sign}`,
      target1: `${1000 + sign}`,
      target2: target,
    });
    const cents = Number(least) * 100 * sign;
    const at = (hundredth: number) => ((100_000 + hundredth) / 100).toFixed(2);
    const enough = soundSignal(pattern, levels(at(cents)));
    const short = sign > 0 ? `${at(cents - 1)}99` : `${at(cents)}01`;
    const whose = least === '2.0' ? 'a signal' : `a signal on ${patternType}`;
    expect(await refusedFor(raw, () => signals.create(soundSignal(pattern, levels(short))))).toEqual([
      `R_MULTIPLE_TOO_LOW rMultiple: ${whose} has an R multiple of at least ${least}, before it is rounded`,
    ]);
    expect((await signals.create(enough)).rMultiple.toFixed(1)).toBe(least);
  });

  test('is there and tradable', async () => {
    const { store, signals, raw, spring } = await open();
    const range = await store.tradingRanges.create(soundRange());
    const attempt = (patternId: string) => refusedFor(raw, () => signals.create(soundSignal(spring, { patternId })));
    const unknown = ['PATTERN_UNKNOWN patternId: there is no such pattern'];
    expect(await attempt(newId())).toEqual(unknown);
    expect(await attempt(range.id)).toEqual(unknown);
    const untested = await store.patterns.create(soundPattern(range));
    expect(await attempt(untested.id)).toEqual(['PATTERN_NOT_TRADABLE patternId: a SPRING needs a confirmed test']);
    const context = await store.patterns.create(soundPattern(null, { patternType: 'SC' }));
    expect(await attempt(context.id)).toEqual(['PATTERN_NOT_TRADABLE patternId: a SC is context, never an entry']);
    await store.patterns.reject(spring.id, 'a breakdown');
    expect(await attempt(spring.id)).toEqual(['PATTERN_NOT_TRADABLE patternId: the pattern was rejected: a breakdown']);
  });
});

test('the campaign is there, live and of the same series', async () => {
  const { store, signals, raw, spring } = await open();
  const attempt = (campaignId: string) => refusedFor(raw, () => signals.create(soundSignal(spring, { campaignId })));
  expect(await attempt(newId())).toEqual(['CAMPAIGN_UNKNOWN campaignId: there is no such campaign']);
  expect(await attempt(spring.id)).toEqual(['CAMPAIGN_UNKNOWN campaignId: there is no such campaign']);
  const other = await store.campaigns.open(soundCampaign(null, { symbol: 'SPY' }));
  expect(await attempt(other.id)).toEqual(['CAMPAIGN_OTHER_SERIES campaignId: the campaign is of SPY 1d']);
  const hourly = await store.campaigns.open(soundCampaign(null, { timeframe: '1h' }));
  expect(await attempt(hourly.id)).toEqual(['CAMPAIGN_OTHER_SERIES campaignId: the campaign is of AAPL 1h']);
  const over = await store.campaigns.open(soundCampaign(null));
  await store.campaigns.invalidate(over.id, { version: 1, reason: 'done' });
  expect(await attempt(over.id)).toEqual(['CAMPAIGN_TERMINAL campaignId: the campaign is INVALIDATED']);
  const live = await store.campaigns.open(soundCampaign(null));
  const signal = await signals.create(soundSignal(spring, { campaignId: live.id }));
  expect(await signals.byId(signal.id)).toMatchObject({ campaignId: live.id });
});

test('filters', async () => {
  const { store, signals, raw, spring } = await open();
  const campaign = await store.campaigns.open(soundCampaign(null));
  const first = await signals.create(soundSignal(spring, { campaignId: campaign.id, confidenceScore: 90 }));
  const second = await signals.create(soundSignal(null, { generatedAt: '2024-02-07', timeframe: '1h' }));
  const third = await signals.create(soundSignal(null, { generatedAt: '2024-02-08', symbol: 'SPY' }));
  await signals.reject(third.id, { reason: 'no' });
  const found = async (filter: Parameters<typeof signals.find>[0]) => {
    const [forward, backward] = [await signals.find(filter), await signals.latest(filter)];
    expect(forward).toEqual(backward);
    return forward.rows.map(({ id }) => [first.id, second.id, third.id].indexOf(id as typeof first.id) + 1);
  };
  expect(await found({})).toEqual([1, 2, 3]);
  expect(await found({ status: 'PENDING' })).toEqual([1, 2]);
  expect(await found({ status: 'REJECTED' })).toEqual([3]);
  expect(await found({ patternId: spring.id })).toEqual([1]);
  expect(await found({ campaignId: campaign.id })).toEqual([1]);
  expect(await found({ minConfidence: 81 })).toEqual([1]);
  expect(await found({ symbol: 'spy' })).toEqual([3]);
  expect(await found({ timeframe: '1h' })).toEqual([2]);
  expect(await found({ from: '2024-02-07', to: '2024-02-08' })).toEqual([2]);
  expect(await found({ from: '2024-02-07', to: '2024-02-07' })).toEqual([]);
  expect((await signals.pending({ symbol: 'AAPL' })).rows).toHaveLength(2);
  const bad = { status: 'pending', patternId: 'x', campaignId: 'y', minConfidence: 101, from: 'z' } as object;
  expect((await refusedFor(raw, () => signals.find(bad))).map((problem) => problem.split(':')[0])).toEqual([
    'INSTANT_INVALID from',
    'CHOICE_UNKNOWN status',
    'ID_INVALID patternId',
    'ID_INVALID campaignId',
    'NUMBER_OUT_OF_RANGE minConfidence',
  ]);
});
