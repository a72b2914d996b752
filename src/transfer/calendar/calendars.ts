import { InvalidInputError } from '../../errors.js';
import { ALWAYS_OPEN, type TradingCalendar } from './calendar.js';
import { readCalendarFile } from './calendar-file.js';
import { forexWeek } from './forex.js';
import { nyse } from './nyse.js';

export const CALENDARS = { nyse, '24x7': () => ALWAYS_OPEN, forex: forexWeek } as const;

/** The calendar of a name, or of a JSON file. @throws InvalidInputError CALENDAR_UNKNOWN, CALENDAR_FILE_UNREADABLE, CALENDAR_FILE_INVALID */
export async function openCalendar(nameOrPath: string): Promise<TradingCalendar> {
  if (Object.hasOwn(CALENDARS, nameOrPath)) return CALENDARS[nameOrPath as keyof typeof CALENDARS]();
  if (nameOrPath.endsWith('.json')) return readCalendarFile(nameOrPath);
  const rule = `a calendar is ${Object.keys(CALENDARS).join(', ')} or a file whose name ends in .json`;
  throw new InvalidInputError([{ code: 'CALENDAR_UNKNOWN', path: 'calendar', value: nameOrPath, rule }], 'calendar');
}
