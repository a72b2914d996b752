import pg from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { newId, type Problem } from '../../src/index.js';
import {
  createSignal,
  createTradable,
  soundChain,
  soundMetadata,
  soundPattern,
  soundRange,
  soundSignal,
  TESTED,
} from '../setup/ledger-inputs.js';
import { insertRow, SOUND_ROWS } from '../setup/ledger-rows.js';
import { openRawClient } from '../setup/raw-client.js';
import { ledgerContent, problemsOf, refusal, refusedFor } from '../setup/refusals.js';
import { openTestStore } from '../setup/test-database.js';

async function open() {
  const { store, url } = await openTestStore({ actor: 'test' });
  return { ...store, store, raw: await openRawClient(url) };
}

describe('a repeated create', () => {
  test('answers the row as it is now, and changes nothing', async () => {
    const { store, raw } = await open();
    const { tradingRanges, patterns, signals } = store;
    const rangeInput = soundRange();
    const range = await tradingRanges.create(rangeInput);
    const patternInput = soundPattern(range, { ...TESTED, metadata: soundMetadata('SPRING', { zero: -0, half: 0.5 }) });
    const pattern = await patterns.create(patternInput);
    const signalInput = soundSignal(pattern, { approvalChain: soundChain({ Phase: 'WARN' }) });
    const signal = await signals.create(signalInput);
    const repeat = async () => {
      const before = await ledgerContent(raw);
      const spelled = { ...rangeInput, creekLevel: '100.00', id: ` ${rangeInput.id?.toUpperCase()} `, symbol: 'aapl' };
      const rows = [
        await tradingRanges.create(spelled),
        await patterns.create({ ...patternInput, entryPrice: 101n }),
        await signals.create({ ...signalInput, rMultiple: '9.67' }),
      ];
      expect(await ledgerContent(raw)).toEqual(before);
      return rows;
    };
    expect(await repeat()).toEqual([range, pattern, signal]);
    const approved = await signals.approve(signal.id, soundChain());
    const rejected = await patterns.reject(pattern.id, 'a breakdown');
    await tradingRanges.updateLevels(range.id, { version: 1, phase: 'D', creekLevel: '99' });
    const deleted = await tradingRanges.softDelete(range.id, { version: 2 });
    expect(await repeat()).toEqual([deleted, rejected, approved]);
    const { rows } = await raw.query(
      'SELECT event_type, count(*)::int FROM audit_trail GROUP BY 1 HAVING count(*) > 1',
    );
    expect(rows).toEqual([]);
  });

  test('with other values is a conflict that names the column', async () => {
    const { store, raw } = await open();
    const range = soundRange();
    const { id } = await store.tradingRanges.create(range);
    const error = await refusal(raw, () => store.tradingRanges.create({ ...range, iceLevel: '111' }));
    expect(error).toMatchObject({
      name: 'ConflictError',
      code: 'ID_CONFLICT',
      hint: 'give what is new an id of its own',
    });
    expect(error.message).toBe(
      `trading range ${id} exists with other values: ice_level: "111": it was created with "110"`,
    );
    const pattern = soundPattern({ ...range, id } as never);
    await store.patterns.create(pattern);
    const other = { ...pattern, metadata: soundMetadata('SPRING', { penetration_pct: '0.03' }) };
    const conflict = await refusal(raw, () =>
      store.patterns.createMany([soundPattern(null, { patternType: 'SC' }), other]),
    );
    expect(conflict).toMatchObject({ name: 'ConflictError', code: 'ID_CONFLICT' });
    expect(conflict.message).toContain(`pattern ${pattern.id} exists with other values: metadata: `);
    const signal = soundSignal(null);
    await store.signals.create(signal);
    expect((await refusal(raw, () => store.signals.create({ ...signal, positionSize: '101' }))).message).toContain(
      'position_size: "101": it was created with "100"',
    );
    await store.tradingRanges.updateLevels(id, { version: 1, iceLevel: '111' });
    const now = await refusal(raw, () => store.tradingRanges.create({ ...range, iceLevel: '111' }));
    expect(now.message).toContain('ice_level: "111": it was created with "110"');
  });

  test('of a row that plain SQL wrote is held against what the row is', async () => {
    const { store, raw } = await open();
    await insertRow(raw, 'trading_ranges');
    const input = soundRange({ id: SOUND_ROWS.trading_ranges.id, endTime: '2024-02-02' });
    expect(await store.tradingRanges.create(input)).toMatchObject({ id: input.id, version: 1 });
    const error = await refusal(raw, () => store.tradingRanges.create({ ...input, strengthScore: 81 }));
    expect(error.message).toContain('strength_score: 81: it was created with 80');
  });
});

