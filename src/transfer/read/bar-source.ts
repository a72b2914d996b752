import type { Problem } from '../../errors.js';
import type { DuckDB } from '../duckdb.js';
import type { DateOrder, WrittenTime } from './written-time.js';

/** What a row may tell beyond the values of a bar, as columns of `loaded`. */
export type OptionalColumn = 'symbol' | 'timeframe' | 'volume_scale' | 'source';

/**
 * A file of bars as its format reads it. Everything behind it (which series, time zone, rules, order) knows no format.
 *
 * A format reads a row in one of two ways, which must agree. Nearly all rows are *plain*: SQL reads them, many at once. A row that is
 * written in another way is given as texts ({@link WrittenRow}), one by one, and read by the rules of the domain.
 */
export interface BarSource {
  /** How the file is laid out: `csv`, `yahoo`, `parquet`, ... */
  readonly layout: string;
  readonly rows: number;
  /** For each field, the column that has it. */
  readonly mapping?: Readonly<Record<string, string>>;
  /** Columns that are not imported, by name. */
  readonly leftOut: readonly string[];
  /** What a person should know about how the file was read, as sentences. */
  readonly notices: readonly string[];
  /** The columns of `loaded` that this file has beside those that all have. */
  readonly columns: ReadonlySet<OptionalColumn>;
  /**
   * Of a source whose times are instants: the zone whose clocks show the date of a 1d bar, null where nothing names it. Undefined where a date
   * is kept as it is written.
   */
  readonly dateZone?: string | null | undefined;
  /** What holds for the file as a whole, where no option says otherwise. */
  readonly told: ToldByFile;
  /**
   * Makes the table `loaded`, a row for each row of the file:
   * - `line` BIGINT: the line of a text, the number of a row from 1;
   * - `plain` BOOLEAN: false where the row is not plain; then everything below is NULL;
   * - `written`, `utc` BIGINT: the time as written, and with its own offset applied, in milliseconds since the epoch as if it were UTC;
   * - `zoned` BOOLEAN: the time carries an offset, or is an instant; `slashed` BOOLEAN: it was read as month/day/year;
   * - `open`, `high`, `low`, `close`, `vwap` DECIMAL(18,8), `vwap` NULL where there is none;
   * - `units`, `fraction` BIGINT: the volume's whole part, and its decimals x 10^10 (see `volumeUnits` and `volumeFraction`);
   * - `rounded` BIGINT, only with `round`: how many of the row's prices were rounded half-up to 8 decimals;
   * - and those of {@link columns}: `symbol`, `timeframe`, `source` VARCHAR as written, `volume_scale` BIGINT.
   *
   * No cast may round or choose in silence: a price with a ninth decimal is not plain, unless `round` asks for it.
   */
  load(db: DuckDB, options: { readonly round: boolean }): Promise<void>;
  /** The rows whose `line` is in `table`, in order. No other statement may run on `db` until it has ended; appending may. */
  written(db: DuckDB, table: string): AsyncIterable<WrittenRow>;
}

export interface ToldByFile {
  readonly symbol?: string | undefined;
  /** The one symbol that the names of the columns have in them. */
  readonly symbolOfColumns?: string | undefined;
  readonly timeframe?: string | undefined;
  /** What words in the column `timeframe` mean, beside those that `timeframeOfWord` knows. */
  readonly timeframes?: Readonly<Record<string, string>> | undefined;
  /** IANA zone of times without an offset. */
  readonly timezone?: string | undefined;
  /** Of a new series: what {@link BarSource.columns} does not say. 0 by default. */
  readonly volumeScale?: number | 'auto' | undefined;
  /** Rules for symbols that the file itself tells, see `SymbolRules`. */
  readonly symbolRules?: readonly string[] | undefined;
  /** Which comes first in dates with the year last, where a person says so. */
  readonly dates?: DateOrder | undefined;
  /** The time of day of a 1d bar is that at which its session opened, and says nothing. */
  readonly sessionTimes?: boolean | undefined;
}

/** The fields of one row as texts. Numbers are plain decimals for {@link readDecimal}: without separators, signs of a currency or suffixes. */
export interface WrittenRow {
  readonly line: number;
  /** What is wrong with the row itself or its time. */
  readonly problems: readonly Problem[];
  /** Undefined where the row cannot be taken apart. */
  readonly fields: WrittenFields | undefined;
}

export interface WrittenFields {
  /** Undefined where the text is no time, which {@link WrittenRow.problems} then says. */
  readonly time: WrittenTime | undefined;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  readonly vwap: string | null;
  readonly symbol?: string | undefined;
  readonly timeframe?: string | undefined;
  readonly volumeScale?: string | undefined;
  readonly source?: string | null | undefined;
  /** Where a field stands otherwise in the file than above: its text there, for messages. `timestamp` always. */
  readonly original: Readonly<Record<string, string>>;
}
