import { z } from 'zod';
import type { Problem } from '../errors.js';
import { readMoney, readPrice, readRatio, readVolume } from './amount.js';
import { type Bar, type BarInput, type BarRules, readBarValues, readSource } from './bar.js';
import {
  type Decimal,
  type DecimalInput,
  fromScaled,
  LONGEST_DECIMAL,
  MONEY,
  PRICE,
  RATIO,
  readDecimal,
} from './decimal.js';
import { type MicrosecondInput, readMicroseconds } from './microseconds.js';
import type { Report } from './problem.js';
import type { SeriesInput, SeriesKey } from './series.js';
import { readSize, SIZE } from './size.js';
import { type MarketSymbol, readSymbol } from './symbol.js';
import { type InstantInput, readInstant } from './time.js';
import { readTimeframe, type Timeframe } from './timeframe.js';

/**
 * The readers of this package as zod schemas, for callers who compose their own. The rules are the readers': each problem becomes an issue
 * with code `custom`, the rule as its message and the whole {@link Problem} (code, value, hint) as its `params`.
 */

type Read<Output> = (value: unknown, path: string, report: Report) => Output | undefined;

/** A reader of this package as a zod schema. */
export function schemaOf<Input, Output>(read: Read<Output>): z.ZodType<Output, Input> {
  return z.custom<Input>().transform((value, context) => {
    const output = read(value, '', (problem) => context.addIssue(issueOf(problem)));
    return output === undefined ? z.NEVER : output;
  });
}

export function issueOf(problem: Problem) {
  const path = problem.path === '' ? [] : problem.path.split('.');
  return { code: 'custom' as const, path, message: problem.rule, params: { ...problem }, input: problem.value };
}

/** A decimal of which the reader makes an integer, given out as a Decimal again. */
function amountSchema(scale: number, read: Read<bigint>): z.ZodType<Decimal, DecimalInput> {
  return schemaOf((value, path, report) => {
    const scaled = read(value, path, report);
    return scaled === undefined ? undefined : fromScaled(scaled, scale);
  });
}

/** Finite, of at most 200 characters when it is written out: what it answers can be read again. */
export const decimalSchema: z.ZodType<Decimal, DecimalInput> = schemaOf((value, path, report) => {
  const decimal = readDecimal(value, path, report);
  if (decimal === undefined || writtenLength(decimal) <= LONGEST_DECIMAL) return decimal;
  const rule = `a decimal has at most ${LONGEST_DECIMAL} characters, written without an exponent`;
  report({ code: 'DECIMAL_TOO_LONG', path, value, rule });
  return undefined;
});
/** Above zero, at most 10 digits before the point and 8 after it. */
export const priceSchema: z.ZodType<Decimal, DecimalInput> = amountSchema(PRICE.scale, readPrice);
/** Above zero, at most 16 digits before the point and 8 after it. */
export const sizeSchema: z.ZodType<Decimal, DecimalInput> = amountSchema(SIZE.scale, readSize);
/** A price that may lie at or below zero, as oil's did at -37.63. */
export const signedPriceSchema: z.ZodType<Decimal, DecimalInput> = amountSchema(PRICE.scale, (value, path, report) =>
  readPrice(value, path, report, true),
);
/** >= 0, at most 6 digits before the point and 4 after it. */
export const ratioSchema: z.ZodType<Decimal, DecimalInput> = amountSchema(RATIO.scale, readRatio);
/** Of either sign, at most 10 digits before the point and 2 after it. */
export const moneySchema: z.ZodType<Decimal, DecimalInput> = amountSchema(MONEY.scale, readMoney);

/** At least: of an exponent with 16 digits, decimal.js would write every zero. */
function writtenLength(decimal: Decimal): number {
  const magnitude = Math.abs(decimal.e);
  return magnitude > LONGEST_DECIMAL ? magnitude : decimal.toFixed().length;
}

/** >= 0, a multiple of 10^-volumeScale; its units fit 64 bits. */
export function volumeSchema(volumeScale = 0): z.ZodType<Decimal, DecimalInput> {
  return amountSchema(volumeScale, (value, path, report) => readVolume(value, volumeScale, path, report));
}

/** Gives a Date, UTC. */
export const instantSchema: z.ZodType<Date, InstantInput> = schemaOf(readInstant);
/** The instant of a trade, a quote or a book: gives whole microseconds since the epoch, and refuses what is finer. */
export const microsecondSchema: z.ZodType<bigint, MicrosecondInput> = schemaOf((value, path, report) =>
  readMicroseconds(value, path, report),
);
export const timeframeSchema: z.ZodType<Timeframe, Timeframe> = schemaOf(readTimeframe);
/** Gives it trimmed and in upper case. */
export const symbolSchema: z.ZodType<MarketSymbol, string> = schemaOf(readSymbol);

/** Exactly `{ symbol, timeframe }`. */
export const seriesSchema: z.ZodType<SeriesKey, SeriesInput> = z.strictObject({
  symbol: symbolSchema,
  timeframe: timeframeSchema,
});

/** A bar that is right and normalised, ready to be written; itself a {@link BarInput}. */
export type NewBar = Omit<Bar, 'spread' | 'spreadRatio' | 'volumeRatio' | 'createdAt'>;

/** A whole bar of the series whose rules are given (whole volumes and prices above zero by default), with no field beside a bar's own. */
export function barInputSchema(rules: Partial<Omit<BarRules, 'timeframe'>> = {}): z.ZodType<NewBar, BarInput> {
  const { volumeScale = 0, allowNonPositive = false } = rules;
  const price = allowNonPositive ? signedPriceSchema : priceSchema;
  return z
    .strictObject({
      symbol: symbolSchema,
      timeframe: timeframeSchema,
      timestamp: instantSchema,
      open: price,
      high: price,
      low: price,
      close: price,
      volume: volumeSchema(volumeScale),
      vwap: price.nullable().default(null),
      source: schemaOf<string | null | undefined, string | null>(readSource).default(null),
    })
    .transform((bar, context) => {
      // What remains is what the fields say together: alignment, low <= open, close <= high.
      const { timeframe } = bar;
      readBarValues(bar, { timeframe, volumeScale, allowNonPositive }, (problem) => context.addIssue(issueOf(problem)));
      return bar;
    });
}
