import { describe, expect, it } from 'vitest';
import {
  CAMPAIGN_ENTRY,
  type NewCampaignEntry,
  readEntry,
  readExit,
  readNewEntry,
} from '../../src/domain/campaign-entry.js';
import { Decimal } from '../../src/domain/decimal.js';
import { toJson } from '../../src/domain/json.js';
import { JsonSchemas } from '../../src/domain/json-schemas.js';
import { reading } from './reading.js';
import { campaigns } from './sample-seeds.js';

const POSITION = '00000000-0000-4000-8000-000000000011';
const SIGNAL = '00000000-0000-4000-8000-000000000012';
const SCHEMAS = new JsonSchemas([CAMPAIGN_ENTRY]);

const OPEN = {
  position_id: POSITION,
  signal_id: SIGNAL,
  pattern_type: 'SPRING',
  price: '165.70',
  size: '120',
  timestamp: '2024-05-23T15:59:00Z',
  stop_loss: '160.44',
  allocation_pct: '2.00',
  status: 'OPEN',
};
const CLOSED = { ...OPEN, status: 'CLOSED', closed_at: '2024-08-30T00:02:00Z', exit_price: '214.20' };

const { position_id: _, pattern_type: __, allocation_pct: ___, status: ____, ...BARE } = OPEN;
const NEW: NewCampaignEntry = BARE;

const entry = (document: unknown) => reading((report) => readEntry(document, SCHEMAS, report));
const added = (change: object) => reading((report) => readNewEntry({ ...NEW, ...change } as NewCampaignEntry, report));
const left = (input: unknown) => reading((report) => readExit(input as Parameters<typeof readExit>[0], report));

