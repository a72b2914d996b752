import type { Difference } from '../../database/doctor/report.js';
import type { SeriesKey } from '../../domain/series.js';
import type { Problem, WyckoffError } from '../../errors.js';
import type { LeftOutFile } from '../import/discover.js';
import type { TickFileVerification } from './ticks.js';

/**
 * What is not as the file says, or not as the store writes it.
 *
 * - `rejected`: rows of the file that are no bars, so that nothing can be said of them; where no row is one, even if they may be left out
 * - `series-missing`: the database has no such series
 * - `volume-scale`: the series has another one than the file was read with; then volumes were not compared
 * - `count`: between the file's first and last bar the database has another number of bars (told where only a sample was compared)
 * - `missing`: a bar of the file that is not in the database; `extra`: one between the file's first and last bar that is not in the file
 * - `value`: a bar that both have, with different values
 * - `rule`: a stored bar that breaks low <= open, close <= high or has a negative volume
 * - `ratio`: a stored bar whose spread_ratio or volume_ratio is not what the 20 bars before it make
 * - `catalog`: first, last or count of the series in the catalog are not those of its bars; told with the first file of the series
 */
export type DifferenceKind =
  | 'rejected'
  | 'series-missing'
  | 'volume-scale'
  | 'count'
  | 'missing'
  | 'extra'
  | 'value'
  | 'rule'
  | 'ratio'
  | 'catalog';

/** One of them. Null where it has no such thing. Decimals are exact, as text. */
export interface DifferenceExample {
  /** Of the file, from 1. */
  readonly line: number | null;
  readonly timestamp: Date | null;
  readonly field: string | null;
  /** What the file has, or what should be. */
  readonly expected: string | null;
  /** What the database has. */
  readonly found: string | null;
}

export interface Differences {
  readonly kind: DifferenceKind;
  /** Bars (rows of the file for `rejected`). */
  readonly count: number;
  /** By field, of how many bars it differs. */
  readonly fields: Readonly<Record<string, number>>;
  /** The first of each field. */
  readonly examples: readonly DifferenceExample[];
}

export interface SeriesVerification extends SeriesKey {
  /** That the file has. */
  readonly bars: number;
  /** Opening instants of the file's first and last bar. */
  readonly first: Date;
  readonly last: Date;
  /** Stored bars from the file's first to its last. */
  readonly stored: number;
  /** Bars of the file that were looked for: all, unless a sample was asked for. */
  readonly compared: number;
  /** Null where every bar was compared. */
  readonly sample: { readonly stretches: number } | null;
  /** The database was read as it was at this instant, by its own clock: bars that came later are neither missed nor compared. */
  readonly asOf: Date;
  readonly differences: readonly Differences[];
}

/** What the comparison of one file of bars showed. Where `error` is set the file, or the database, could not be read to its end. */
export interface FileVerification {
  readonly path: string;
  /** Null where it could not be read. */
  readonly kind: 'bars' | null;
  /** No difference, and no error. */
  readonly passed: boolean;
  readonly rows: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Values of the file that were rounded before they were compared, where the options asked for it. */
  readonly rounded: { readonly prices: number; readonly volumes: number };
  readonly problems: readonly Problem[];
  readonly notices: readonly string[];
  readonly series: readonly SeriesVerification[];
  /** Those of the file as a whole. */
  readonly differences: readonly Differences[];
  readonly seconds: number;
  readonly error: WyckoffError | null;
}

/** What the comparison of one file showed; `kind` tells files of ticks from those of bars. */
export type VerifiedFile = FileVerification | (TickFileVerification & { readonly error: null });

/** How the table of the bars is stored, against how it was designed. */
export interface StorageVerification {
  readonly layout: 'plain' | 'timescale';
  /** Whether there was anything to judge: a plain table has no chunks. */
  readonly judged: boolean;
  readonly checked: string;
  readonly differences: readonly Difference[];
}

export interface Verification {
  readonly passed: boolean;
  readonly files: readonly VerifiedFile[];
  /** Files of folders that were not compared, and why. */
  readonly leftOut: readonly LeftOutFile[];
  readonly storage: StorageVerification;
}