describe('createMany', () => {
  test('takes new and repeated rows together, and answers in their order', async () => {
    const { store, raw } = await open();
    const inputs = Array.from({ length: 5 }, () => soundRange());
    const [, second, , fourth] = inputs;
    const first = await store.tradingRanges.createMany([fourth!, second!]);
    const all = await store.tradingRanges.createMany(inputs);
    expect(all.map(({ id }) => id)).toEqual(inputs.map(({ id }) => id));
    expect([all[3], all[1]]).toEqual(first);
    const { rows } = await raw.query('SELECT entity_id FROM audit_trail');
    expect(rows.map((row) => row.entity_id).sort()).toEqual(inputs.map(({ id }) => id).sort());
    expect(await store.tradingRanges.createMany([])).toEqual([]);
  });

  test('names every bad row by its position, and writes none', async () => {
    const { store, raw } = await open();
    const range = await store.tradingRanges.create(soundRange());
    const twice = soundPattern(range);
    const inputs = [
      twice,
      soundPattern(range, { confidenceScore: 1, phase: 'D' }),
      soundPattern(range),
      { ...twice, confidenceScore: 81 },
      null as never,
    ];
    expect(await refusedFor(raw, () => store.patterns.createMany(inputs))).toEqual([
      '1 NUMBER_OUT_OF_RANGE confidenceScore: a confidence score is a whole number from 70 to 95',
      '1 PHASE_UNUSUAL phase: the usual phase of a SPRING is C',
      '3 ID_TWICE id: row 0 has this id already',
      '4 SERIES_INVALID : not an object with a symbol and a timeframe',
    ]);
    const signals = [
      soundSignal(null),
      soundSignal(null, { patternId: newId() }),
      soundSignal(null, { campaignId: newId() }),
    ];
    const problems = await problemsOf(raw, () => store.signals.createMany(signals));
    expect(problems.map(({ row, code }) => [row, code])).toEqual([
      [1, 'PATTERN_UNKNOWN'],
      [2, 'CAMPAIGN_UNKNOWN'],
    ]);
    expect(
      await refusedFor(raw, () => store.tradingRanges.createMany([soundRange(), soundRange({ phase: 'F' as 'E' })])),
    ).toEqual(['1 CHOICE_UNKNOWN phase: a phase is one of A, B, C, D, E']);
  });

  test('with onProblem the good ones are written', async () => {
    const { store, raw } = await open();
    const range = await store.tradingRanges.create(soundRange());
    const heard: (readonly [number | undefined, string])[] = [];
    const onProblem = ({ row, code }: Problem) => void heard.push([row, code]);
    const [good, better] = [soundPattern(range), soundPattern(range)];
    const written = await store.patterns.createMany(
      [good, soundPattern(range, { confidenceScore: 1 }), soundPattern(range, { symbol: 'SPY' }), better, good],
      { onProblem },
    );
    expect(written.map(({ id }) => id)).toEqual([good.id, better.id]);
    expect(heard).toEqual([
      [1, 'NUMBER_OUT_OF_RANGE'],
      [4, 'ID_TWICE'],
      [2, 'PATTERN_OTHER_SYMBOL'],
    ]);
    const { rows } = await raw.query('SELECT count(*)::int AS patterns FROM patterns');
    expect(rows).toEqual([{ patterns: 2 }]);
    const before = await ledgerContent(raw);
    expect(await store.signals.createMany([soundSignal(null, { confidenceScore: 1 })], { onProblem })).toEqual([]);
    expect(await ledgerContent(raw)).toEqual(before);
  });

  test('makes no more round trips for many rows than for one', async () => {
    const { store } = await open();
    const range = await store.tradingRanges.create(soundRange());
    const pattern = await createTradable(store);
    const query = vi.spyOn(pg.Client.prototype, 'query');
    const many = <T>(make: () => T) => Array.from({ length: 200 }, make);
    const textsOf = async (write: () => Promise<unknown>) => {
      query.mockClear();
      await write();
      return query.mock.calls.map(
        ([first]) =>
          String((first as { text?: string }).text ?? first)
            .trim()
            .split(/\s+/)[0],
      );
    };
    try {
      const { tradingRanges, patterns, signals } = store;
      for (const [one, all, texts] of [
        [
          () => tradingRanges.create(soundRange()),
          () => tradingRanges.createMany(many(() => soundRange())),
          ['BEGIN', 'INSERT', 'WITH', 'COMMIT'],
        ],
        [
          () => patterns.create(soundPattern(range)),
          () => patterns.createMany(many(() => soundPattern(range))),
          ['BEGIN', 'SELECT', 'INSERT', 'WITH', 'COMMIT'],
        ],
        [
          () => signals.create(soundSignal(pattern)),
          () => signals.createMany(many(() => soundSignal(pattern))),
          ['BEGIN', 'SELECT', 'INSERT', 'WITH', 'COMMIT'],
        ],
      ] as const) {
        expect((await textsOf(one)).filter((text) => text !== 'SET')).toEqual(texts);
        expect((await textsOf(all)).filter((text) => text !== 'SET')).toEqual(texts);
      }
    } finally {
      query.mockRestore();
    }
    expect((await store.signals.find({ limit: 1_000 })).rows).toHaveLength(201);
  });
});

test('two writers of the same ids: one creates, the other recognises', async () => {
  const { store, raw } = await open();
  for (let round = 0; round < 10; round += 1) {
    const inputs = Array.from({ length: 3 }, () => soundRange());
    const [one, other] = await Promise.all([
      store.tradingRanges.createMany(inputs),
      store.tradingRanges.createMany([...inputs].reverse()),
    ]);
    expect([...other].reverse()).toEqual(one);
  }
  const { rows } = await raw.query('SELECT count(*)::int AS events FROM audit_trail');
  expect(rows).toEqual([{ events: 30 }]);
  const signal = await createSignal(store, 'FILLED');
  expect(await store.signals.create(soundSignal(null, { id: signal.id }))).toEqual(signal);
});
