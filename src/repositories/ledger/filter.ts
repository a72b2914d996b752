import { instant } from '../../database/instant.js';
import { type Report, readOrThrow, requireObject } from '../../domain/problem.js';
import { readSymbol } from '../../domain/symbol.js';
import { type InstantInput, readInstant } from '../../domain/time.js';
import { readTimeframe, type Timeframe } from '../../domain/timeframe.js';
import { readWholeNumber } from '../../domain/whole-number.js';
import { Where } from './where.js';

/** What every find of the ledger takes. */
export interface LedgerFilter {
  readonly symbol?: string | undefined;
  readonly timeframe?: Timeframe | undefined;
  /** First instant that belongs to it. */
  readonly from?: InstantInput | undefined;
  /** First instant that no longer does. */
  readonly to?: InstantInput | undefined;
}

/** Reads one value of a filter, if it is given. */
export type ReadFilter = <T>(
  field: string,
  value: unknown,
  read: (value: unknown, path: string, report: Report) => T | undefined,
) => T | undefined;

/**
 * The conditions that a filter asks for; `more` adds those that only one table has. `time` is the column that `from` and `to` are about,
 * `since` what `from` asks for where that is not that the row's own instant is no earlier.
 * @throws InvalidInputError
 */
export function readFilter(
  filter: LedgerFilter,
  time: string,
  more: (where: Where, read: ReadFilter) => void = () => {},
  since = `${time} >= ?`,
): Where {
  requireObject(filter, 'filter');
  return readOrThrow('filter', (report) => {
    const read: ReadFilter = (field, value, reader) => (value === undefined ? undefined : reader(value, field, report));
    const from = read('from', filter.from, readInstant);
    const to = read('to', filter.to, readInstant);
    if (from && to && from > to)
      report({ code: 'WINDOW_REVERSED', path: 'to', value: to, rule: `to is not before from (${from.toISOString()})` });
    const where = new Where()
      .and('symbol = ?', read('symbol', filter.symbol, readSymbol))
      .and('timeframe = ?', read('timeframe', filter.timeframe, readTimeframe))
      .and(since, from && instant(from))
      .and(`${time} < ?`, to && instant(to));
    more(where, read);
    return where;
  });
}

/** Reads a confidence score to filter by. */
export function readConfidence(value: unknown, path: string, report: Report): number | undefined {
  return readWholeNumber(value, 'a confidence score', [0, 100], path, report);
}
