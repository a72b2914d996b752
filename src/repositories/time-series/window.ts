import {
  EARLIEST_MICROSECOND,
  formatMicroseconds,
  LATEST_MICROSECOND,
  type MicrosecondInput,
  readMicroseconds,
} from '../../domain/microseconds.js';
import { readOrThrow } from '../../domain/problem.js';
import type { AnyTable, SeriesName } from './table.js';

/** A stretch `[from, to)`: a row at `from` belongs to it, a row at `to` does not. Without a bound: to the series' own end. */
export interface TickWindow {
  /** First instant that belongs to it. */
  readonly from?: MicrosecondInput | undefined;
  /** First instant that no longer does. */
  readonly to?: MicrosecondInput | undefined;
}

/** In microseconds since the epoch; both bounds belong to it. It is empty where the last is before the first. */
export interface ReadWindow {
  readonly series: SeriesName;
  readonly first: bigint;
  readonly last: bigint;
  /** Whether the caller left a bound out. */
  readonly open: boolean;
  /** Only rows that are stored as they were known at this instant already. */
  readonly knownAt?: Date | undefined;
}

/** @throws InvalidInputError */
export function readTickWindow<Key>(
  readSeries: (key: Key, report: Parameters<AnyTable['readSeries']>[1]) => SeriesName | undefined,
  input: Key & TickWindow,
): ReadWindow {
  return readOrThrow('window', (report) => {
    if (typeof input !== 'object' || input === null) {
      report({ code: 'WINDOW_INVALID', path: '', value: input, rule: 'not an object with a symbol' });
      return undefined;
    }
    const series = readSeries(input, report);
    const from = input.from === undefined ? EARLIEST_MICROSECOND : readMicroseconds(input.from, 'from', report);
    const to = input.to === undefined ? LATEST_MICROSECOND + 1n : readMicroseconds(input.to, 'to', report);
    if (series === undefined || from === undefined || to === undefined) return undefined;
    if (from > to) {
      const rule = `to is not before from (${formatMicroseconds(from)})`;
      report({ code: 'WINDOW_REVERSED', path: 'to', value: input.to, rule });
    }
    return { series, first: from, last: to - 1n, open: input.from === undefined || input.to === undefined };
  });
}
