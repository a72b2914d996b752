import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBarValues } from '../../src/domain/bar.js';
import { BarBlock } from '../../src/domain/bar-block.js';
import { InvalidInputError } from '../../src/errors.js';
import type { BarFileOptions } from '../../src/transfer/read/bar-file.js';
import type { LayoutDescription } from '../../src/transfer/read/layouts/description.js';
import { openBarFile } from '../../src/transfer/read/open-file.js';
import { type Rounding, roundPrice, roundVolume } from '../../src/transfer/read/rounding.js';
import { plainNumber } from '../../src/transfer/read/written-number.js';
import { readWrittenTime } from '../../src/transfer/read/written-time.js';
import { blocksOf, file, HEADER, useCsvDirectory } from './csv-files.js';

useCsvDirectory();

describe('SQL and the rules of the domain', () => {
  const digits = fc.stringMatching(/^\d{1,11}$/);
  const decimals = fc.stringMatching(/^\d{1,10}$/);
  const number = fc.oneof(
    digits,
    fc.tuple(digits, decimals).map(([whole, part]) => `${whole}.${part}`),
    fc.constantFrom(
      '10',
      '12',
      '9',
      '11',
      '10.50',
      '.5',
      '5.',
      '+1',
      '-1',
      '1e1',
      '1E-8',
      '1e-9',
      ' 10 ',
      '"10"',
      '',
      'NaN',
      '0',
      '1,5',
      '0x10',
      '10.10000000000000',
      '100000000.000000010',
      '٣',
    ),
  );
  const date = fc.date({ min: new Date('2030-01-01'), max: new Date('2030-05-01'), noInvalidDate: true });
  const day = (write: (iso: string) => string) => date.map((at) => write(at.toISOString().slice(0, 10)));
  const epoch = (digits: string) => day((iso) => `${Date.parse(iso) / 1000}${digits}`);
  /** The first of each decides which times are plain; the others stand or fall one by one. */
  const times = {
    iso: [
      '1600-01-01',
      day((iso) => iso),
      fc.constantFrom(
        ...['2024-01-02 00:00', '2024-01-02T00:00:00Z', '2024-01-03 00:00:00+05:00', '1/4/2024', '01/05/2024 0:00'],
        ...['2024-01-06 24:00', '2024-02-30', '2024-1-7', '2024-01-08T00:00:00.000', '2024-01-09 00:00:01'],
        ...['2024-01-10T00:00-0800', '1599-12-31', '1/11/2024 12:00 AM', 'Jan 12, 2024', '13.1.2024', '1705190400'],
      ),
    ],
    compact: [
      '16000101',
      day((iso) => iso.replaceAll('-', '')),
      fc.constantFrom(
        ...['20240102', '20240103 00:00', '20240104 000000', '20240105 00:00:00', '20240106 00:00:01', '20240230'],
        ...['2024-01-07', '20240108 240000', '20240109 00', '20240110 00:00:00.000', '20240111T000000', '15991231'],
      ),
    ],
    dotted: [
      '1600.01.01',
      day((iso) => iso.replaceAll('-', '.')),
      fc.constantFrom('2024.01.02', '2024.01.03 00:00', '2024.1.4', '2024.02.30', '2024.01.05 00:00:01', '6.1.2024'),
    ],
    epoch: [
      '946684800',
      fc.oneof(epoch(''), epoch('000'), epoch('000000'), epoch('000000000')),
      fc.constantFrom(
        ...['1704153601', '1704240000001', '1704326400000001', '1704412800000000001', '1704412800000000000'],
        ...['86400', '-86400', '-1325635200', '17044992000', '1704585600.0', '2024-01-08', '99999999999999'],
      ),
    ],
  } as const;
  /** Prices between 9 and 12, volumes that are whole or nearly so: each row stands or falls by one value. */
  const near = fc.constantFrom(
    '10',
    '10.000000001',
    '10.123456789',
    '11.99999999',
    '12.00000001',
    '8.99999999',
    '1.05E1',
  );
  const volume = fc.oneof(
    number,
    fc.constantFrom(
      ...[
        '100.000000001',
        '100.00000000',
        '100.00000001',
        '999999999999999999',
        '100.4999999999999',
        '100.5',
        '0.0005',
      ],
      ...['0.000000005', '0.0000000049999999999', '92233720368547758.07', '9999999999.99'],
    ),
  );
  const whole = fc.oneof(
    fc.stringMatching(/^\d{1,19}$/),
    fc.constantFrom('100000', '119999', '90000', '1000000000', '105e3', '1.5'),
  );
  const comma = (cell: fc.Arbitrary<string>) => cell.map((text) => text.replace('.', ','));

  interface Way {
    readonly kind: keyof typeof times;
    readonly options: BarFileOptions;
    readonly map?: Partial<LayoutDescription>;
    /** What is written for a price near 10, and for any value. */
    readonly price?: (cell: fc.Arbitrary<string>) => fc.Arbitrary<string>;
    readonly bounds?: readonly [low: string, high: string];
  }

  it.each<[string, Way]>([
    ['ISO and slashed dates', { kind: 'iso', options: {} }],
    ['compact dates, volumes with 3 decimals', { kind: 'compact', options: { volumeScale: 3 } }],
    ['dates with dots, prices rounded', { kind: 'dotted', options: { round: true } }],
    ['times since the epoch, all rounded', { kind: 'epoch', options: { round: true, volume: 'round' } }],
    ['volumes rounded to 8 decimals', { kind: 'iso', options: { volume: 'round', volumeScale: 8 } }],
    [
      'a decimal comma',
      { kind: 'iso', options: { volume: 'round' }, map: { delimiter: ';', decimal: ',' }, price: comma },
    ],
    [
      'integers x 10^4',
      { kind: 'compact', options: {}, map: { integerPrices: 4 }, price: () => whole, bounds: ['90000', '120000'] },
    ],
    [
      'integers x 10^9, rounded',
      {
        kind: 'epoch',
        options: { round: true },
        map: { integerPrices: 9 },
        price: () => whole,
        bounds: ['5', '12000000000'],
      },
    ],
    [
      'integers x 10^9',
      { kind: 'epoch', options: {}, map: { integerPrices: 9 }, price: () => whole, bounds: ['10', '12000000000'] },
    ],
  ])('take the same rows, to the last digit: %s', async (_, { kind, options, map, price, bounds = ['9', '12'] }) => {
    const [first, ...written] = times[kind];
    const time = fc.oneof(...(written as fc.Arbitrary<string>[]));
    const [low, high] = bounds;
    const cell = price?.(number) ?? number;
    const close = price?.(near) ?? near;
    const amount = map?.decimal === ',' ? comma(volume) : volume;
    const right = fc.tuple(time, close, fc.constant(high), fc.constant(low), close, amount);
    const sure = fc.tuple(
      time,
      fc.constant(high),
      fc.constant(high),
      fc.constant(low),
      fc.constant(low),
      fc.constant('7'),
    );
    const wild = fc.tuple(time, cell, cell, cell, cell, amount);
    const row = fc.oneof(
      { weight: 3, arbitrary: sure },
      { weight: 3, arbitrary: right },
      { weight: 1, arbitrary: wild },
    );
    const { round = false, volume: volumeMode = 'exact', volumeScale = 0 } = options;
    const rounding: Rounding = { round, volume: volumeMode };
    const decimal = map?.decimal ?? '.';
    const delimiter = map?.delimiter ?? ',';
    const names = { timestamp: 'Date', open: 'Open', high: 'High', low: 'Low', close: 'Close', volume: 'Volume' };
    const plain = (text: string) => plainNumber(text.replace(/^"(.*)"$/, '$1'), { decimal });
    const priced = (text: string) =>
      roundPrice(
        map?.integerPrices ? (/^\d+$/.test(text) ? `${text}e-${map.integerPrices}` : '?') : plain(text),
        rounding,
      ).text;
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 40, maxLength: 80 }), async (drawn) => {
        const days = new Set<unknown>();
        const rows = [[first, low, high, low, high, '1'], ...drawn].filter(([at]) => {
          // Each instant once, so that duplicates do not come into it.
          const instant = readWrittenTime(at!, 'timestamp', () => {})?.local ?? at;
          return !days.has(instant) && days.add(instant);
        }) as (typeof drawn)[number][];
        const expected = new BarBlock();
        const wrong = new Set<number>();
        rows.forEach(([at, open, high, low, close, volume], index) => {
          const broken = [at, open, high, low, close, volume].some((text) => text.includes(delimiter));
          const time = readWrittenTime(at, 'timestamp', () => {});
          const values = {
            ...{ open: priced(open), high: priced(high), low: priced(low), close: priced(close) },
            volume: roundVolume(plain(volume), volumeScale as number, rounding).text,
          };
          const rules = { timeframe: '1d', volumeScale: volumeScale as number } as const;
          const bar = !broken && time && readBarValues({ timestamp: new Date(time.local), ...values }, rules, () => {});
          if (bar) expected.push(bar, index + 2);
          else wrong.add(index + 2);
        });
        const content = [HEADER.split(','), ...rows].map((cells) => cells.join(delimiter)).join('\n');
        const opened = await openBarFile(await file(content), {
          ...{ timeframe: '1d', ...options },
          ...(map && { map: { layout: 'map', columns: names, ...map } }),
        }).catch((error: unknown) => error);
        if (opened instanceof InvalidInputError && opened.code === 'TIMEFRAME_MISMATCH') return;
        if (opened instanceof Error) throw opened;
        compared += expected.length;
        const result = opened as Awaited<ReturnType<typeof openBarFile>>;
        const order = expected.timeOrder();
        let position = 0;
        for await (const block of blocksOf(result)) {
          for (let index = 0; index < block.length; index += 1, position += 1) {
            expect(block.origin[index]).toBe(expected.origin[order[position]!]);
            expect(block.timestamp[index]).toBe(expected.timestamp[order[position]!]);
            expect(block.sameValues(index, expected, order[position]!)).toBe(true);
          }
        }
        await result.close();
        expect(position).toBe(expected.length);
        expect(new Set(result.problems.map(({ line }) => line))).toEqual(wrong);
      }),
      { numRuns: 8, endOnFailure: true },
    );
    expect(compared).toBeGreaterThan(60);
  });
});
