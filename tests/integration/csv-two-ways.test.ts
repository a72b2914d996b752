import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBarValues } from '../../src/domain/bar.js';
import { BarBlock } from '../../src/domain/bar-block.js';
import { InvalidInputError } from '../../src/errors.js';
import { openBarFile } from '../../src/transfer/read/open-file.js';
import { readWrittenTime } from '../../src/transfer/read/written-time.js';
import { blocksOf, csv, file, useCsvDirectory } from './csv-files.js';

useCsvDirectory();

describe('the two ways in', () => {
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
  const time = fc.oneof(
    fc
      .date({ min: new Date('1590-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10)),
    fc.constantFrom(
      '2024-01-02 00:00',
      '2024-01-02T00:00:00Z',
      '2024-01-03 00:00:00+05:00',
      '1/4/2024',
      '01/05/2024 0:00',
      '2024-01-06 24:00',
      '2024-02-30',
      '2024-1-7',
      '2024-01-08T00:00:00.000',
      '2024-01-09 00:00:01',
      '2024-01-10T00:00-0800',
    ),
  );
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
    fc.constantFrom('100.000000001', '100.00000000', '100.00000001', '999999999999999999'),
  );
  const right = fc.tuple(time, near, fc.constant('12'), fc.constant('9'), fc.constant('11'), volume);
  const row = fc.oneof(right, fc.tuple(time, number, number, number, number, number));

  it('SQL and the rules of the domain take the same rows, to the last digit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 30, maxLength: 60 }), async (rows) => {
        // A day apart from each other in years of their own, so that neither spacing nor duplicates come into it.
        const unique = rows.filter(
          ([at], index) => rows.findIndex(([other]) => other.slice(0, 10) === at.slice(0, 10)) === index,
        );
        const expected = new BarBlock();
        const wrong = new Set<number>();
        unique.forEach(([at, open, high, low, close, volume], index) => {
          const bare = (text: string) => text.replace(/^"(.*)"$/, '$1');
          const broken = [open, high, low, close, volume].some((text) => text.includes(','));
          const written = readWrittenTime(at, 'timestamp', () => {});
          const values = {
            open: bare(open),
            high: bare(high),
            low: bare(low),
            close: bare(close),
            volume: bare(volume),
          };
          const bar =
            !broken &&
            written &&
            readBarValues(
              { timestamp: new Date(written.local), ...values },
              { timeframe: '1d', volumeScale: 0 },
              () => {},
            );
          if (bar) expected.push(bar, index + 2);
          else wrong.add(index + 2);
        });
        const opened = await openBarFile(await file(csv(...unique.map((cells) => cells.join(',')))), {
          timeframe: '1d',
        }).catch((error: unknown) => error);
        if (opened instanceof InvalidInputError) {
          expect(opened.code).toBe('TIMEFRAME_MISMATCH');
          return;
        }
        if (opened instanceof Error) throw opened;
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
      { numRuns: 40 },
    );
  });
});
