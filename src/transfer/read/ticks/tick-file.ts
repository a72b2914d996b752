import type { MarketSymbol } from '../../../domain/symbol.js';
import { type Problem, WyckoffError } from '../../../errors.js';
import type { Source } from '../archive/source.js';
import type { ReadingOptions } from '../csv-text.js';
import { fileError } from '../file-problem.js';
import type { NamingOptions } from './file-day.js';
import { lastOfInstants } from './last-of-instants.js';
import {
  checkRow,
  instantOf,
  Tally,
  TICK_KINDS,
  type TickBatch,
  type TickKind,
  type TickSource,
} from './tick-source.js';

export interface TickFileOptions extends ReadingOptions, NamingOptions {}

/** The rows that a file has of one kind. */
interface PartOf<Kind extends TickKind> {
  readonly kind: Kind;
  readonly symbols: readonly MarketSymbol[];
  /** What {@link batches} gives; at least one. */
  readonly rows: number;
  /** The earliest and the latest instant, in microseconds since the epoch. */
  readonly first: bigint;
  readonly last: bigint;
  /** No row is before the one in front of it. */
  readonly sorted: boolean;
  /**
   * The rows, checked, in the order of the file; equal rows are all there. Can be read again from the start.
   * @throws WyckoffError `FILE_CHANGED`
   */
  batches(options?: Pick<ReadingOptions, 'signal'>): AsyncIterable<TickBatch<Kind>>;
}

export type TickPart = { [Kind in TickKind]: PartOf<Kind> }[TickKind];

/** A file of trades, quotes, order books or indicators that was read and checked, and is ready to be written. */
export interface TickFile {
  /** `recording` where it has rows of several kinds. */
  readonly kind: TickKind | 'recording';
  readonly path: string;
  /** How the file is written: `lean-trades`, `binance-agg-trades`, ... */
  readonly layout: string;
  /** For each value of a row, the column that has it. */
  readonly mapping: Readonly<Record<string, string>>;
  /** What there is of each kind that has rows. */
  readonly parts: readonly TickPart[];
  readonly symbols: readonly MarketSymbol[];
  /** Rows of the file: those of all parts + `rejected` + `skipped`. */
  readonly rows: number;
  readonly rejected: number;
  /** Rows of something else, and books that another one of the same instant replaced. */
  readonly skipped: number;
  /** Rows whose nanoseconds were cut. */
  readonly cut: number;
  /** What was wrong with the rejected rows, by line; the first 1,000. */
  readonly problems: readonly Problem[];
  readonly leftOut: readonly string[];
  /** What a person should know about how the file was read, as sentences. */
  readonly notices: readonly string[];
  /** Null where no row is right. */
  readonly first: bigint | null;
  readonly last: bigint | null;
  close(): Promise<void>;
}

/** What is found of a kind. */
class Found {
  readonly symbols = new Set<MarketSymbol>();
  rows = 0;
  first: bigint | undefined;
  last: bigint | undefined;
  sorted = true;
  #previous: bigint | undefined;

