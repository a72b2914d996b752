import type { Timeframe } from '../../domain/timeframe.js';
import { timeframeDuration } from '../../domain/timeframe.js';
import { DAY, type TradingCalendar } from './calendar.js';
import type { Gap, GapReason, GapReport } from './gap-report.js';
import type { Slot } from './slots.js';

const SHORT = 15 * 60_000;
/** Of the bars expected, in short gaps: from so many on the market is a thin one. An outage of minutes comes less often. */
const THIN = 0.005;

/** How a gap lies in its sessions, from which its reason follows once all gaps are known. */
type Shape = 'short' | 'day' | 'to-close' | 'from-open' | 'other' | 'behind';

interface OpenGap {
  readonly first: Slot;
  last: Slot;
  bars: number;
  /** Of the last slot's trading date the first one is missing as well. */
  fromStart: boolean;
  /** Trading dates without any bar. */
  wholeDays: number;
}

/** Of so many days on end a calendar may not know that they are holidays; Christmas Day and the day after it. */
const LONGEST_HOLIDAY = 2;

/** Puts missing bars together to gaps, as they come. */
export class GapTally {
  expected = 0;
  missing = 0;
  readonly #calendar: TradingCalendar;
  readonly #duration: number;
  /** Where the series ends. */
  readonly #end: number;
  readonly #limit: number;
  readonly #shapes = new Map<Shape, { gaps: number; bars: number }>();
  readonly #kept: { first: Slot; last: Slot; bars: number; shape: Shape }[] = [];
  #open: OpenGap | undefined;

  constructor(calendar: TradingCalendar, timeframe: Timeframe, end: number, limit: number) {
    this.#calendar = calendar;
    this.#duration = timeframeDuration(timeframe);
    this.#end = end;
    this.#limit = limit;
  }

  present(): void {
    this.expected += 1;
    this.close();
  }

  absent(slot: Slot): void {
    if (slot.optional) return;
    this.expected += 1;
    this.missing += 1;
    if (this.#open && this.#open.first.start < this.#end && slot.start >= this.#end) this.close();
    this.#open ??= { first: slot, last: slot, bars: 0, fromStart: false, wholeDays: 0 };
    const gap = this.#open;
    gap.last = slot;
    gap.bars += 1;
    if (slot.first) gap.fromStart = true;
    if (slot.last && gap.fromStart) gap.wholeDays += 1;
  }

  close(): void {
    if (!this.#open) return;
    const gap = this.#open;
    this.#open = undefined;
    const shape = this.#shapeOf(gap);
    const { gaps, bars } = this.#shapes.get(shape) ?? { gaps: 0, bars: 0 };
    this.#shapes.set(shape, { gaps: gaps + 1, bars: bars + gap.bars });
    const { first, last } = gap;
    if (this.#kept.length < this.#limit) this.#kept.push({ first, last, bars: gap.bars, shape });
  }

  result(): Pick<GapReport, 'expected' | 'missing' | 'reasons' | 'gaps'> {
    this.close();
    const thin = (this.#shapes.get('short')?.bars ?? 0) > THIN * this.expected;
    const reasonOf = (shape: Shape): GapReason => {
      if (shape === 'behind') return 'no newer bars';
      if (shape === 'short' && thin) return 'thin trading';
      if (this.#calendar.complete) return 'outage';
      return (
        ({ day: 'holiday?', 'to-close': 'early close?', 'from-open': 'late open?' } as const)[shape as 'day'] ??
        'outage'
      );
    };
    const reasons: Partial<Record<GapReason, { gaps: number; bars: number }>> = {};
    for (const [shape, { gaps, bars }] of this.#shapes) {
      const reason = reasonOf(shape);
      const sum = reasons[reason] ?? { gaps: 0, bars: 0 };
      reasons[reason] = { gaps: sum.gaps + gaps, bars: sum.bars + bars };
    }
    const gaps = this.#kept.map(
      ({ first, last, bars, shape }): Gap => ({
        from: new Date(first.start),
        to: new Date(last.end),
        bars,
        reason: reasonOf(shape),
      }),
    );
    return { expected: this.expected, missing: this.missing, reasons, gaps };
  }

  #shapeOf({ first, last, bars, wholeDays }: OpenGap): Shape {
    if (first.start >= this.#end) return 'behind';
    const oneDay = first.date === last.date;
    if (wholeDays >= 1 && wholeDays <= LONGEST_HOLIDAY) return 'day';
    if (this.#duration < DAY && (bars === 1 || last.end - first.start <= SHORT)) return 'short';
    if (oneDay && last.last) return 'to-close';
    if (oneDay && first.first) return 'from-open';
    return 'other';
  }
}
