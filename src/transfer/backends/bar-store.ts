import type { BarRepository } from '../../repositories/bars/bar-repository.js';

/**
 * What an engine needs of bars, whoever keeps them: the database, a folder of files, or both. The methods are those of {@link BarRepository},
 * with its arguments, answers and errors.
 */
export interface BarStore
  extends Pick<
    BarRepository,
    'range' | 'latest' | 'first' | 'asOf' | 'count' | 'iterate' | 'series' | 'upsert' | 'delete'
  > {
  /** Releases what was opened. May be called twice. */
  close(): Promise<void>;
}

/** The bars of the database as a {@link BarStore}; `close` is called once. */
export function databaseBars(bars: BarRepository, close: () => Promise<void>): BarStore {
  return {
    range: (input) => bars.range(input),
    latest: (input) => bars.latest(input),
    first: (input) => bars.first(input),
    asOf: (input) => bars.asOf(input),
    count: (input) => bars.count(input),
    iterate: (input) => bars.iterate(input),
    series: (filter) => bars.series(filter),
    upsert: (rows, options) => bars.upsert(rows, options),
    delete: (input) => bars.delete(input),
    close,
  };
}
