import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { expect, test } from 'vitest';
import type { Page, PageOptions, Store } from '../../src/index.js';
import { soundRange } from '../setup/ledger-inputs.js';
import { insertRow, type LedgerTable, type Row } from '../setup/ledger-rows.js';
import { openRawClient } from '../setup/raw-client.js';
import { refusedFor } from '../setup/refusals.js';
import { openTestStore } from '../setup/test-database.js';

async function open() {
  const { store, url } = await openTestStore({ actor: 'test' });
  return { store, raw: await openRawClient(url) };
}

type Find = (options: PageOptions & { readonly symbol?: string }) => Promise<Page<{ readonly id: string }>>;

const INSTANT = '2024-01-20T00:00:00';

/** The paged tables: how they are read, and a row at an instant as plain SQL writes it. */
const TABLES: readonly (readonly [table: LedgerTable, time: string, (store: Store) => readonly [Find, Find], Row])[] = [
  [
    'trading_ranges',
    'start_time',
    ({ tradingRanges: all }) => [(options) => all.find(options), (options) => all.latest(options)],
    { end_time: null },
  ],
  [
    'patterns',
    'pattern_bar_timestamp',
    ({ patterns: all }) => [(options) => all.find(options), (options) => all.latest(options)],
    { trading_range_id: null, metadata: '{}', pattern_type: 'PS', phase: 'A' },
  ],
  [
    'signals',
    'generated_at',
    ({ signals: all }) => [(options) => all.find(options), (options) => all.latest(options)],
    { pattern_id: null, campaign_id: null },
  ],
];

async function walk(find: Find, limit: number, between: () => Promise<unknown> = async () => {}): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await find({ limit, cursor });
    pages.push(page.rows.map(({ id }) => id));
    cursor = page.next ?? undefined;
    if (cursor !== undefined) await between();
  } while (cursor !== undefined);
  return pages;
}

async function fill(raw: pg.Client, [table, time, , sound]: (typeof TABLES)[number]): Promise<string[]> {
  const instants = [
    ...Array.from({ length: 11 }, () => `${INSTANT}Z`),
    ...[1, 2, 999, 1_000, 1_001].map((micros) => `${INSTANT}.${`${micros}`.padStart(6, '0')}Z`),
    '2024-01-19T23:59:59.999999Z',
    '1600-01-01T00:00:00Z',
    ...Array.from({ length: 4 }, () => `${INSTANT}.000500Z`),
  ];
  for (const instant of instants) await insertRow(raw, table, { ...sound, id: randomUUID(), [time]: instant });
  const { rows } = await raw.query(`SELECT id FROM ${table} ORDER BY ${time}, id`);
  return rows.map((row) => row.id as string);
}

test.each(TABLES)('%s: pages of any size have every row once, in order', async (...described) => {
  const { store, raw } = await open();
  const ids = await fill(raw, described);
  const [find, latest] = described[2](store);
  for (const limit of [1, 2, 3, 7, ids.length - 1, ids.length, 10_000]) {
    const forward = await walk(find, limit);
    expect(forward.flat()).toEqual(ids);
    expect(forward).toHaveLength(Math.ceil(ids.length / limit));
    expect((await walk(latest, limit)).reverse().flat()).toEqual(ids);
  }
  expect((await latest({ limit: 3 })).rows.map(({ id }) => id)).toEqual(ids.slice(-3));
  expect((await find({ symbol: 'NONE' })).rows).toEqual([]);
  expect(await find({ symbol: 'NONE' })).toEqual({ rows: [], next: null });
});

test.each(TABLES)('%s: rows that come between pages shift nothing', async (...described) => {
  const { store, raw } = await open();
  const ids = await fill(raw, described);
  const [table, time, repository, sound] = described;
  const instants = ['1600-01-01T00:00:00Z', `${INSTANT}Z`, `${INSTANT}.000500Z`, '2024-01-20T00:00:01Z'];
  for (const find of repository(store)) {
    const pages = await walk(find, 5, async () => {
      for (const instant of instants) await insertRow(raw, table, { ...sound, id: randomUUID(), [time]: instant });
    });
    const seen = pages.flat();
    expect(new Set(seen).size).toBe(seen.length);
    expect(ids.filter((id) => !seen.includes(id))).toEqual([]);
  }
});

test('a default page has 100 rows', async () => {
  const { store } = await open();
  await store.tradingRanges.createMany(Array.from({ length: 101 }, () => soundRange()));
  const page = await store.tradingRanges.find();
  expect(page.rows).toHaveLength(100);
  const last = await store.tradingRanges.find({ cursor: page.next! });
  expect([last.rows.length, last.next]).toEqual([1, null]);
});

test('limits and cursors that are none are refused', async () => {
  const { store, raw } = await open();
  await store.tradingRanges.createMany([soundRange(), soundRange()]);
  const { next } = await store.tradingRanges.find({ limit: 1 });
  const written = JSON.parse(Buffer.from(next!, 'base64url').toString()) as [string, string, string];
  const [table, time, id] = written;
  const tampered = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
  const finds: readonly (readonly [string, Find])[] = [
    ['trading_ranges', (options) => store.tradingRanges.find(options)],
    ['trading_ranges', (options) => store.tradingRanges.latest(options)],
    ['patterns', (options) => store.patterns.find(options)],
    ['patterns', (options) => store.patterns.tradable(options)],
    ['signals', (options) => store.signals.latest(options)],
  ];
  for (const [name, find] of finds) {
    for (const limit of [0, -1, 10_001, 1.5, Number.NaN, '5' as unknown as number])
      expect(await refusedFor(raw, () => find({ limit }))).toEqual([
        'LIMIT_INVALID limit: a page has 1 to 10,000 rows',
      ]);
    const refused = [
      ...['', 'x', 'null', '{}', '%%%', next!.slice(1), next!.slice(0, -4)],
      tampered(),
      tampered('audit_trail', time, id),
      tampered(name, time),
      tampered(name, 1, id),
      tampered(name, `${time}'; DROP TABLE patterns`, id),
      tampered(name, '2024-13-01 00:00:00+00', id),
      tampered(name, '2024-12-32 00:00:00+00', id),
      tampered(name, '2024-12-31 24:00:00+00', id),
      tampered(name, 'infinity', id),
      tampered(name, time, '-'.repeat(36)),
      tampered(name, time, 'a'.repeat(36)),
      ...(name === table ? [] : [next!]),
      5 as unknown as string,
      null as unknown as string,
      Object.create(null) as string,
    ];
    for (const cursor of refused)
      expect([cursor, await refusedFor(raw, () => find({ cursor }))]).toEqual([
        cursor,
        [`CURSOR_INVALID cursor: not a cursor of ${name}`],
      ]);
  }
});
