import { readOrThrow } from '../domain/problem.js';
import { type InstantInput, readInstant } from '../domain/time.js';
import { AsOfReader, type ClosedBars } from '../repositories/bars/as-of-reader.js';
import type { Feed } from './feed.js';
import { type InferenceInput, readFrameRequest } from './frame-request.js';
import type { MarketFrame } from './market-frame.js';

/** The reader of a backtest, of bars and of whole frames. */
export class AsOfFeed extends AsOfReader {
  readonly #feed: Pick<Feed, 'inference'>;

  /** @throws InvalidInputError where `at` is not an instant */
  constructor(bars: ClosedBars, feed: Pick<Feed, 'inference'>, at: InstantInput) {
    super(bars, at);
    this.#feed = feed;
  }

  /**
   * The frame as of the clock, or of an `at` before it; a read of the series of each of its timeframes. `knownAt` as in `latest`.
   *
   * It is a violation to name an `at` later than the clock, or to ask for `lookAheadMinutes`: the frame is then the clock's, and has none. The
   * violation is recorded once, with the first of the frame's timeframes.
   *
   * @throws InvalidInputError, DatabaseError
   */
  async inference(input: InferenceInput): Promise<MarketFrame> {
    const clock = this.at;
    const { symbol, timeframes } = readFrameRequest(input);
    const asked = readOrThrow('frame', (report) => readInstant(input.at ?? clock, 'at', report));
    const { lookAheadMinutes = 0, ...request } = input;
    if (asked > clock || lookAheadMinutes > 0) {
      const reach = new Date(asked.getTime() + lookAheadMinutes * 60_000);
      this.record({ method: 'inference', symbol, timeframe: timeframes[0]!, at: clock, asked: reach });
    }
    const at = asked > clock ? clock : asked;
    const frame = await this.#feed.inference({ ...request, at });
    for (const timeframe of timeframes) this.answered({ symbol, timeframe }, at, undefined);
    return frame;
  }
}
