import { z } from 'zod';
import { InvalidInputError, type Problem } from '../../../errors.js';
import { decimalText, levels } from './decimal-text.js';

/**
 * The messages of Binance's market streams, spot and futures: trade, bookTicker, partial and diff depth, and the REST snapshot of the depth, which
 * recordings have among them. Spot leaves out `pu`, the time of a bookTicker, and of a partial depth also the symbol.
 * https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
 * https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
 */
export type BinanceMessage = Trade | BookTicker | DepthDiff | PartialDepth | Snapshot | Ignored;

interface OfSymbol {
  readonly symbol: string;
}

interface Timed extends OfSymbol {
  /** Microseconds since the epoch; of the matching engine, else of the event. */
  readonly timestamp: bigint;
}

/** Spot leaves the time out. */
interface PerhapsTimed extends OfSymbol {
  readonly timestamp: bigint | undefined;
}

export interface Trade extends Timed {
  readonly kind: 'trade';
  readonly id: number;
  readonly price: string;
  readonly size: string;
  readonly side: 'buy' | 'sell';
  /** Not of the order book: of the insurance fund, of auto-deleveraging, without a size. */
  readonly offBook: boolean;
}

export interface BookTicker extends PerhapsTimed {
  readonly kind: 'bookTicker';
  readonly updateId: number;
  readonly bidPrice: string;
  readonly bidSize: string;
  readonly askPrice: string;
  readonly askSize: string;
}

type Levels = z.infer<typeof levels>;

interface Depth {
  readonly bids: Levels;
  readonly asks: Levels;
}

/** Levels that changed from update `first` to update `last`. */
export interface DepthDiff extends Timed, Depth {
  readonly kind: 'diff';
  readonly first: number;
  readonly last: number;
  /** The `last` of the message before it; undefined for spot, where the numbers have no gaps. */
  readonly previous: number | undefined;
}

/** The best levels, all of them. */
interface PartialDepth extends PerhapsTimed, Depth {
  readonly kind: 'partial';
}

/** The whole book, for diffs to be applied to. */
export interface Snapshot extends Depth {
  readonly kind: 'snapshot';
  readonly lastUpdateId: number;
}

/** Something else: another stream, the answer to a subscription. */
interface Ignored {
  readonly kind: 'ignored';
}

const number = z.int().nonnegative();
/** Milliseconds, or microseconds where the connection asked for them. */
const instant = z
  .int()
  .positive()
  .transform((value) => BigInt(value) * (value < 1e14 ? 1000n : 1n));
const symbol = z.string().min(1);

const envelope = z.object({ stream: z.string(), data: z.record(z.string(), z.unknown()) });

const trade = z
  .object({
    s: symbol,
    t: number,
    p: decimalText,
    q: decimalText,
    T: instant,
    m: z.boolean(),
    X: z.string().optional(),
  })
  .transform(
    ({ s, t, p, q, T, m, X }): Trade => ({
      ...{ kind: 'trade', symbol: s, timestamp: T, id: t, price: p, size: q },
      // m: the buyer was the maker, so the seller took.
      ...{ side: m ? 'sell' : 'buy', offBook: (X !== undefined && X !== 'MARKET') || isZero(q) },
    }),
  );

const side = { b: decimalText, B: decimalText, a: decimalText, A: decimalText };
const bookTicker = z.object({ s: symbol, u: number, ...side, T: instant.optional(), E: instant.optional() }).transform(
  ({ s, u, b, B, a, A, T, E }): BookTicker => ({
    ...{ kind: 'bookTicker', symbol: s, timestamp: T ?? E, updateId: u },
    ...{ bidPrice: b, bidSize: B, askPrice: a, askSize: A },
  }),
);

const numbers = { U: number, u: number, pu: number.optional() };
const diff = z.object({ s: symbol, ...numbers, b: levels, a: levels, T: instant.optional(), E: instant }).transform(
  ({ s, U, u, pu, b, a, T, E }): DepthDiff => ({
    ...{ kind: 'diff', symbol: s, timestamp: T ?? E, first: U, last: u, previous: pu, bids: b, asks: a },
  }),
);

const snapshot = z
  .object({ lastUpdateId: number, bids: levels, asks: levels })
  .transform(({ lastUpdateId, bids, asks }): Snapshot => ({ kind: 'snapshot', lastUpdateId, bids, asks }));

const IGNORED: Ignored = { kind: 'ignored' };
const PARTIAL_STREAM = /^([^@]+)@depth\d+(?:@|$)/;

/** @throws InvalidInputError MESSAGE_NOT_JSON, MESSAGE_INVALID */
export function readMessage(text: string): BinanceMessage {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid([{ code: 'MESSAGE_NOT_JSON', path: '', value: text, rule: 'not JSON' }]);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalid([{ code: 'MESSAGE_INVALID', path: '', value: text, rule: 'a message is an object' }]);
  }
  if (!('stream' in json)) return readPayload(json, undefined);
  const { stream, data } = parse(envelope, json);
  return readPayload(data, stream);
}

function readPayload(data: object, stream: string | undefined): BinanceMessage {
  const kind = 'e' in data ? data.e : undefined;
  const partialOf = stream === undefined ? undefined : PARTIAL_STREAM.exec(stream)?.[1];
  if (kind === 'trade') return parse(trade, data);
  if (kind === 'bookTicker' || (kind === undefined && 'u' in data && 'B' in data)) return parse(bookTicker, data);
  if (kind === 'depthUpdate') {
    const { symbol, timestamp, bids, asks, ...numbers } = parse(diff, data);
    // Of futures, the name of the stream alone says that these are all levels and not those that changed.
    if (partialOf !== undefined) return { kind: 'partial', symbol, timestamp, bids, asks };
    return { ...numbers, symbol, timestamp, bids, asks };
  }
  if (!('lastUpdateId' in data)) return IGNORED;
  const { bids, asks, ...whole } = readSnapshot(data);
  if (partialOf === undefined) return { ...whole, bids, asks };
  return { kind: 'partial', symbol: partialOf.toUpperCase(), timestamp: undefined, bids, asks };
}

/** Reads what the REST interface answers. @throws InvalidInputError MESSAGE_INVALID */
export function readSnapshot(data: unknown): Snapshot {
  return parse(snapshot, data);
}

/** Of a text that a message may have. */
export function isZero(text: string): boolean {
  return /^[0.]+$/.test(text);
}

function parse<Output>(schema: z.ZodType<Output>, value: unknown): Output {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(
    parsed.error.issues.map(({ path, message }) => {
      const at = path.reduce((part: unknown, key) => (part as Record<PropertyKey, unknown> | undefined)?.[key], value);
      return { code: 'MESSAGE_INVALID', path: path.join('.'), value: at, rule: message };
    }),
  );
}

function invalid(problems: readonly Problem[]): InvalidInputError {
  return new InvalidInputError(problems, 'message of Binance');
}
