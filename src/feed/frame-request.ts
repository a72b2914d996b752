import { type Report, readOrThrow, requireObject } from '../domain/problem.js';
import { type InstantInput, LATEST_INSTANT } from '../domain/time.js';
import type { Timeframe } from '../domain/timeframe.js';
import { type KnownAt, readLimit } from '../repositories/bars/bar-window.js';
import { type MultiTimeframeRequest, readMultiTimeframeRequest } from '../repositories/bars/multi-timeframe.js';

/** What a frame is to have. */
export interface InferenceInput extends KnownAt {
  readonly symbol: string;
  /** Market time: nothing from after it is in the frame. Default: now, by this process's clock. */
  readonly at?: InstantInput | undefined;
  /** Different ones, in the order in which the frame is to have them. */
  readonly timeframes: readonly Timeframe[];
  /** Bars of each timeframe. */
  readonly bars: number;
  /** How many minutes before `at` come as `context`, 1 to 10,080 (a week). Default: none. */
  readonly contextMinutes?: number | undefined;
  /**
   * How many minutes AFTER `at` come as `lookAhead`, 1 to 10,080: what a label is made of, and what no decision may see. Default: none. It changes
   * nothing else of the frame.
   */
  readonly lookAheadMinutes?: number | undefined;
}

/** All instants in milliseconds since the epoch. */
export interface FrameRequest extends MultiTimeframeRequest {
  readonly contextMinutes: number;
  readonly lookAheadMinutes: number;
}

const MOST_MINUTES = 10_080;
const MINUTE = 60_000;

/** @throws InvalidInputError */
export function readFrameRequest(input: InferenceInput): FrameRequest {
  requireObject(input, 'frame');
  const { symbol, timeframes, knownAt, at = new Date() } = input;
  const limit = readLimit(input.bars, 'bars');
  const request = readMultiTimeframeRequest({ symbol, timeframes, at, knownAt, limit });
  return readOrThrow('frame', (report) => {
    const contextMinutes = readMinutes(input.contextMinutes, 'contextMinutes', report);
    const lookAheadMinutes = readMinutes(input.lookAheadMinutes, 'lookAheadMinutes', report);
    if (contextMinutes === undefined || lookAheadMinutes === undefined) return undefined;
    const room = Math.floor((LATEST_INSTANT - request.at) / MINUTE);
    return { ...request, contextMinutes, lookAheadMinutes: Math.min(lookAheadMinutes, room) };
  });
}

function readMinutes(value: unknown, path: string, report: Report): number | undefined {
  if (value === undefined) return 0;
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MOST_MINUTES)
    return value as number;
  report({ code: 'MINUTES_INVALID', path, value, rule: `minutes are a whole number from 1 to ${MOST_MINUTES}` });
  return undefined;
}
