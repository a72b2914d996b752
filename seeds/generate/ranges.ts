import { Decimal } from '../../src/domain/decimal.js';
import type { PricedBar } from './bar-series.js';
import { atEvening, type Idea, priceText, TIMEFRAME } from './idea.js';
import type { TradingRangeRow } from './ledger-rows.js';
import { afterClose } from './nyse-2024.js';

export type Direction = 'accumulation' | 'distribution';

/** A range with what its story needs beside the row. */
export interface Range {
  readonly row: TradingRangeRow;
  readonly direction: Direction;
  readonly firstDate: string;
  readonly support: Decimal;
  readonly resistance: Decimal;
}

/** How near, as a share of the price, a bar must come to a level to have touched it. */
const TOUCH_DISTANCE = new Decimal('0.01');

/** Writes a range that starts at `firstDate` and was recognised in the evening of `seenOn`. */
export function openRange(idea: Idea, given: Omit<Range, 'row'> & { readonly seenOn: string }): Range {
  const { direction, firstDate, seenOn, support, resistance } = given;
  const occasion = atEvening(idea, seenOn, 'openRange', 'detector', 'CREATED', `recognised a range of ${direction}`);
  const measured = measure(idea, given, seenOn);
  const row: TradingRangeRow = {
    id: idea.ledger.newId(),
    symbol: idea.series.symbol,
    timeframe: TIMEFRAME,
    start_time: idea.series.on(firstDate).timestamp,
    end_time: null,
    duration_bars: measured.duration_bars,
    creek_level: priceText(support),
    ice_level: priceText(resistance),
    jump_target: measured.jump_target,
    cause_factor: measured.cause_factor,
    range_width: priceText(resistance.minus(support)),
    phase: 'B',
    strength_score: idea.ledger.faker.number.int({ min: 72, max: 91 }),
    touch_count_creek: measured.touch_count_creek,
    touch_count_ice: measured.touch_count_ice,
    deleted_at: null,
    version: 1,
    created_at: occasion.at,
    updated_at: occasion.at,
  };
  idea.ledger.insert('trading_ranges', row, occasion);
  return { row, direction, firstDate, support, resistance };
}

/** The range has grown to `date`, and stands in `phase`. */
export function growRange(idea: Idea, range: Range, date: string, phase: string): void {
  change(idea, range, date, 'UPDATED', `${phase === range.row.phase ? 'still' : 'entered'} phase ${phase}`, {
    ...measure(idea, range, date),
    phase,
  });
}

/** In the evening of `seenOn` the price has left: the range ended with the bar of `lastDate`, and stands in `phase`. */
export function closeRange(idea: Idea, range: Range, lastDate: string, seenOn: string, phase = 'E'): void {
  change(idea, range, seenOn, 'CLOSED', 'the price has left the range', {
    end_time: afterClose(lastDate, 0),
    ...measure(idea, range, lastDate),
    phase,
  });
}

export function deleteRange(idea: Idea, range: Range, seenOn: string, reason: string): void {
  const at = atEvening(idea, seenOn, 'updateRange', 'detector', 'DELETED', reason).at;
  change(idea, range, seenOn, 'DELETED', reason, { deleted_at: at });
}

function change(
  idea: Idea,
  range: Range,
  date: string,
  verb: string,
  action: string,
  columns: Partial<TradingRangeRow>,
): void {
  const occasion = atEvening(idea, date, 'updateRange', 'detector', verb, action);
  const after = { ...columns, version: range.row.version + 1, updated_at: occasion.at };
  idea.ledger.change('trading_ranges', range.row, after, occasion);
}

/** What follows from the range's length: the cause it has built, and how far that carries. */
function measure(idea: Idea, range: Omit<Range, 'row'>, lastDate: string) {
  const { support, resistance } = range;
  const bars = idea.series.between(range.firstDate, lastDate);
  const cause = bars.length >= 40 ? 3 : bars.length >= 25 ? 2.5 : 2;
  const reach = resistance.minus(support).times(cause);
  const jump = range.direction === 'accumulation' ? resistance.plus(reach) : support.minus(reach);
  return {
    duration_bars: bars.length,
    jump_target: priceText(jump),
    cause_factor: cause.toFixed(2),
    touch_count_creek: countTouches(bars, (bar) => isNear(bar.low, support)),
    touch_count_ice: countTouches(bars, (bar) => isNear(bar.high, resistance)),
  };
}

function isNear(price: Decimal, level: Decimal): boolean {
  return price.minus(level).abs().lte(level.times(TOUCH_DISTANCE));
}

/** Bars in a row that touch a level are one touch: the price came once and stayed. */
function countTouches(bars: readonly PricedBar[], touches: (bar: PricedBar) => boolean): number {
  return bars.filter((bar, index) => touches(bar) && !(index > 0 && touches(bars[index - 1]!))).length;
}
