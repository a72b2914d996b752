import type { FileSeries } from './bar-file.js';

const DAY = 86_400_000;
/** When the session of the American stock exchanges opens, and the last bar that may open in it, in milliseconds of the day. */
const OPENS = (9 * 60 + 30) * 60_000;
const CLOSES = 16 * 60 * 60_000;

/**
 * The zone of times without one that were read as UTC, where they look like it: more than half of the days have their first bar at 9:30
 * sharp, and their last one by 16:00. Only intraday bars have times of day.
 */
export async function likelyZone(series: readonly FileSeries[]): Promise<string | undefined> {
  let days = 0;
  let american = 0;
  for (const { timeframe, blocks } of series) {
    if (timeframe === '1d') continue;
    let first: number | undefined;
    let last = 0;
    const count = () => {
      if (first === undefined) return;
      days += 1;
      if (first % DAY === OPENS && last % DAY <= CLOSES) american += 1;
    };
    for await (const { timestamp, length } of blocks()) {
      for (let index = 0; index < length; index += 1) {
        const moment = timestamp[index]!;
        if (first === undefined || Math.floor(moment / DAY) !== Math.floor(first / DAY)) {
          count();
          first = moment;
        }
        last = moment;
      }
    }
    count();
  }
  return american > days / 2 ? 'America/New_York' : undefined;
}
