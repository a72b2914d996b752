import { type Timeframe, timeframeDuration } from '../../domain/timeframe.js';
import { ALWAYS_OPEN, DAY, type TradingCalendar, weekdayOf } from './calendar.js';
import { forexWeek } from './forex.js';
import { nyse } from './nyse.js';
import { expectedSlots } from './slots.js';

const HOUR = 3_600_000;
/** One day in seven is a Saturday; below a third of that it is not a day of trading. */
const SATURDAY_SHARE = 0.05;
/** The currency market has two hours of a Sunday in UTC, or three, of its 120. */
const SUNDAY_SHARE = 0.005;
/** Of the regular hours, in a series that has others as well; a thin one has nearly all of its bars in them instead. */
const COVERED = 0.5;
const INSIDE = 0.9;

export interface GuessedCalendar {
  readonly calendar: TradingCalendar;
  /** What the bars showed, as a sentence without its full stop. */
  readonly why: string;
}

/** The calendar that a series keeps to, by the opening instants of its bars, in ascending order; undefined where none of ours fits. */
export function guessCalendar(timeframe: Timeframe, timestamps: readonly number[]): GuessedCalendar | undefined {
  const share = (weekday: number) =>
    timestamps.filter((at) => weekdayOf(at) === weekday).length / Math.max(timestamps.length, 1);
  if (share(6) >= SATURDAY_SHARE) return { calendar: ALWAYS_OPEN, why: 'it has bars on Saturdays' };
  if (share(0) >= SUNDAY_SHARE) return { calendar: forexWeek(), why: 'it has bars on Sundays and none on Saturdays' };
  const calendar = nyse();
  const judged = timestamps.filter((at) => at >= calendar.from && at < calendar.to);
  const [first] = judged;
  const last = judged.at(-1);
  if (first === undefined || last === undefined) {
    return timeframe === '1d' ? { calendar, why: 'it has bars on weekdays alone' } : undefined;
  }
  if (timeframe === '1d') {
    const holidays = weekdaysWithout(calendar, first, last);
    const present = new Set(judged);
    const traded = holidays.filter((date) => present.has(date)).length;
    if (holidays.length > 0 && traded * 2 > holidays.length)
      return { calendar: forexWeek(), why: 'it has bars on weekdays, those of US holidays included' };
    const why =
      holidays.length === 0 ? 'it has bars on weekdays alone' : 'it has bars on weekdays, and none on most US holidays';
    return { calendar, why };
  }
  const { inside, covered } = compare(calendar, timeframe, judged);
  if (inside < INSIDE && covered < COVERED) return undefined;
  return { calendar, why: 'it has bars in the regular hours of US exchanges, and none at weekends' };
}

/** How far behind the full hour the bars of a series open, in milliseconds; of most of them. Only hourly bars open elsewhere than on their own grid. */
export function phaseOf(timeframe: Timeframe, timestamps: readonly number[]): number {
  if (timeframe !== '1h') return 0;
  const counts = new Map<number, number>();
  for (const at of timestamps) {
    const behind = ((at % HOUR) + HOUR) % HOUR;
    counts.set(behind, (counts.get(behind) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most?.[0] ?? 0;
}

function weekdaysWithout(calendar: TradingCalendar, first: number, last: number): number[] {
  const dates: number[] = [];
  for (let date = first; date <= last; date += DAY) {
    const isWeekday = weekdayOf(date) !== 0 && weekdayOf(date) !== 6;
    if (isWeekday && calendar.day(date).sessions.length === 0) dates.push(date);
  }
  return dates;
}

/** The share of the bars that lie in a slot, and the share of the slots that have one. */
function compare(calendar: TradingCalendar, timeframe: Timeframe, timestamps: readonly number[]) {
  const phase = phaseOf(timeframe, timestamps);
  const duration = timeframeDuration(timeframe);
  const [from, to] = [timestamps[0]! - duration, timestamps.at(-1)! + 1];
  let [index, slots, filled] = [0, 0, 0];
  for (const slot of expectedSlots({ calendar, timeframe, from, to, phase })) {
    while (index < timestamps.length && timestamps[index]! < slot.start) index += 1;
    slots += 1;
    if (index < timestamps.length && timestamps[index]! < slot.end) {
      filled += 1;
      index += 1;
    }
  }
  return { inside: filled / timestamps.length, covered: slots === 0 ? 0 : filled / slots };
}
