/** The values of a ledger's row for people: one description serves the columns of a list and the lines of `show`. */
import type { Decimal } from '../../domain/decimal.js';
import type { SeriesKey } from '../../domain/series.js';
import { barTime, minute, percentOf, plain, priceDecimals, shortId } from './format.js';

/** A list shows a value always, or where the terminal has room for it; `show` has every value. */
export type Listed = 'always' | 'optional' | 'never';

export interface Field<Entity> {
  readonly title: string;
  readonly listed: Listed;
  readonly align?: 'right';
  /** The text of each row's value, in a list or, in full length, for `show`; empty where a row has none. */
  readonly cells: (rows: readonly Entity[], inFull: boolean) => string[];
}

type Of<Entity, T> = (row: Entity) => T | null;

/** Fields of one entity, under short names. */
export function fieldsOf<Entity extends SeriesKey>() {
  const field =
    <T>(write: (value: T, row: Entity, inFull: boolean) => string, align?: 'right') =>
    (title: string, of: Of<Entity, T>, listed: Listed = 'never'): Field<Entity> => ({
      title,
      listed,
      ...(align && { align }),
      cells: (rows, inFull) =>
        rows.map((row) => {
          const value = of(row);
          return value === null ? '' : write(value, row, inFull);
        }),
    });
  return {
    id: field<string>((id, _, inFull) => (inFull ? id : shortId(id))),
    text: field<string>(plain),
    flag: field<boolean>((flag) => (flag ? 'yes' : 'no')),
    /** The opening instant of a bar, or a bound of bars. */
    bar: field<Date>((instant, { timeframe }) => barTime(instant, timeframe)),
    /** A list of daily bars is about days; `show` has the minute. */
    instant: field<Date>((instant, { timeframe }, inFull) => (inFull ? minute(instant) : barTime(instant, timeframe))),
    count: field<number>((count) => `${count}`, 'right'),
    amount: field<Decimal>((amount) => amount.toFixed(), 'right'),
    money: field<Decimal>((money) => money.toFixed(2), 'right'),
    multiple: field<Decimal>((multiple) => multiple.toFixed(2), 'right'),
    ratio: field<Decimal>((ratio) => ratio.toFixed(4), 'right'),
    percent: field<Decimal>((percent) => `${percent.toFixed(2)}%`, 'right'),
    fraction: field<Decimal>(percentOf, 'right'),
    /** Prices of a column have the same decimals, so that their points stand below each other. */
    price: (title: string, of: Of<Entity, Decimal>, listed: Listed = 'never'): Field<Entity> => ({
      ...{ title, listed, align: 'right' },
      cells: (rows) => {
        const prices = rows.map(of);
        const decimals = priceDecimals(prices.filter((price) => price !== null));
        return prices.map((price) => price?.toFixed(decimals) ?? '');
      },
    }),
  };
}
