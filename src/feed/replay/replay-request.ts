import { readChoice } from '../../domain/choice.js';
import { formatMicroseconds, type MicrosecondInput, readMicroseconds } from '../../domain/microseconds.js';
import { type Report, readOrThrow, requireObject } from '../../domain/problem.js';
import { type MarketSymbol, readSymbol } from '../../domain/symbol.js';
import { readTimeframe, TIMEFRAMES, type Timeframe } from '../../domain/timeframe.js';
import { REPLAY_KINDS, type ReplayKind } from './replay-event.js';

/** What is replayed. */
export interface ReplayInput {
  /** At one instant they come in this order. */
  readonly symbols: readonly string[];
  /** Of the bars; needed where bars are among the kinds. */
  readonly timeframes?: readonly Timeframe[] | undefined;
  /** What closed or happened in `[from, to)`: a bar belongs to it by the instant at which it closed. */
  readonly from: MicrosecondInput;
  readonly to: MicrosecondInput;
  /** How much faster than the clock: 1 is as it happened, 60 a minute in a second. Default: as fast as it can be read. */
  readonly speed?: number | undefined;
  /** Default: bars alone. */
  readonly kinds?: readonly ReplayKind[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ReplayRequest {
  readonly symbols: readonly MarketSymbol[];
  readonly timeframes: readonly Timeframe[];
  /** In microseconds since the epoch. */
  readonly from: bigint;
  readonly to: bigint;
  readonly speed: number | undefined;
  readonly kinds: readonly ReplayKind[];
}

/** @throws InvalidInputError */
export function readReplayRequest(input: ReplayInput): ReplayRequest {
  requireObject(input, 'replay');
  return readOrThrow('replay', (report) => {
    const { speed, kinds: givenKinds = ['bar'] } = input;
    const symbols = readList(input.symbols, 'symbols', 'SYMBOLS_INVALID', report, readSymbol);
    const kinds = readList(givenKinds, 'kinds', 'KINDS_INVALID', report, (value, path) =>
      readChoice(value, REPLAY_KINDS, 'a kind', path, report),
    );
    const timeframes =
      kinds?.includes('bar') || input.timeframes !== undefined
        ? readList(input.timeframes, 'timeframes', 'TIMEFRAMES_INVALID', report, readTimeframe)
        : [];
    const from = readMicroseconds(input.from, 'from', report);
    const to = readMicroseconds(input.to, 'to', report);
    if (speed !== undefined && !(Number.isFinite(speed) && speed > 0))
      report({ code: 'SPEED_INVALID', path: 'speed', value: speed, rule: 'a speed is a number above zero' });
    if (from !== undefined && to !== undefined && from > to) {
      const rule = `to is not before from (${formatMicroseconds(from)})`;
      report({ code: 'WINDOW_REVERSED', path: 'to', value: input.to, rule });
    }
    if (!symbols || !kinds || !timeframes || from === undefined || to === undefined) return undefined;
    return { symbols, timeframes: TIMEFRAMES.filter((each) => timeframes.includes(each)), from, to, speed, kinds };
  });
}

/** Different ones of something, at least one. */
function readList<Item>(
  value: unknown,
  path: string,
  code: string,
  report: Report,
  readItem: (value: unknown, path: string, report: Report) => Item | undefined,
): Item[] | undefined {
  const given: readonly unknown[] = Array.isArray(value) ? value : [];
  const items = given.map((each, index) => readItem(each, `${path}.${index}`, report));
  if (given.length === 0 || (new Set(items).size < given.length && !items.includes(undefined)))
    report({ code, path, value, rule: `a list of different ${path}, of at least one` });
  return items.includes(undefined) ? undefined : (items as Item[]);
}
