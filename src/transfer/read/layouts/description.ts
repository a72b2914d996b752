import type { DateOrder, EpochUnit } from '../written-time.js';

/** Where the values of a bar stand in a text. `time` is a time of day that stands apart from its date. */
export const TEXT_FIELDS = [
  'timestamp',
  'time',
  'open',
  'high',
  'low',
  'close',
  'volume',
  'vwap',
  'symbol',
  'timeframe',
  'volumeScale',
  'source',
] as const;
export type TextField = (typeof TEXT_FIELDS)[number];

export const REQUIRED_FIELDS = ['timestamp', 'open', 'high', 'low', 'close', 'volume'] as const;

export const DELIMITERS = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof DELIMITERS)[number];

/**
 * How a text of bars is laid out: all that its header and its values do not tell themselves. The known layouts are such descriptions, and a
 * mapping file (`--map`) is one.
 */
export interface LayoutDescription {
  /** Its name: `yahoo`. */
  readonly layout: string;
  /** The names that each field's column may have. Case, blanks, points, dashes, underscores and angle brackets do not count; `*` stands for the symbol. */
  readonly columns: Readonly<Partial<Record<TextField, string | readonly string[]>>>;
  /** Default: the one that finds most of the columns. */
  readonly delimiter?: Delimiter | undefined;
  /** Lines before the first row; 1 by default. */
  readonly header?: number | undefined;
  /** Which of them has the names of the columns, from 1; 1 by default. */
  readonly namesLine?: number | undefined;
  /** The names of the columns of a file without a header, in order. */
  readonly names?: readonly string[] | undefined;
  /** Of dates with the year last; month-first by default. */
  readonly dates?: DateOrder | undefined;
  /** Of times that are numbers since the epoch; their digits tell by default. */
  readonly epoch?: EpochUnit | undefined;
  /** Default: what the first rows show. */
  readonly decimal?: '.' | ',' | undefined;
  /** Prices are written as integers x 10^integerPrices. */
  readonly integerPrices?: number | undefined;
  /** Texts that stand for a missing value, beside an empty one. */
  readonly missing?: readonly string[] | undefined;
  /** A volume that is missing is 0, and so is that of a file without a column of volumes. */
  readonly volumeOptional?: boolean | undefined;
  /** What the last line starts with, where it is no row. */
  readonly footer?: string | undefined;
  readonly symbol?: string | undefined;
  readonly timeframe?: string | undefined;
  /** What words in the timeframe's column mean, beside those that `timeframeOfWord` knows. */
  readonly timeframes?: Readonly<Record<string, string>> | undefined;
  readonly timezone?: string | undefined;
  readonly symbolRules?: readonly string[] | undefined;
  readonly volumeScale?: number | 'auto' | undefined;
  /** The time of day of a 1d bar is that at which its session opened, and says nothing. */
  readonly sessionTimes?: boolean | undefined;
}

/** A layout that is recognised by the content of a file, never by its name. */
export interface KnownLayout extends LayoutDescription {
  /** Names of columns that must be there too. */
  readonly marks?: readonly string[];
  /** The names must be written exactly so. */
  readonly exact?: boolean;
  /** What the header's lines start with; of the first two, that without the columns' names has the symbol in all of them. */
  readonly headerStarts?: readonly RegExp[];
  /** What the first row's columns look like, in order. */
  readonly looks?: readonly RegExp[];
  /** What the file's name tells, as groups `symbol` and `timeframe`. */
  readonly fileName?: RegExp;
  /** Prices have a point, all of them: where none has, they may be integers of another scale. */
  readonly pointed?: boolean;
  /** What a person should know. */
  readonly notice?: string;
}
