import type { Problem, WyckoffError } from '../../errors.js';
import type { UpsertCounts } from '../../repositories/bars/bar-repository.js';
import type { SeriesName } from '../../repositories/time-series/table.js';
import type { TickKind } from '../read/ticks/tick-source.js';
import type { LeftOutFile } from './discover.js';

/** What became of the rows that a file has of one series. `timeframe` is empty for trades, quotes and order books, `name` for all but indicators. */
export interface ImportedSeries extends SeriesName, UpsertCounts {
  readonly kind: 'bars' | TickKind;
  /** Of the file's rows; those of ticks are cut to milliseconds. */
  readonly first: Date;
  readonly last: Date;
}

/** `AAPL 1d` of bars, `SPY trades`, `AAPL 1d rsi`. */
export function seriesTitle({ kind, symbol, timeframe, name }: SeriesName & { readonly kind: string }) {
  return [symbol, timeframe, name, timeframe === '' ? kind : ''].filter((part) => part !== '').join(' ');
}

/** What became of one file. */
export interface FileImport extends UpsertCounts {
  readonly path: string;
  /** Its own, which the revisions and the audit events of its rows carry; it can be undone by it. */
  readonly id: string;
  /**
   * `imported`; `skipped`, since the same content was imported before, in the same way, and its rows are still there; `failed`: nothing of it was
   * written; `checked`: a dry run, nothing was written either, and the counts are those of an import.
   */
  readonly status: 'imported' | 'skipped' | 'failed' | 'checked';
  /** SHA-256, in hexadecimal; null where the file could not be read. */
  readonly contentHash: string | null;
  readonly bytes: number;
  /** Those of bars by symbol and timeframe; empty where the file failed before they were known. */
  readonly series: readonly ImportedSeries[];
  /** How it is laid out: `csv`, or a vendor's; null where it was not read. */
  readonly layout: string | null;
  readonly rows: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** How many values were rounded, where the options asked for it. */
  readonly rounded: { readonly prices: number; readonly volumes: number };
  /** What was wrong with the rejected rows; the first 1,000, and the first 20 once the files before had some 20,000. */
  readonly problems: readonly Problem[];
  readonly leftOut: readonly string[];
  readonly notices: readonly string[];
  /** The first and last instant of all its rows: the opening ones of bars. */
  readonly first: Date | null;
  readonly last: Date | null;
  readonly seconds: number;
  readonly error: WyckoffError | null;
  /** Where it was moved; null where it still stands at its path. */
  readonly archived: string | null;
  /** Why it was not moved though that was asked for. */
  readonly archiveError: WyckoffError | null;
}

/** An import, finished or broken off. */
export interface ImportResult {
  /** `wyckoff import --undo` takes it, unless quotes, books or indicators were changed. A dry run has none that is kept. */
  readonly runId: string;
  readonly dryRun: boolean;
  readonly startedAt: Date;
  readonly seconds: number;
  /** In the order in which they were written. Of an import that was broken off, those that were finished with. */
  readonly files: readonly FileImport[];
  /** Files of the folders that are no data. */
  readonly leftOut: readonly LeftOutFile[];
  readonly totals: ImportTotals;
}

export interface ImportTotals extends UpsertCounts {
  /** All that were found; with those that an import which was broken off did not come to. */
  readonly files: number;
  readonly imported: number;
  readonly skipped: number;
  readonly failed: number;
  readonly rows: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Prices and volumes together. */
  readonly rounded: number;
  readonly archived: number;
  readonly notArchived: number;
}

/** Whether an import can be taken back: bars keep the values that were replaced, other rows do not. */
export function canUndo(files: readonly FileImport[]): boolean {
  const written = files.filter(({ status }) => status === 'imported').flatMap(({ series }) => series);
  return written.every(({ kind, changed }) => kind === 'bars' || changed === 0);
}

export function totalsOf(found: number, files: readonly FileImport[]): ImportTotals {
  const sum = (read: (file: FileImport) => number) => files.reduce((total, file) => total + read(file), 0);
  const having = (holds: (file: FileImport) => boolean) => files.filter(holds).length;
  return {
    files: found,
    imported: having(({ status }) => status === 'imported' || status === 'checked'),
    skipped: having(({ status }) => status === 'skipped'),
    failed: having(({ status }) => status === 'failed'),
    rows: sum(({ rows }) => rows),
    inserted: sum(({ inserted }) => inserted),
    changed: sum(({ changed }) => changed),
    unchanged: sum(({ unchanged }) => unchanged),
    duplicates: sum(({ duplicates }) => duplicates),
    rejected: sum(({ rejected }) => rejected),
    rounded: sum(({ rounded }) => rounded.prices + rounded.volumes),
    archived: having(({ archived }) => archived !== null),
    notArchived: having(({ archiveError }) => archiveError !== null),
  };
}
