import type { Problem } from '../../errors.js';
import type { GivenEntry, ReadRules, SeriesName, TimeSeriesTable, WriteOptions } from './table.js';
import { seriesText } from './table.js';

/** The rows of one series, in the order in which they were given. */
export interface SeriesEntries {
  readonly series: SeriesName;
  readonly entries: GivenEntry[];
}

/** Rows of any number of series as a caller gave them, read and sorted out by series. */
export class EntryBatch {
  /** By {@link seriesText}. */
  readonly series = new Map<string, SeriesEntries>();
  readonly problems: Problem[] = [];
  /** Rows whose nanoseconds were cut. */
  cut = 0;

  /** `firstRow` is the position of the first of these rows in all that the caller gives. */
  constructor(readonly firstRow = 0) {}

  read<Input extends object, Row, Key, Options extends WriteOptions>(
    table: TimeSeriesTable<Input, Row, Key, Options>,
    rows: readonly Input[],
    options: Options & { readonly nanoseconds?: 'reject' | 'cut' | undefined },
  ): this {
    let row = this.firstRow;
    const report = (problem: Problem) => this.problems.push({ ...problem, row });
    const count = () => {
      this.cut += 1;
    };
    const onCut = options.nanoseconds === 'cut' ? count : undefined;
    const rules: ReadRules<Options> = { ...options, onCut };
    const known = new Map<string, SeriesEntries>();
    for (let index = 0; index < rows.length; index += 1, row += 1) {
      const input: (Input & Partial<SeriesName>) | null | undefined = rows[index];
      if (typeof input !== 'object' || input === null) {
        report({ code: 'ROW_INVALID', path: '', value: input, rule: `not one of ${table.subject}` });
        continue;
      }
      const spelling = spellingOf(table.seriesColumns.map((column) => input[column]));
      let one = spelling === undefined ? undefined : known.get(spelling);
      if (one === undefined) {
        const series = table.readSeries(input, report);
        if (series) {
          one = this.#open(series);
          if (spelling !== undefined) known.set(spelling, one);
        }
      }
      const entry = one && table.readEntry(input, one.series, rules, report);
      // Not spread, which takes several times as long.
      if (entry) one!.entries.push({ timestamp: entry.timestamp, id: entry.id, values: entry.values, row });
    }
    return this;
  }

  #open(series: SeriesName): SeriesEntries {
    const name = seriesText(series);
    const one = this.series.get(name) ?? { series, entries: [] };
    this.series.set(name, one);
    return one;
  }
}

/** Of one that is read already a row need not be read again; what is no text never is one. A NUL is in no right name. */
function spellingOf(parts: readonly unknown[]): string | undefined {
  return parts.every((part) => typeof part === 'string') ? parts.join('\0') : undefined;
}

/** In the order of their instants, and of their positions at one instant. */
export function sortEntries(entries: GivenEntry[]): void {
  const sorted = entries.every((entry, index) => index === 0 || entries[index - 1]!.timestamp <= entry.timestamp);
  // A stable sort: those of one instant stay as they were given.
  if (!sorted) entries.sort((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0));
}
