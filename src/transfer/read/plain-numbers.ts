import { literal } from '../duckdb.js';
import type { CsvText } from './csv-text.js';
import type { TextLayout } from './layouts/text-layout.js';

/** SQL for numbers that are not written as SQL would, where texts alone make plain decimals of them; see `plainNumber` for all others. */

/** 1.25M: with as many digits as a BIGINT has. */
export const SUFFIXED_VOLUME = String.raw`\d{1,6}(\.\d{1,60})?[KMBTkmbt]`;

const POWERS = { K: 3, M: 6, B: 9, T: 12 };

/** `1.25M` as 1250000.: the point moves, and nothing is multiplied. */
export function unsuffixed(text: string): string {
  const digits = `rtrim(${text}, 'KMBTkmbt')`;
  const [units, decimals] = [`split_part(${digits}, '.', 1)`, `split_part(${digits}, '.', 2)`];
  const cases = Object.entries(POWERS).map(
    ([letter, power]) =>
      `WHEN '${letter}' THEN ${units} || left(rpad(${decimals}, ${power}, '0'), ${power}) || '.' || substr(${decimals}, ${power + 1})`,
  );
  return `CASE upper(right(${text}, 1)) ${cases.join(' ')} ELSE ${text} END`;
}

/** Numbers in quotes that have the delimiter's sign in them, or separators of thousands. */
export interface QuotedNumbers {
  /** For the pattern of a field; empty where there are none. */
  readonly alternative: string;
  /** SQL for a line whose quoted numbers stand without quotes, with a point. */
  bare(text: string): string;
}

const NONE: QuotedNumbers = { alternative: '', bare: (text) => text };
const QUOTED_COMMA = /"\d[\d.,]*,\d/;
/** Up to this many groups of three digits. */
const GROUPS = 3;

/** Only where the first lines have some: it takes time. */
export function quotedNumbers({ firstLines }: CsvText, { decimal, delimiter, priceScale }: TextLayout): QuotedNumbers {
  if (priceScale > 0 || !firstLines.some(({ text }) => QUOTED_COMMA.test(text))) return NONE;
  if (decimal === ',') {
    if (delimiter !== ',') return NONE;
    const bare = (text: string) => `regexp_replace(${text}, '"(\\d+),(\\d+)"', '\\1.\\2', 'g')`;
    return { alternative: String.raw`|"\d{1,10},\d{1,8}"`, bare };
  }
  const shapes = Array.from({ length: GROUPS }, (_, more) => ({
    pattern: String.raw`"([1-9]\d{0,2})${String.raw`,(\d{3})`.repeat(more + 1)}(\.\d+)?"`,
    digits: Array.from({ length: more + 3 }, (_, group) => `\\${group + 1}`).join(''),
  }));
  return {
    alternative: String.raw`|"[1-9]\d{0,2}(,\d{3}){1,${GROUPS}}(\.\d{1,8})?"`,
    bare: (text) =>
      shapes.reduce(
        (sql, { pattern, digits }) => `regexp_replace(${sql}, ${literal(pattern)}, '${digits}', 'g')`,
        text,
      ),
  };
}
