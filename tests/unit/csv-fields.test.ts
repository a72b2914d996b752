import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitFields } from '../../src/transfer/read/csv-fields.js';

describe('splitFields', () => {
  it.each([
    ['a,b,c', ['a', 'b', 'c']],
    ['', ['']],
    [',', ['', '']],
    ['"a","b,c",d', ['a', 'b,c', 'd']],
    ['"say ""hi""",', ['say "hi"', '']],
    ['"",x', ['', 'x']],
  ])('reads %j', (line, fields) => {
    expect(splitFields(line, ',')).toEqual(fields);
  });

  it.each(['"a,b', 'a"b,c', '"a"b,c', '"a" ,b', '"""'])('rejects %j, whose quotes do not close', (line) => {
    expect(splitFields(line, ',')).toBeUndefined();
  });

  it('reads back whatever fields were written', () => {
    const field = fc.string({ unit: fc.constantFrom('a', ' ', '"', ',', ';', '1') });
    fc.assert(
      fc.property(fc.array(field, { minLength: 1 }), fc.array(fc.boolean()), (fields, quoted) => {
        const line = fields.map((text, index) =>
          quoted[index] || /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text,
        );
        expect(splitFields(line.join(','), ',')).toEqual(fields);
      }),
    );
  });
});
