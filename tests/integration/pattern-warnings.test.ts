import { expect, test, vi } from 'vitest';
import { newId, type PatternType, type Problem } from '../../src/index.js';
import { soundDistribution, soundPattern, soundRange } from '../setup/ledger-inputs.js';
import { openRawClient } from '../setup/raw-client.js';
import { refusedFor } from '../setup/refusals.js';
import { openTestStore } from '../setup/test-database.js';

async function open(options: Parameters<typeof openTestStore>[0]) {
  const { store, url } = await openTestStore({ actor: 'test', ...options });
  const [range, distribution] = await store.tradingRanges.createMany([soundRange(), soundDistribution()]);
  return { store, patterns: store.patterns, raw: await openRawClient(url), range: range!, distribution: distribution! };
}

const limits: readonly (readonly [PatternType, sound: string, broken: string, rule: string])[] = [
  ['SPRING', '0.6999', '0.7', 'below 0.7'],
  ['SOS', '1.5', '1.4999', 'at least 1.5'],
  ['LPS', '1', '1.0001', 'at most 1'],
  ['UTAD', '1.2', '1.1999', 'at least 1.2'],
];

test('a volume warns by default: heard once for each pattern that is created, and kept in the trail', async () => {
  const heard: Problem[] = [];
  const { patterns, raw, range, distribution } = await open({ onWarning: (problem) => heard.push(problem) });
  for (const [patternType, sound, broken, rule] of limits) {
    const whose = patternType === 'UTAD' ? distribution : range;
    await patterns.create(soundPattern(whose, { patternType, volumeRatio: sound }));
    expect(heard.splice(0)).toEqual([]);
    const input = soundPattern(whose, { patternType, volumeRatio: broken });
    await patterns.create(input);
    const sentence = `the volume ratio of a ${patternType} is ${rule}`;
    expect(heard.splice(0)).toMatchObject([{ code: 'VOLUME_UNUSUAL', path: 'volumeRatio', rule: sentence }]);
    await patterns.create(input);
    expect(heard).toEqual([]);
    const { rows } = await raw.query(
      "SELECT metadata -> 'warnings' AS warnings FROM audit_trail WHERE entity_id = $1",
      [input.id],
    );
    const kept = { code: 'VOLUME_UNUSUAL', path: 'volumeRatio', value: broken, rule: sentence };
    expect(rows).toEqual([{ warnings: [kept] }]);
  }
  const unwritten = [soundPattern(range, { volumeRatio: '9' }), soundPattern(range, { tradingRangeId: newId() })];
  await refusedFor(raw, () => patterns.createMany(unwritten));
  expect(heard).toEqual([]);
  const problems: string[] = [];
  await patterns.createMany(unwritten, { onProblem: ({ code }) => problems.push(code) });
  expect([problems, heard.map(({ code }) => code)]).toEqual([['TRADING_RANGE_UNKNOWN'], ['VOLUME_UNUSUAL']]);
  heard.length = 0;
  const quiet = soundPattern(range);
  await patterns.createMany([quiet, { ...quiet, volumeRatio: '9' }], { onProblem: ({ code }) => problems.push(code) });
  expect([problems.at(-1), heard]).toEqual(['ID_TWICE', []]);
  const { rows } = await raw.query("SELECT metadata ? 'warnings' AS warned FROM audit_trail WHERE entity_id = $1", [
    quiet.id,
  ]);
  expect(rows).toEqual([{ warned: false }]);
});

test('a volume rejects where that is set, by limits of one’s own', async () => {
  const volumeLimits = { SPRING: null, SOS: { atMost: '3' }, SOW: { atLeast: '1' } };
  const { patterns, raw, range, distribution } = await open({ patternRules: { volume: 'reject', volumeLimits } });
  const attempt = (patternType: PatternType, volumeRatio: string) => () =>
    patterns.create(soundPattern(patternType === 'SOW' ? distribution : range, { patternType, volumeRatio }));
  const refused = (type: string, rule: string) => [
    `VOLUME_UNUSUAL volumeRatio: the volume ratio of a ${type} is ${rule}`,
  ];
  expect(await refusedFor(raw, attempt('SOS', '3.0001'))).toEqual(refused('SOS', 'at most 3'));
  expect(await refusedFor(raw, attempt('SOW', '0.9999'))).toEqual(refused('SOW', 'at least 1'));
  expect(await refusedFor(raw, attempt('LPS', '1.0001'))).toEqual(refused('LPS', 'at most 1'));
  for (const [type, ratio] of [
    ['SPRING', '99'],
    ['SOS', '0'],
    ['SOW', '1'],
    ['LPS', '1'],
  ] as const)
    expect((await attempt(type, ratio)()).volumeRatio.toString()).toBe(ratio);
});

test('an unusual phase is refused, or a warning where that is set', async () => {
  const heard: Problem[] = [];
  const patternRules = { unusualPhase: 'warn' } as const;
  const { patterns, range } = await open({ patternRules, onWarning: (problem) => heard.push(problem) });
  await patterns.create(soundPattern(range, { phase: 'D', volumeRatio: '2' }));
  expect(heard.map(({ code }) => code)).toEqual(['PHASE_UNUSUAL', 'VOLUME_UNUSUAL']);
});

test('a warning is heard with the problem alone', async () => {
  const onWarning = vi.fn();
  const { patterns, range } = await open({ onWarning });
  await patterns.create(soundPattern(range, { volumeRatio: '0.7' }));
  expect(onWarning.mock.calls).toEqual([[expect.objectContaining({ code: 'VOLUME_UNUSUAL' })]]);
});
