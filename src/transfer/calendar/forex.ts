import { LATEST_INSTANT } from '../../domain/time.js';
import { type CalendarDay, type TradingCalendar, weekdayOf } from './calendar.js';
import { ZoneClock } from './zone-clock.js';

const ZONE = 'America/New_York';
const FIVE_PM = 17 * 60;
const WHOLE_DAY = 24 * 60;

/**
 * The week of the currency market: from Sunday to Friday, 17:00 in New York, where one value date ends and the next begins. Its holidays differ
 * from broker to broker, and are not in it.
 */
export function forexWeek(): TradingCalendar {
  const clock = new ZoneClock(ZONE);
  const day = (date: number): CalendarDay => {
    const weekday = weekdayOf(date);
    if (weekday === 0 || weekday === 6) return { sessions: [], reason: 'weekend' };
    const [open, close] = [clock.instantAt(date, FIVE_PM - WHOLE_DAY), clock.instantAt(date, FIVE_PM)];
    return { sessions: [{ open, close }], reason: null };
  };
  return { name: 'forex', zone: ZONE, from: -LATEST_INSTANT, to: LATEST_INSTANT, complete: false, day };
}
