import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { decimalSchema } from '../../src/domain/index.js';
import {
  Decimal,
  type JsonSchema,
  newId,
  openStore,
  PATTERN_TYPES,
  type Pattern,
  StoredValueError,
} from '../../src/index.js';
import {
  soundChain,
  soundDistribution,
  soundMetadata,
  soundPattern,
  soundRange,
  soundSignal,
} from '../setup/ledger-inputs.js';
import { openRawClient } from '../setup/raw-client.js';
import { ledgerContent, problemsOf, refusedFor } from '../setup/refusals.js';
import { openTestStore } from '../setup/test-database.js';

async function open(options: Parameters<typeof openTestStore>[0] = {}) {
  const { store, url } = await openTestStore({ actor: 'test', ...options });
  return { store, url, raw: await openRawClient(url), range: await store.tradingRanges.create(soundRange()) };
}

function nested(levels: number): object {
  let value: object = {};
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? { a: value } : [value];
  return value;
}

const circular: Record<string, unknown> = {};
circular.self = circular;

/** What no JSON document of the ledger may hold, as the value of a key of the caller's own. */
const UNFIT: readonly (readonly [name: string, value: unknown, problem: string])[] = [
  ['NaN', Number.NaN, 'JSON_INVALID note: JSON has no such number'],
  ['Infinity', Number.NEGATIVE_INFINITY, 'JSON_INVALID note: JSON has no such number'],
  ['1e400', Number('1e400'), 'JSON_INVALID note: JSON has no such number'],
  ['an integer beyond 2^53', 2 ** 53, 'JSON_INVALID note: an integer beyond 2^53 is not exact'],
  ['a Decimal that is not finite', new Decimal('Infinity'), 'JSON_INVALID note: a decimal is finite'],
  ['an invalid Date', new Date(Number.NaN), 'JSON_INVALID note: not an instant'],
  ['a function', () => 1, 'JSON_INVALID note: JSON has no function'],
  ['a symbol', Symbol('x'), 'JSON_INVALID note: JSON has no symbol'],
  ['a Map', new Map([[1, 2]]), 'JSON_INVALID note: not a plain object'],
  ['a Set', new Set([1]), 'JSON_INVALID note: not a plain object'],
  ['bytes', new Uint8Array(2), 'JSON_INVALID note: not a plain object'],
  ['undefined in a list', [undefined], 'JSON_INVALID note.0: JSON has no undefined'],
  ['half a surrogate pair', 'a\ud83d', 'JSON_INVALID note: a text has no NUL and no half of a surrogate pair'],
  ['NUL', 'a\0', 'JSON_INVALID note: a text has no NUL and no half of a surrogate pair'],
  ['NUL in a key', { 'a\0': 1 }, 'JSON_INVALID note: a text has no NUL and no half of a surrogate pair'],
];

describe('what JSON cannot hold exactly is refused, and nothing is written', () => {
  test('in the metadata of a pattern and in an approval chain', async () => {
    const { store, raw, range } = await open();
    const signal = await store.signals.create(soundSignal(null));
    const [first, ...stages] = soundChain().validation_results;
    for (const [name, note, problem] of UNFIT) {
      const metadata = soundMetadata('SPRING', { note });
      const at = (place: string) => [name, [problem.replace(' note', ` ${place}.note`)]];
      const refused = async (attempt: () => Promise<unknown>) => [name, await refusedFor(raw, attempt)];
      expect(await refused(() => store.patterns.create(soundPattern(range, { metadata })))).toEqual(at('metadata'));
      const chain = { validation_results: [{ ...first!, metadata: { note } as never }, ...stages] };
      const place = 'validation_results.0.metadata';
      expect(await refused(() => store.signals.approve(signal.id, chain))).toEqual(at(place));
      const approvalChain = { ...chain, note: 1 };
      expect(await refused(() => store.signals.create(soundSignal(null, { approvalChain })))).toEqual(
        at(`approvalChain.${place}`),
      );
    }
  });

  test('what is too deep, too large or goes round', async () => {
    const { store, raw, range } = await open();
    const attempt = async (note: unknown) => {
      const metadata = soundMetadata('SPRING', { note });
      const [problem] = await problemsOf(raw, () => store.patterns.create(soundPattern(range, { metadata })));
      expect(JSON.stringify(problem).length).toBeLessThan(1_000);
      return `${problem!.code}: ${problem!.rule}`;
    };
    const deep = 'JSON_TOO_DEEP: nested more than 32 levels deep';
    const large = 'JSON_TOO_LARGE: a document has at most 1000000 characters';
    expect(await attempt(nested(10_000))).toBe(deep);
    expect(await attempt(circular)).toBe(deep);
    expect(await attempt('x'.repeat(50_000_000))).toBe(large);
    expect(await attempt(Array.from({ length: 5_000_000 }, () => 1))).toBe(large);
    const wide = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`key ${index}`, index]));
    expect(await attempt(wide)).toBe(large);
    const kept = soundMetadata('SPRING', { note: nested(30), text: 'x'.repeat(900_000) });
    const created = await store.patterns.create(soundPattern(range, { metadata: kept }));
    expect(await store.patterns.byId(created.id)).toEqual(created);
  });
});

