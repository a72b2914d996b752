import { counted } from '../../../domain/counted.js';
import type { Report } from '../../../domain/problem.js';
import { dayOf, type NamingOptions, type PlacedFile, symbolOf } from './file-day.js';
import { type LineLayout, tenThousandths } from './line-source.js';
import type { LocalDay } from './local-day.js';
import type { Tally } from './tick-source.js';

/**
 * Ticks of equities as QuantConnect LEAN keeps them, a day a file, without a header: milliseconds since midnight on the clock of New York,
 * prices x 10,000. https://github.com/QuantConnect/Lean/tree/master/Data/equity
 */

/** Time, price, size, exchange, condition, suspicious. */
export const LEAN_TRADE = [/^\d{1,8}(?:\.\d+)?$/, /^[\d.]+$/, /^[\d.]+$/, /^[A-Z]*$/i, /^[0-9A-F@ ]*$/i, /^[01]?$/];
/** Time, bid and its size, ask and its size, exchange, condition, suspicious. */
export const LEAN_QUOTE = [...LEAN_TRADE.slice(0, 3), /^[\d.]+$/, /^[\d.]+$/, ...LEAN_TRADE.slice(3)];

const LEFT_OUT = ['exchange', 'condition', 'suspicious'];

export function leanTrades(file: PlacedFile, options: NamingOptions): LineLayout<'trades'> {
  const [symbol, day] = [symbolOf(file, options), dayOf(file, options)];
  return {
    layout: 'lean-trades',
    kind: 'trades',
    mapping: { timestamp: 'time', price: 'price', size: 'size' },
    width: LEAN_TRADE.length,
    headerLine: 0,
    leftOut: LEFT_OUT,
    read([time, price, size, , , suspicious], tally, report) {
      const timestamp = readTime(time!, day, tally, report);
      if (timestamp === undefined) return undefined;
      if (suspicious === '1') tally.note('suspicious');
      return { symbol, timestamp, price: tenThousandths(price!), size: size! };
    },
    notices: (tally) => noticesOf(day, tally),
  };
}

export function leanQuotes(file: PlacedFile, options: NamingOptions): LineLayout<'quotes'> {
  const [symbol, day] = [symbolOf(file, options), dayOf(file, options)];
  return {
    layout: 'lean-quotes',
    kind: 'quotes',
    mapping: { timestamp: 'time', bidPrice: 'bid', bidSize: 'bid size', askPrice: 'ask', askSize: 'ask size' },
    width: LEAN_QUOTE.length,
    headerLine: 0,
    leftOut: LEFT_OUT,
    read([time, bid, bidSize, ask, askSize, , , suspicious], tally, report) {
      const timestamp = readTime(time!, day, tally, report);
      if (timestamp === undefined) return undefined;
      if (suspicious === '1') tally.note('suspicious');
      const hasBid = isSet(bid!, bidSize!);
      const hasAsk = isSet(ask!, askSize!);
      if (hasBid !== hasAsk) tally.note('one-sided');
      return {
        symbol,
        timestamp,
        bidPrice: hasBid ? tenThousandths(bid!) : null,
        bidSize: hasBid ? bidSize! : null,
        askPrice: hasAsk ? tenThousandths(ask!) : null,
        askSize: hasAsk ? askSize! : null,
      };
    },
    notices(tally) {
      const oneSided = tally.count('one-sided');
      const notice = `${counted(oneSided, 'quote has', 'quotes have')} one side: a 0 says that the other one was not updated`;
      return [...noticesOf(day, tally), ...(oneSided > 0 ? [notice] : [])];
    },
  };
}

/** A side that was not updated is 0, price and size. */
function isSet(price: string, size: string): boolean {
  return !(ZERO.test(price) && ZERO.test(size));
}

const ZERO = /^0+(?:\.0+)?$/;
/** Milliseconds, and up to six decimals of one. */
const TIME = /^(\d{1,8})(?:\.(\d{1,6})0*)?$/;

function readTime(text: string, day: LocalDay, tally: Tally, report: Report): bigint | undefined {
  const [, milliseconds, fraction = ''] = TIME.exec(text) ?? [];
  if (milliseconds === undefined) {
    const rule = 'a time is milliseconds since midnight';
    report({ code: 'INSTANT_INVALID', path: 'timestamp', value: text, rule });
    return undefined;
  }
  return day.instantOf(
    Number(milliseconds),
    fraction === '' ? 0 : Number(fraction.padEnd(6, '0')),
    text,
    tally,
    report,
  );
}

function noticesOf({ date, zone }: LocalDay, tally: Tally): string[] {
  const suspicious = tally.count('suspicious');
  return [
    `times are milliseconds since midnight of ${date} on the clock of ${zone}`,
    ...(suspicious > 0 ? [`${counted(suspicious, 'row')} flagged as suspicious kept, without the flag`] : []),
  ];
}
