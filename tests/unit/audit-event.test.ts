import { describe, expect, it, test } from 'vitest';
import { AUDIT_METADATA, ENTITY_TYPES, EVENT_TYPES } from '../../src/domain/audit-event.js';
import { Decimal } from '../../src/domain/decimal.js';
import { type Json, toJson } from '../../src/domain/json.js';
import { JsonSchemas, schemaVersionOf } from '../../src/domain/json-schemas.js';
import { reading } from './reading.js';
import { events } from './sample-seeds.js';

const SCHEMAS = new JsonSchemas(AUDIT_METADATA);
const decode = (type: string, metadata: unknown) =>
  reading((report) =>
    SCHEMAS.decode('audit_metadata', type, schemaVersionOf(metadata), metadata as Json, 'metadata', report),
  );
const read = (type: string, metadata: unknown) =>
  reading((report) => SCHEMAS.read('audit_metadata', type, schemaVersionOf(metadata), metadata, 'metadata', report));

/** The columns of each table that the schema has as NUMERIC. */
const NUMERIC = new Set(
  [
    'creek_level ice_level jump_target cause_factor range_width entry_price stop_loss invalidation_level volume_ratio spread_ratio',
    'target_1 target_2 position_size risk_amount r_multiple campaign_allocation total_allocation current_risk average_entry',
    'precision recall win_rate average_r_multiple max_drawdown price size allocation_pct exit_price',
  ].flatMap((line) => line.split(' ')),
);
const INSTANTS_OF_ENTRIES = new Set(['timestamp', 'closed_at']);

/** What a snapshot should be read as, told from the names alone. */
function expected(snapshot: Record<string, unknown>, instants = new Set<string>()): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(snapshot).map(([name, value]) => {
      if (name === 'entries') return [name, (value as []).map((entry) => expected(entry, INSTANTS_OF_ENTRIES))];
      if (instants.has(name)) return [name, new Date(value as string)];
      return [name, NUMERIC.has(name) && value !== null ? new Decimal(value as string) : value];
    }),
  );
}

describe('event types', () => {
  test.each(ENTITY_TYPES)('of %s begin with its name', (entityType) => {
    const prefix = entityType === 'BAR_SERIES' ? 'BARS_' : `${entityType}_`;
    for (const type of EVENT_TYPES[entityType]) {
      expect(type.startsWith(prefix)).toBe(true);
      expect(type.length).toBeLessThanOrEqual(50);
    }
  });

  it('are these', () => {
    const verbs = Object.entries(EVENT_TYPES).map(([entity, types]) => `${entity} ${types.length}`);
    expect(verbs).toEqual([
      'TRADING_RANGE 5',
      'PATTERN 3',
      'SIGNAL 8',
      'CAMPAIGN 6',
      'BACKTEST_RESULT 1',
      'BAR_SERIES 4',
      'TIME_SERIES 4',
      'CUTOVER 10',
    ]);
    expect(new Set(Object.values(EVENT_TYPES).flat()).size).toBe(41);
  });

  it('of the ledger each have a schema', () => {
    const { BAR_SERIES: _bars, TIME_SERIES: _series, CUTOVER: _cutover, ...ledger } = EVENT_TYPES;
    expect(AUDIT_METADATA.map(({ type }) => type)).toEqual(Object.values(ledger).flat());
    expect(AUDIT_METADATA.every(({ kind, version }) => kind === 'audit_metadata' && version === 1)).toBe(true);
  });
});

describe('metadata', () => {
  it.each(events)('of the sample: $event_type at $timestamp', (event) => {
    const known: readonly string[] = EVENT_TYPES[event.entity_type as keyof typeof EVENT_TYPES];
    expect(known).toContain(event.event_type);
    const metadata = event.metadata as Record<string, Record<string, unknown>>;
    const { value, problems } = decode(event.event_type, metadata);
    expect(problems).toEqual([]);
    const snapshots = Object.entries(metadata).map(([when, snapshot]) => [when, expected(snapshot)]);
    expect(value).toEqual(Object.fromEntries(snapshots));
    expect(read(event.event_type, value)).toMatchObject({ value, problems: [] });
  });

  it('keeps what is no column, before and after, as it stands', () => {
    const metadata = { after: { metadata: { price: '1.50' }, x: 1 }, warnings: ['thin'], schema_version: 1 };
    expect(decode('PATTERN_DETECTED', metadata).value).toEqual(metadata);
    expect(decode('PATTERN_DETECTED', {}).value).toEqual({});
  });

  it('takes Decimals and writes them as text', () => {
    const { value } = read('SIGNAL_FILLED', { after: { position_size: new Decimal('1.50'), status: 'FILLED' } });
    expect(value).toEqual({ after: { position_size: new Decimal('1.5'), status: 'FILLED' } });
    expect(toJson(value)).toEqual({ after: { position_size: '1.5', status: 'FILLED' } });
  });

  it('leaves an entry of a later version alone', () => {
    const metadata = { after: { entries: [{ schema_version: 2, price: '1.50' }], average_entry: null } };
    expect(decode('CAMPAIGN_ENTRY_ADDED', metadata)).toMatchObject({ value: metadata, problems: [] });
  });

  it.each<[string, string, unknown, string, string]>([
    [
      'a decimal that is none',
      'TRADING_RANGE_UPDATED',
      { before: { ice_level: 'x' } },
      'metadata.before.ice_level',
      'DECIMAL_INVALID',
    ],
    ['a float', 'SIGNAL_GENERATED', { after: { r_multiple: 3.5 } }, 'metadata.after.r_multiple', 'DECIMAL_IS_FLOAT'],
    [
      'an entry that is none',
      'CAMPAIGN_ENTRY_CLOSED',
      { after: { entries: [{ price: '1' }] } },
      'metadata.after.entries.0',
      'JSON_SHAPE',
    ],
    ['entries that are no list', 'CAMPAIGN_OPENED', { after: { entries: {} } }, 'metadata.after.entries', 'JSON_SHAPE'],
    ['a snapshot that is none', 'PATTERN_REJECTED', { after: 'gone' }, 'metadata.after', 'JSON_SHAPE'],
    ['a list', 'PATTERN_REJECTED', [], 'metadata', 'JSON_SHAPE'],
  ])('with %s is refused', (_, type, metadata, path, code) => {
    expect(decode(type, metadata).problems).toMatchObject([{ path, code }]);
    expect(read(type, metadata).problems).toMatchObject([{ path, code }]);
  });

  it('of market data, and of events that only a newer version knows, is any object', () => {
    for (const type of ['BARS_IMPORTED', 'CUTOVER_DONE']) {
      const metadata = { deleted: 3, price: '1.50' };
      expect(read(type, metadata)).toMatchObject({ value: metadata, problems: [] });
      expect(decode(type, metadata).value).toEqual(metadata);
    }
  });
});
