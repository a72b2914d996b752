import type { SeriesKey } from '../../domain/series.js';
import { timeframeDuration } from '../../domain/timeframe.js';
import { InvalidInputError } from '../../errors.js';
import { type BarWindow, readLimit, readWindow } from '../../repositories/bars/bar-window.js';
import { seriesName } from '../../repositories/bars/catalog.js';
import { DAY, formatDate, type TradingCalendar } from './calendar.js';
import { openCalendar } from './calendars.js';
import { ExtraTally } from './extra-tally.js';
import type { Closure, GapReport } from './gap-report.js';
import { GapTally } from './gap-tally.js';
import { guessCalendar, phaseOf } from './guess.js';
import type { Openings } from './openings.js';
import { behindGrid, expectedSlots, type Slot } from './slots.js';

export interface GapsInput extends BarWindow {
  /** `nyse`, `24x7`, `forex` or the path of a calendar file (`.json`). Default: guessed from the series' own bars; the report says why. */
  readonly calendar?: string | undefined;
  /** Gaps, and stretches of extra bars, that the report lists at most. Default 1,000; all are counted. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The newest bars, from which a calendar is guessed: five weeks of minutes, of a market that never closes. */
const GUESSED_FROM = 50_000;
const KEPT = 1_000;

/**
 * The bars that a series lacks by a trading calendar, and those that it has beside it. Nothing is missing before its first bar, nor, unless `to`
 * is given, behind its last one; nor what has not closed by now. Reads the opening instants alone, page by page.
 *
 * @throws InvalidInputError SERIES_UNKNOWN, CALENDAR_NOT_GUESSED, CALENDAR_UNKNOWN, CALENDAR_FILE_UNREADABLE, CALENDAR_FILE_INVALID
 */
export async function findGaps(
  open: (key: SeriesKey) => Promise<Openings | undefined>,
  input: GapsInput,
): Promise<GapReport> {
  const { signal } = input;
  const window = readWindow(input);
  const limit = readLimit(input.limit ?? KEPT);
  const named = input.calendar === undefined ? undefined : await openCalendar(input.calendar);
  const { key } = window;
  const openings = await open(key);
  if (!openings) throw unknownSeries(seriesName(key));
  const needsBars = named === undefined || key.timeframe === '1h';
  const newest = needsBars ? Array.from(await openings.newest(GUESSED_FROM)) : [];
  const guess = named ? undefined : guessCalendar(key.timeframe, newest);
  const calendar = named ?? guess?.calendar;
  if (!calendar) throw notGuessed(seriesName(key));
  const duration = timeframeDuration(key.timeframe);
  const phase = phaseOf(key.timeframe, newest);
  const end = openings.last + duration;
  const asked = input.to === undefined ? end : Math.min(window.to.getTime(), lastClosed(duration));
  const begin = Math.max(window.from.getTime(), openings.first);
  const all = { from: begin, to: Math.max(asked, begin) };
  const from = clamp(calendar.from, all);
  const to = Math.max(clamp(calendar.to, all), from);
  const gaps = new GapTally(calendar, key.timeframe, end, limit);
  const extras = new ExtraTally(calendar, key.timeframe, limit);
  // A slot that begins before the first bar has it all the same; one that begins before the window may have its bar there.
  const slots = expectedSlots({
    calendar,
    timeframe: key.timeframe,
    from: from - behindGrid(from, duration, phase),
    to,
    phase,
  });
  const absent = (missing: Slot) => {
    if (missing.start >= from) gaps.absent(missing);
  };
  let slot = slots.next().value;
  let filled = Number.NEGATIVE_INFINITY;
  const [older, newer] = [
    { from: all.from, to: from, bars: 0 },
    { from: to, to: all.to, bars: 0 },
  ];
  let bars = 0;
  for await (const page of openings.pages(all.from, all.to)) {
    signal?.throwIfAborted();
    for (let index = 0; index < page.length; index += 1) {
      const at = page[index]!;
      if (at < from || at >= to) {
        (at < from ? older : newer).bars += 1;
        continue;
      }
      bars += 1;
      while (slot && slot.end <= at) {
        absent(slot);
        slot = slots.next().value;
      }
      if (slot && slot.start <= at) {
        filled = slot.end;
        if (slot.optional) gaps.close();
        else gaps.present();
        extras.close();
        slot = slots.next().value;
      } else extras.add(at, at < filled);
    }
  }
  for (; slot; slot = slots.next().value) absent(slot);
  return {
    ...key,
    calendar: calendar.name,
    guessedBy: guess?.why ?? null,
    from: new Date(from),
    to: new Date(to),
    bars,
    ...gaps.result(),
    ...extras.result(),
    closures: closuresOf(calendar, from, to),
    notJudged: [older, newer]
      .filter((part) => part.from < part.to)
      .map((part) => ({ from: new Date(part.from), to: new Date(part.to), bars: part.bars })),
  };
}

function unknownSeries(name: string): InvalidInputError {
  const problem = { code: 'SERIES_UNKNOWN', path: '', value: name, rule: 'the store has no bars of such a series' };
  return new InvalidInputError([{ ...problem, hint: '"wyckoff bars list" shows those that it has' }], 'series');
}

function notGuessed(name: string): InvalidInputError {
  const rule = 'its bars keep to none of the calendars that are built in, so a calendar has to be named';
  const hint = 'name one, or a calendar file: --calendar nyse, 24x7, forex or hours.json';
  return new InvalidInputError(
    [{ code: 'CALENDAR_NOT_GUESSED', path: 'calendar', value: name, rule, hint }],
    'calendar',
  );
}

/** The newest bars that can be there are those that have closed: a bar that opens at this instant or later has not. */
function lastClosed(duration: number): number {
  return Date.now() - duration + 1;
}

function clamp(at: number, { from, to }: { readonly from: number; readonly to: number }): number {
  return Math.min(Math.max(at, from), to);
}

function closuresOf(calendar: TradingCalendar, from: number, to: number): Closure[] {
  const closures: { from: string; to: string; reason: string; last: number }[] = [];
  for (let date = Math.floor(from / DAY) * DAY; date < to; date += DAY) {
    const { special, reason } = calendar.day(date);
    if (!special || reason === null) continue;
    const before = closures.at(-1);
    if (before?.reason === reason && before.last === date - DAY) {
      before.to = formatDate(date);
      before.last = date;
    } else closures.push({ from: formatDate(date), to: formatDate(date), reason, last: date });
  }
  return closures.map(({ last, ...closure }) => closure);
}
