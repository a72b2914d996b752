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

test('64-bit integers go straight into their columns: of any size and sign, and nothing where there is NULL', () => {
  const price = fc.oneof(
    fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n }),
    fc.constantFrom(...[31n, 32n, 33n, 53n].flatMap((bits) => [2n ** bits - 1n, -(2n ** bits), 2n ** bits + 1n])),
  );
  const row = fc.record({
    at: fc.oneof(
      fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }),
      fc.bigInt({ min: -(10n ** 16n), max: -(8n * 10n ** 15n) }),
    ),
    price: fc.option(price, { nil: null }),
    volume: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), (rows) => {
      const writer = new BinaryRowWriter(16);
      writer.header();
      for (const { at, price, volume } of rows) {
        writer.beginRow(3);
        writer.microseconds(at);
        writer.scaled(price, 8);
        writer.int8(volume);
      }
      writer.trailer();
      const columns = Array.from({ length: 3 }, () => new BigInt64Array(rows.length));
      const [at, prices, volumes] = columns.map(({ buffer }) => new Int32Array(buffer));
      const there: boolean[] = [];
      new BinaryRowReader().push(writer.take(), (fields) => {
        const place = there.length;
        fields.microsecondsTo(at!, place);
        there.push(fields.scaledTo(8, prices!, place));
        fields.int8To(volumes!, place);
      });
      const found = there.map((is, place) => {
        const [instant, price, volume] = columns.map((column) => column[place]);
        return { at: instant, price: is ? price : null, volume };
      });
      expect(found).toEqual(rows);
      for (const [place, is] of there.entries()) if (!is) expect(columns[1]![place]).toBe(0n);
    }),
  );
});
