import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BinaryRowReader } from '../../src/database/copy-reader.js';
import { BinaryRowWriter } from '../../src/database/copy-writer.js';

test('what the writer of a binary COPY writes the reader reads, however the bytes are cut', () => {
  const amount = fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n });
  const row = fc.record({
    at: fc.bigInt({ min: -(10n ** 16n), max: 10n ** 17n }),
    amounts: fc.array(amount, { maxLength: 40 }),
    size: fc.option(fc.bigInt({ min: 0n, max: 10n ** 24n - 1n }), { nil: null }),
    json: fc.json(),
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), fc.integer({ min: 1, max: 200 }), (rows, step) => {
      const writer = new BinaryRowWriter(16);
      writer.header();
      for (const { at, amounts, size, json } of rows) {
        writer.beginRow(4);
        writer.microseconds(at);
        writer.scaledArray(amounts, 8);
        writer.scaled(size, 8);
        writer.jsonb(json);
      }
      writer.trailer();
      const bytes = writer.take();
      const reader = new BinaryRowReader();
      const found: unknown[] = [];
      for (let start = 0; start < bytes.length; start += step) {
        reader.push(bytes.subarray(start, start + step), (fields) => {
          const at = fields.microseconds();
          const amounts = fields.scaledArray(8);
          const size = fields.takeNull() ? null : fields.scaled(8, 0n);
          found.push({ at, amounts, size, json: fields.jsonb() });
        });
      }
      expect(found).toEqual(rows);
    }),
  );
});
