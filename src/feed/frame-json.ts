import { z } from 'zod';
import { IMBALANCE_SECONDS } from '../domain/book-imbalance.js';
import { type Decimal, readDecimal } from '../domain/decimal.js';
import { type Json, readJson } from '../domain/json.js';
import { formatMicroseconds } from '../domain/microseconds.js';
import { instantSchema, microsecondSchema, schemaOf, symbolSchema, timeframeSchema } from '../domain/schemas.js';
import { TIMEFRAMES, type Timeframe } from '../domain/timeframe.js';
import { InvalidInputError } from '../errors.js';
import type { MarketFrame } from './market-frame.js';

/** Raised when the shape changes; older ones stay readable. */
const VERSION = 1;

/**
 * The frame as JSON that {@link parseFrame} reads back with the same values. Decimals are strings, instants ISO 8601 in UTC with `Z` (those of books
 * with six decimals of a second), and `version` says which shape it is.
 */
export function serializeFrame(frame: MarketFrame): string {
  // A bigint of a frame is always an instant.
  const write = (_: string, value: unknown) => (typeof value === 'bigint' ? formatMicroseconds(value) : value);
  return JSON.stringify({ version: VERSION, ...frame }, write);
}

/** Stored values may have any sign and, sums of sizes, more digits than what they are made of; text alone is exact. */
const decimal: z.ZodType<Decimal> = schemaOf((value, path, report) => {
  if (typeof value === 'string') return readDecimal(value, path, report);
  report({ code: 'DECIMAL_INVALID', path, value, rule: 'a decimal is a string' });
  return undefined;
});
const json: z.ZodType<Json> = schemaOf(readJson);
const count = z.int().nonnegative();

const values = {
  symbol: symbolSchema,
  timeframe: timeframeSchema,
  timestamp: instantSchema,
  open: decimal,
  high: decimal,
  low: decimal,
  close: decimal,
  volume: decimal,
  spread: decimal,
  spreadRatio: decimal,
  volumeRatio: decimal,
  vwap: decimal.nullable(),
};
const bar = z.strictObject({ ...values, source: z.string().nullable(), createdAt: instantSchema });
const resampledBar = z.strictObject({ ...values, sourceBars: count });

const timeframes = z.discriminatedUnion('source', [
  z.strictObject({
    timeframe: timeframeSchema,
    source: z.literal('stored'),
    from: timeframeSchema,
    bars: z.array(bar),
  }),
  z.strictObject({
    timeframe: timeframeSchema,
    source: z.literal('resampled'),
    from: timeframeSchema,
    bars: z.array(resampledBar),
  }),
  z.strictObject({
    timeframe: timeframeSchema,
    source: z.literal('none'),
    from: z.null(),
    bars: z.tuple([]),
  }),
]);

const levels = z.array(z.tuple([decimal, decimal]));
const orderBook = z.strictObject({
  symbol: symbolSchema,
  timestamp: microsecondSchema,
  bids: levels,
  asks: levels,
  mid: decimal.nullable(),
  spread: decimal.nullable(),
  bidVolume: decimal,
  askVolume: decimal,
  imbalance: decimal.nullable(),
  createdAt: instantSchema,
});

const imbalance = z.strictObject({
  symbol: symbolSchema,
  seconds: z.literal(IMBALANCE_SECONDS),
  timestamp: instantSchema,
  imbalance: decimal.nullable(),
  snapshots: count,
});

const indicator = z.strictObject({
  symbol: symbolSchema,
  timeframe: timeframeSchema,
  name: z.string(),
  timestamp: instantSchema,
  value: json,
  createdAt: instantSchema,
});

const stretch = z.strictObject({
  from: instantSchema,
  to: instantSchema,
  timeframe: z.literal(TIMEFRAMES).nullable() satisfies z.ZodType<Timeframe | null>,
  bars: z.array(bar),
  orderBooks: z.array(orderBook),
});

const schema = z.strictObject({
  version: z.literal(VERSION),
  symbol: symbolSchema,
  at: instantSchema,
  knownAt: instantSchema.nullable(),
  timeframes: z.array(timeframes),
  orderBook: orderBook.nullable(),
  imbalances: z.array(imbalance),
  indicators: z.array(indicator),
  context: stretch.nullable(),
  lookAhead: stretch.nullable(),
});

/**
 * Reads what {@link serializeFrame} wrote.
 *
 * @throws InvalidInputError FRAME_INVALID naming everything that is not as it was written
 */
export function parseFrame(text: string): MarketFrame {
  const read = schema.safeParse(parseJson(text));
  if (!read.success) {
    const problems = read.error.issues.map(({ path, message, input }) => {
      return { code: 'FRAME_INVALID', path: path.join('.'), value: input, rule: message };
    });
    throw new InvalidInputError(problems, 'frame');
  }
  const { version: _, ...frame } = read.data;
  return frame;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const problem = { code: 'FRAME_INVALID', path: '', value: text, rule: 'not JSON' };
    throw new InvalidInputError([problem], 'frame');
  }
}