describe('an entry', () => {
  it('answers Decimals and Dates, which it accepts again', () => {
    const { value } = entry(CLOSED);
    expect(value!.price).toEqual(new Decimal('165.7'));
    expect(value!.closed_at).toEqual(new Date('2024-08-30T00:02:00Z'));
    expect(toJson(value)).toEqual({ ...CLOSED, price: '165.7', allocation_pct: '2', exit_price: '214.2' });
    expect(entry(toJson(value)).value).toEqual(value);
    expect(entry(value).value).toEqual(value);
  });

  it('keeps unknown keys and the version it carries', () => {
    const { value } = entry({ ...OPEN, schema_version: 1, broker: { order: '7' } });
    expect(value).toMatchObject({ schema_version: 1, broker: { order: '7' } });
    expect(value).not.toHaveProperty('closed_at');
  });

  it('of a version that nobody registered is refused, and one that is registered read by its own schema', () => {
    expect(entry({ ...OPEN, schema_version: 2 }).problems).toMatchObject([{ code: 'JSON_SCHEMA_UNKNOWN', value: 2 }]);
    const extended = SCHEMAS.with([{ ...CAMPAIGN_ENTRY, version: 2, schema: CAMPAIGN_ENTRY.schema }]);
    const { codes } = reading((report) => readEntry({ ...OPEN, schema_version: 2 }, extended, report));
    expect(codes).toEqual(['JSON_SHAPE']);
  });

  it.each(campaigns.flatMap((campaign) => campaign.entries))('of the sample at $price is right', (document) => {
    const { value, problems } = entry(document);
    expect(problems).toEqual([]);
    expect(value!.size.toFixed()).toBe(document.size);
    expect(value!.timestamp).toEqual(new Date(document.timestamp));
  });

  it.each<[string, object, string, string, string]>([
    ['position_id', { position_id: '7' }, 'ID_INVALID', 'position_id', 'not an id'],
    ['signal_id', { signal_id: null }, 'ID_INVALID', 'signal_id', 'not an id'],
    ['pattern_type', { pattern_type: 'spring' }, 'CHOICE_UNKNOWN', 'pattern_type', 'a pattern type is one of '],
    ['a price of zero', { price: '0' }, 'PRICE_NOT_POSITIVE', 'price', 'a price is above zero'],
    ['a float', { price: 165.7 }, 'DECIMAL_IS_FLOAT', 'price', 'a decimal is not taken from a floating-point number'],
    ['NaN', { price: Number.NaN }, 'JSON_INVALID', 'price', 'JSON has no such number'],
    ['1e400', { price: '1e400' }, 'PRICE_TOO_LARGE', 'price', 'a price has at most 10 digits before the point'],
    ['a size of zero', { size: '0' }, 'SIZE_NOT_POSITIVE', 'size', 'a size is above zero'],
    ['a negative size', { size: '-1' }, 'SIZE_NOT_POSITIVE', 'size', 'a size is above zero'],
    ['a fine size', { size: '0.000000001' }, 'SIZE_TOO_PRECISE', 'size', 'a size has at most 8 decimals'],
    [
      'a large size',
      { size: '10000000000' },
      'SIZE_TOO_LARGE',
      'size',
      'a size has at most 10 digits before the point',
    ],
    ['timestamp', { timestamp: 'noon' }, 'INSTANT_INVALID', 'timestamp', 'not an instant'],
    ['stop_loss', { stop_loss: '-1' }, 'PRICE_NOT_POSITIVE', 'stop_loss', 'a price is above zero'],
    [
      'a negative allocation',
      { allocation_pct: '-0.01' },
      'ALLOCATION_OUT_OF_RANGE',
      'allocation_pct',
      'an allocation is from 0 to 5.00 per cent',
    ],
    [
      'an allocation over 5',
      { allocation_pct: '5.0001' },
      'ALLOCATION_OUT_OF_RANGE',
      'allocation_pct',
      'an allocation is from 0 to 5.00 per cent',
    ],
    [
      'a fine allocation',
      { allocation_pct: '0.00001' },
      'PERCENTAGE_TOO_PRECISE',
      'allocation_pct',
      'a percentage has at most 4 decimals',
    ],
    ['a status', { status: 'FILLED' }, 'CHOICE_UNKNOWN', 'status', 'a status is one of OPEN, CLOSED'],
    [
      'closed_at of an OPEN one',
      { closed_at: CLOSED.closed_at },
      'ENTRY_NOT_CLOSED',
      'closed_at',
      'an OPEN entry has no closed_at',
    ],
    [
      'exit_price of an OPEN one',
      { exit_price: '1' },
      'ENTRY_NOT_CLOSED',
      'exit_price',
      'an OPEN entry has no exit_price',
    ],
    [
      'no closed_at',
      { ...CLOSED, closed_at: undefined },
      'ENTRY_EXIT_MISSING',
      'closed_at',
      'a CLOSED entry has closed_at',
    ],
    [
      'no exit_price',
      { ...CLOSED, exit_price: undefined },
      'ENTRY_EXIT_MISSING',
      'exit_price',
      'a CLOSED entry has exit_price',
    ],
    [
      'an early exit',
      { ...CLOSED, closed_at: '2024-05-23T15:58:59.999Z' },
      'EXIT_BEFORE_ENTRY',
      'closed_at',
      'a position is not left before its entry',
    ],
    ['schema_version', { schema_version: '1' }, 'JSON_SHAPE', 'schema_version', 'Invalid input: expected 1'],
  ])('%s', (_, change, code, path, rule) => {
    expect(entry({ ...OPEN, ...change }).problems).toMatchObject([{ code, path, rule: expect.stringContaining(rule) }]);
  });

  it('may be left at the instant of its fill', () => {
    expect(entry({ ...CLOSED, closed_at: CLOSED.timestamp }).codes).toEqual([]);
  });

  it('reports every field that is missing, and what is no entry', () => {
    expect(entry({}).problems.map(({ path }) => path)).toEqual(Object.keys(OPEN));
    expect(entry(7).codes).toEqual(['JSON_SHAPE']);
    expect(entry(undefined).codes).toEqual(['JSON_INVALID']);
  });
});

