import { readOrThrow, requireObject } from '../../../domain/problem.js';
import { readText } from '../../../domain/text.js';
import { InvalidInputError } from '../../../errors.js';
import type { FeedAdapter, FeedEvent } from '../adapter.js';
import { BinanceMarket, type BinanceStats } from './market.js';
import { readMessage } from './messages.js';
import { type BinanceOptions, type MarketOptions, readMarketOptions } from './options.js';
import { recordedLines, recordingError } from './recorded-lines.js';

export interface BinanceRecordingOptions extends BinanceOptions {
  /** A text file, packed by gzip or not: a message a line, behind the time at which it was received in nanoseconds since the epoch and a space, if any. */
  readonly path: string;
}

/**
 * A recording of Binance's streams, spot or futures: trades, quotes (bookTicker), books (partial depth), and books that diff depth keeps up, from
 * the snapshots of the REST interface that lie among the messages. Messages may be in the envelope of a combined stream. It is read in constant
 * memory, as often as `events` is called.
 */
export class BinanceRecording implements FeedAdapter {
  readonly #path: string;
  readonly #options: MarketOptions;
  #market: BinanceMarket;

  /** @throws InvalidInputError */
  constructor(options: BinanceRecordingOptions) {
    requireObject(options, 'options');
    this.#path = readOrThrow('options', (report) => readText(options.path, LONGEST_PATH, 'path', report));
    this.#options = readMarketOptions(options);
    this.#market = new BinanceMarket(this.#options);
  }

  /** Of the last reading. */
  get stats(): BinanceStats {
    return this.#market.stats;
  }

  /**
   * @throws InvalidInputError naming the file and the line: FILE_MISSING, FILE_UNREADABLE, RECORDING_DAMAGED (gzip), RECORDING_LINE_TOO_LONG,
   *   MESSAGE_NOT_JSON, MESSAGE_INVALID, MESSAGE_WITHOUT_TIME, SNAPSHOT_OF_WHAT
   */
  async *events({
    signal,
    only,
  }: {
    readonly signal?: AbortSignal | undefined;
    /** Messages that plainly make other events are passed over, unread. */
    readonly only?: FeedEvent['kind'] | undefined;
  } = {}): AsyncGenerator<FeedEvent, void, undefined> {
    const market = new BinanceMarket(this.#options);
    this.#market = market;
    for await (const { line, text } of recordedLines(this.#path)) {
      if (signal?.aborted) return;
      const plain = only && PLAIN.exec(text)?.[1];
      if (plain && EVENT_OF[plain] !== only) continue;
      yield* this.#read(market, line, text);
    }
  }

  #read(market: BinanceMarket, line: number, text: string): FeedEvent[] {
    const [, nanoseconds, message = text] = RECEIVED.exec(text) ?? [];
    try {
      return market.take(readMessage(message), nanoseconds === undefined ? undefined : BigInt(nanoseconds) / 1000n);
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      throw recordingError(
        this.#path,
        error.problems.map((problem) => ({ ...problem, line })),
      );
    }
  }
}

/** The messages that say in their first field what they are. */
const PLAIN = /^(?:\d+ )?(?:\{"stream":"[^"]*","data":)?\{"e":"(trade|bookTicker|depthUpdate)"/;
const EVENT_OF: Readonly<Record<string, FeedEvent['kind']>> = {
  trade: 'trade',
  bookTicker: 'quote',
  depthUpdate: 'orderBook',
};
/** As Linux has it; others take less. */
const LONGEST_PATH = 4_096;
const RECEIVED = /^(\d+) (.*)$/;