  add(symbol: MarketSymbol, instant: bigint): void {
    this.symbols.add(symbol);
    this.rows += 1;
    if (this.#previous !== undefined && instant < this.#previous) this.sorted = false;
    this.#previous = instant;
    if (this.first === undefined || instant < this.first) this.first = instant;
    if (this.last === undefined || instant > this.last) this.last = instant;
  }
}

/**
 * Reads a file of ticks and checks every row; nothing is written anywhere. The caller decides what rejected rows mean. The memory is that of a batch.
 * @throws InvalidInputError where the file as a whole cannot be used: `SYMBOL_MISSING`, `DATE_MISSING`, ...
 */
export async function readTickFile(file: Source, source: TickSource, options: TickFileOptions): Promise<TickFile> {
  const path = file.name;
  const tally = new Tally();
  const found = new Map<TickKind, Found>();
  for await (const batch of soundRows(source, tally, options)) {
    options.signal?.throwIfAborted();
    const of = found.get(batch.kind) ?? new Found();
    found.set(batch.kind, of);
    for (const row of batch.rows) of.add(row.symbol as MarketSymbol, instantOf(row));
  }
  const { rows, cut, rejections } = tally;
  if (rows === 0) throw fileError({ code: 'FILE_HAS_NO_ROWS', path: '', value: path, rule: 'the file has no rows' });
  const parts = TICK_KINDS.flatMap((kind) => {
    const of = found.get(kind);
    return of && of.rows > 0 ? [partOf(path, source, kind, of, rejections.count > 0, options)] : [];
  });
  const taken = parts.reduce((sum, part) => sum + part.rows, 0);
  const bounds = parts.flatMap(({ first, last }) => [first, last]).sort((a, b) => (a < b ? -1 : 1));
  const superseded = tally.count('superseded');
  return {
    kind: source.kinds.length > 1 ? 'recording' : source.kinds[0]!,
    path,
    layout: source.layout,
    mapping: source.mapping,
    parts,
    symbols: [...new Set(parts.flatMap(({ symbols }) => symbols))].sort(),
    rows,
    rejected: rejections.count,
    skipped: rows - taken - rejections.count,
    cut,
    problems: rejections.problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    leftOut: source.leftOut,
    notices: [
      ...source.notices(tally),
      ...(cut > 0 ? [`${cut} times were finer than a microsecond, and were cut`] : []),
      ...(superseded > 0 ? [`of several books of one instant the last one counts: ${superseded} were left out`] : []),
    ],
    first: bounds[0] ?? null,
    last: bounds.at(-1) ?? null,
    close: () => file.close(),
  };
}

function partOf(
  path: string,
  source: TickSource,
  kind: TickKind,
  { symbols, rows, first, last, sorted }: Found,
  check: boolean,
  { signal }: ReadingOptions,
): TickPart {
  const part = {
    ...{ kind, rows, sorted, symbols: [...symbols].sort() },
    ...{ first: first!, last: last! },
    async *batches(options: Pick<ReadingOptions, 'signal'> = {}) {
      let given = 0;
      for await (const batch of soundRows(source, new Tally(), { signal, ...options }, { kind, check })) {
        given += batch.rows.length;
        if (given > rows) break;
        if (batch.rows.length > 0) yield batch;
      }
      if (given === rows) return;
      throw new WyckoffError('FILE_CHANGED', `${path} was read twice and had ${rows} rows, then ${given}`, {
        hint: 'is something still writing to the file? Import it again when it is complete',
      });
    },
  };
  return part as unknown as TickPart;
}

/** The right rows; the others are counted. Those of a second reading need no check where all were right. */
async function* soundRows(
  source: TickSource,
  tally: Tally,
  options: ReadingOptions,
  { kind, check = true }: { readonly kind?: TickKind; readonly check?: boolean } = {},
): AsyncGenerator<TickBatch, void> {
  const batches = source.batches(tally, options, kind);
  for await (const batch of lastOfInstants(check ? checked(source, batches, tally) : batches, tally)) {
    if (kind === undefined || batch.kind === kind) yield batch;
  }
}

async function* checked(
  { own }: TickSource,
  batches: AsyncIterable<TickBatch>,
  tally: Tally,
): AsyncGenerator<TickBatch, void> {
  const rules = { allowNonPositive: own };
  let problems: Problem[] = [];
  const report = (problem: Problem) => problems.push(problem);
  for await (const { kind, rows, lines } of batches) {
    const sound: object[] = [];
    const places: number[] = [];
    for (let index = 0; index < rows.length; index += 1) {
      const row = rows[index]!;
      if (checkRow(kind, row as never, rules, report)) {
        sound.push(row);
        places.push(lines[index]!);
      } else {
        tally.reject(lines[index]!, problems);
        problems = [];
      }
    }
    yield { kind, rows: sound, lines: places } as unknown as TickBatch;
  }
}