describe('a new entry', () => {
  it('is OPEN, with a position of its own, and waits for its signal', () => {
    const { value } = added({
      price: new Decimal('165.70'),
      size: 120n,
      timestamp: new Date(OPEN.timestamp),
      note: 'x',
    });
    expect(value!.position_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(toJson({ ...value, position_id: POSITION })).toEqual({
      ...NEW,
      price: '165.7',
      position_id: POSITION,
      status: 'OPEN',
      note: 'x',
    });
    expect(added({}).value!.position_id).not.toBe(added({}).value!.position_id);
  });

  it('may say what follows from its signal, and its position', () => {
    const { value } = added(OPEN);
    expect([value!.position_id, value!.pattern_type, value!.allocation_pct?.toFixed()]).toEqual([
      POSITION,
      'SPRING',
      '2',
    ]);
  });

  it.each<[string, object, string, string, string]>([
    ['position_id', { position_id: null }, 'ID_INVALID', 'position_id', 'not an id'],
    ['no signal', { signal_id: undefined }, 'ID_INVALID', 'signal_id', 'not an id'],
    ['pattern_type', { pattern_type: 'X' }, 'CHOICE_UNKNOWN', 'pattern_type', 'a pattern type is one of '],
    ['price', { price: '1.123456789' }, 'PRICE_TOO_PRECISE', 'price', 'a price has at most 8 decimals'],
    ['size', { size: 0 }, 'SIZE_NOT_POSITIVE', 'size', 'a size is above zero'],
    ['timestamp', { timestamp: new Date(Number.NaN) }, 'JSON_INVALID', 'timestamp', 'not an instant'],
    ['stop_loss', { stop_loss: undefined }, 'DECIMAL_INVALID', 'stop_loss', 'not a decimal number'],
    [
      'allocation_pct',
      { allocation_pct: '5.01' },
      'ALLOCATION_OUT_OF_RANGE',
      'allocation_pct',
      'an allocation is from 0 to 5.00 per cent',
    ],
    ['CLOSED', { status: 'CLOSED' }, 'CHOICE_UNKNOWN', 'status', 'the status of a new entry is one of OPEN'],
    ['closed_at', { closed_at: OPEN.timestamp }, 'ENTRY_NOT_CLOSED', 'closed_at', 'an OPEN entry has no closed_at'],
    ['exit_price', { exit_price: '1' }, 'ENTRY_NOT_CLOSED', 'exit_price', 'an OPEN entry has no exit_price'],
    ['a function', { note: () => 1 }, 'JSON_INVALID', 'note', 'JSON has no function'],
  ])('%s', (_, change, code, path, rule) => {
    expect(added(change).problems).toMatchObject([{ code, path, rule: expect.stringContaining(rule) }]);
  });

  it('is an object', () => {
    expect(reading((report) => readNewEntry(null as unknown as NewCampaignEntry, report)).codes).toEqual([
      'JSON_SHAPE',
    ]);
  });
});

describe('an exit', () => {
  it('is a price and an instant', () => {
    const { value } = left({ exit_price: '214.20', closed_at: '2024-08-30T02:02:00+02:00' });
    expect(value).toEqual({ exit_price: new Decimal('214.2'), closed_at: new Date('2024-08-30T00:02:00Z') });
  });

  it.each<[string, unknown, string[]]>([
    ['no price', { closed_at: '2024-08-30' }, ['exit_price DECIMAL_INVALID']],
    ['no instant', { exit_price: '1' }, ['closed_at INSTANT_INVALID']],
    ['a price of zero', { exit_price: '0', closed_at: '2024-08-30' }, ['exit_price PRICE_NOT_POSITIVE']],
    ['more than that', { exit_price: '1', closed_at: '2024-08-30', price: '2' }, [' JSON_SHAPE']],
    ['nothing', undefined, [' JSON_INVALID']],
  ])('%s is refused', (_, input, expected) => {
    expect(left(input).problems.map(({ path, code }) => `${path} ${code}`)).toEqual(expected);
  });
});