test('decimals come back as Decimals of the one class, keys of the caller’s own as they were', async () => {
  const { store, raw, range } = await open();
  const own = {
    note: 'Zürich 🐻',
    list: [1, null, { flag: false }],
    exact: '0.10',
    big: 12n,
    at: new Date('2024-02-01T00:00:00Z'),
    ratio: new Decimal('1e-8'),
    zero: -0,
    __proto: { constructor: 'x' },
  };
  const written = { ...own, big: '12', at: '2024-02-01T00:00:00Z', ratio: '0.00000001', zero: 0 };
  const metadata = soundMetadata('SPRING', { ...own, spring_low: '0.00000001', recovery_price: '9999999999.99999999' });
  const created = await store.patterns.create(soundPattern(range, { metadata }));
  const read = (await store.patterns.byId(created.id))!;
  expect(read).toEqual(created);
  const fields = read.metadata as Record<string, unknown>;
  expect(fields).toMatchObject({ ...written, recovery_bars: 1 });
  for (const key of ['penetration_pct', 'spring_low', 'recovery_price', 'creek_reference', 'creek_distance'])
    expect(fields[key]).toBeInstanceOf(Decimal);
  expect(`${fields.spring_low} ${fields.recovery_price}`).toBe('0.00000001 9999999999.99999999');
  const { rows } = await raw.query(
    "SELECT metadata ->> 'spring_low' AS low, metadata -> 'recovery_bars' AS bars FROM patterns",
  );
  expect(rows).toEqual([{ low: '0.00000001', bars: 1 }]);
  const [first, ...stages] = soundChain().validation_results;
  const results = [{ ...first!, metadata: { ratio: new Decimal('1e-8') } as never, seen: '0.10' }, ...stages];
  const signal = await store.signals.create(soundSignal(null, { approvalChain: { validation_results: results } }));
  expect(await store.signals.byId(signal.id)).toEqual(signal);
  expect(signal.approvalChain!.validation_results[0]).toMatchObject({
    metadata: { ratio: '0.00000001' },
    seen: '0.10',
    timestamp: new Date('2024-02-06'),
  });
});

test('metadata is checked by the pattern’s type', async () => {
  const { store, raw, range } = await open();
  const distribution = await store.tradingRanges.create(soundDistribution());
  const bounds = {
    SPRING: { penetration_pct: ['0.0501', '-0.0001'], recovery_bars: [0, 6, 1.5, '1'], spring_low: ['0', 1.5] },
    UTAD: { breakout_pct: ['-0.01'], bars_to_failure: [0, 4], utad_high: ['x'] },
    SOS: { breakout_pct: ['0.0099'], close_position: ['-0.01', '1.01'] },
    LPS: { sos_pattern_id: ['x'], bars_after_sos: [0, 11], held_support: ['yes', 1], effort_result: ['NONE'] },
    SC: { close_position: ['1.01'], prior_close: ['-1'] },
    AR: { sc_pattern_id: [7], rally_pct: ['0.0299'], bars_after_sc: [0, 11] },
    ST: { distance_from_sc_low_pct: ['0.0201'], volume_reduction_pct: ['0.0999'], penetration_pct: ['0.01'] },
    PS: { notes: [1] },
  } as const;
  for (const [type, fields] of Object.entries(bounds)) {
    const patternType = type as Pattern['patternType'];
    const whose = type === 'UTAD' ? distribution : range;
    for (const [key, values] of Object.entries(fields))
      for (const value of [...(type === 'PS' ? [] : [undefined, null]), ...values]) {
        const metadata = soundMetadata(patternType, { [key]: value });
        const problems = await problemsOf(raw, () =>
          store.patterns.create(soundPattern(whose, { patternType, metadata })),
        );
        expect([value, problems.map(({ path }) => path)]).toEqual([value, [`metadata.${key}`]]);
      }
  }
  for (const metadata of [null, undefined, [], 'x', 1])
    expect(
      await refusedFor(raw, () => store.patterns.create({ ...soundPattern(range), metadata: metadata as object })),
    ).toEqual([expect.stringMatching(/^JSON_\w+ metadata: /)]);
  expect(PATTERN_TYPES).toHaveLength(15);
});

describe('versions', () => {
  const second: JsonSchema = {
    kind: 'pattern_metadata',
    type: 'SPRING',
    version: 2,
    schema: z.looseObject({ depth: decimalSchema }),
  };

  test('one that is registered is written and read; a store without it reads it as it stands', async () => {
    const { store, url, raw, range } = await open({ jsonSchemas: [second] });
    const old = await store.patterns.create(soundPattern(range));
    const input = soundPattern(range, { metadataVersion: 2, metadata: { depth: '0.0350', by: 'v2' } });
    const created = await store.patterns.create(input);
    expect(created.metadata).toEqual({ depth: new Decimal('0.035'), by: 'v2' });
    expect(await store.patterns.byId(created.id)).toEqual(created);
    const wrong = soundPattern(range, { metadataVersion: 2 });
    expect(await refusedFor(raw, () => store.patterns.create(wrong))).toEqual([
      'DECIMAL_INVALID metadata.depth: not a decimal number',
    ]);
    const other = await openStore({ databaseUrl: url });
    try {
      expect(await other.patterns.byId(old.id)).toEqual(old);
      expect(await other.patterns.byId(created.id)).toEqual({ ...created, metadata: { depth: '0.035', by: 'v2' } });
      const [problem] = await problemsOf(raw, () => other.patterns.create({ ...input, id: newId() }));
      expect(problem).toMatchObject({ code: 'JSON_SCHEMA_UNKNOWN', path: 'metadata', hint: 'there is version 1' });
      expect(problem!.rule).toBe('nobody has registered pattern_metadata SPRING version 2');
      expect(await other.patterns.reject(created.id, 'not for this one')).toMatchObject({ metadataVersion: 2 });
    } finally {
      await other.close();
    }
  });
});

test('a stored document that breaks its schema is told of, by table, column and id', async () => {
  const { store, raw, range } = await open();
  const pattern = await store.patterns.create(soundPattern(range));
  const signal = await store.signals.create(soundSignal(null));
  await raw.query(`UPDATE patterns SET metadata = jsonb_set(metadata, '{recovery_bars}', '9')`);
  await raw.query(`UPDATE signals SET approval_chain = '{"validation_results": [{"stage": "Phase"}]}'`);
  const before = await ledgerContent(raw);
  for (const [read, table, column, id] of [
    [() => store.patterns.byId(pattern.id), 'patterns', 'metadata', pattern.id],
    [() => store.patterns.find(), 'patterns', 'metadata', pattern.id],
    [() => store.patterns.reject(pattern.id, 'no'), 'patterns', 'metadata', pattern.id],
    [() => store.signals.byId(signal.id), 'signals', 'approval_chain', signal.id],
    [() => store.signals.latest(), 'signals', 'approval_chain', signal.id],
    [() => store.signals.approve(signal.id, soundChain()), 'signals', 'approval_chain', signal.id],
  ] as const) {
    const error = await read().then(
      () => undefined,
      (reason: unknown) => reason as StoredValueError,
    );
    expect(error).toBeInstanceOf(StoredValueError);
    expect(error).toMatchObject({ code: 'STORED_JSON_INVALID', table, column });
    expect(error!.message).toContain(`${table} ${id} holds what the store does not write: ${column}.`);
  }
  expect(await ledgerContent(raw)).toEqual(before);
});
