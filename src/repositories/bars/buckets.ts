import { copyStored } from '../../database/copy.js';
import type { Client } from '../../database/session.js';
import { BarBlock, NO_PRICE } from '../../domain/bar-block.js';
import type { MarketSymbol } from '../../domain/symbol.js';
import { EARLIEST_INSTANT, formatInstant } from '../../domain/time.js';
import { type Timeframe, timeframeDuration } from '../../domain/timeframe.js';
import { DatabaseError } from '../../errors.js';
import { type BucketQuery, bucketStatement, GUARD, type StoredQuery } from './bucket-statement.js';
import { AGGREGATED } from './changed-days.js';
import { spanOf, WIDENING } from './nearby.js';
import { readKnownView, readSymbolView, type Stretch, type SymbolView } from './symbol-view.js';

/** Buckets of `[start, end)`, `before` of those before it however far back they lie, and, where asked for, the next one behind it. */
export interface WantedBuckets {
  readonly from: Timeframe;
  readonly to: Timeframe;
  readonly start: number;
  readonly end: number;
  readonly before: number;
  readonly after: boolean;
  /** Where the last closed bucket ends. */
  readonly closed: number;
  readonly at: number;
}

/** The newest `limit` stored bars that open before `end`. */
export interface WantedBars {
  readonly timeframe: Timeframe;
  readonly end: number;
  readonly limit: number;
}

export type Wanted = WantedBuckets | WantedBars;

/** Which relation has the buckets of a timeframe ready. */
export type Aggregates = ReadonlyMap<Timeframe, string>;

/** Bars with how many each was made of; stored ones with what else is stored of them. Prices and volumes as in any block. */
export class Buckets extends BarBlock {
  readonly bars: number[] = [];
  readonly spreadRatio: bigint[] = [];
  readonly volumeRatio: bigint[] = [];
  readonly createdAt: number[] = [];
}

/** How many times it is hoped that nobody writes the symbol between two statements. */
const HOPEFUL_READS = 4;

/**
 * Reads what `choose` wants of a symbol, in one statement. Of a series' stretch and of the days that changed it hears in a statement before that
 * one; so the second says as well whether they still are as they were, and where they are not, all begins anew. Who writes without a pause
 * does not keep a reader from its answer: the last read takes all from the bars and needs to know nothing. With `knownAt`, what the bars were
 * that were known then.
 */
export async function readBuckets(
  client: Client,
  symbol: MarketSymbol,
  aggregates: Aggregates,
  choose: (view: SymbolView) => readonly Wanted[],
  knownAt?: number,
): Promise<{ readonly view: SymbolView; readonly wanted: readonly Wanted[]; readonly answers: readonly Buckets[] }> {
  for (let read = 1; ; read += 1) {
    const view =
      knownAt === undefined
        ? await readSymbolView(client, symbol, aggregates.values())
        : await readKnownView(client, symbol, knownAt);
    const wanted = choose(view);
    const hopeful = read <= HOPEFUL_READS;
    const relations = view.aggregated ? aggregates : new Map();
    const answers = await readAsSeen(client, symbol, view, wanted, hopeful ? relations : undefined, knownAt);
    if (answers) return { view, wanted, answers };
  }
}

/** Undefined where the view is out of date. Without `aggregates` nothing depends on it. */
async function readAsSeen(
  client: Client,
  symbol: MarketSymbol,
  view: SymbolView,
  wanted: readonly Wanted[],
  aggregates: Aggregates | undefined,
  knownAt: number | undefined,
): Promise<Buckets[] | undefined> {
  const reaches = wanted.map((each) => new Reach(each, view, aggregates !== undefined));
  for (;;) {
    const queries = wanted.map((each, index) => queryOf(each, reaches[index]!, view, aggregates));
    const { same, answers } = await ask(client, symbol, queries, view.stamp, knownAt);
    if (aggregates && !same) return undefined;
    const short = reaches.filter((reach, index) => reach.widen(answers[index]!));
    if (short.length === 0) return answers;
  }
}

function queryOf(
  wanted: Wanted,
  { low, high }: Stretch,
  view: SymbolView,
  aggregates: Aggregates | undefined,
): BucketQuery | StoredQuery {
  if ('timeframe' in wanted) return { ...wanted, low, high };
  const relation = wanted.from === AGGREGATED ? aggregates?.get(wanted.to) : undefined;
  return { ...wanted, low, high, relation, changed: view.changed };
}

/** How far one of them is read: no further than bars can be expected, since TimescaleDB plans every chunk in between; then further. */
class Reach implements Stretch {
  low: number;
  high: number;
  readonly #wanted: Wanted;
  readonly #lowest: number;
  readonly #highest: number;
  #span: number;

  /** `bounded`: no further than the series reaches. */
  constructor(wanted: Wanted, view: SymbolView, bounded: boolean) {
    const stored = 'timeframe' in wanted;
    const grid = stored ? 1 : timeframeDuration(wanted.to);
    const series = view.series.get(stored ? wanted.timeframe : wanted.from);
    const floor = (instant: number) => Math.floor(instant / grid) * grid;
    const closed = stored ? wanted.end : wanted.closed;
    this.#wanted = wanted;
    this.#lowest = floor(bounded ? (series?.first.getTime() ?? 0) : EARLIEST_INSTANT);
    this.#highest = bounded ? Math.min(closed, series ? floor(series.last.getTime()) + grid : 0) : closed;
    this.#span =
      Math.ceil(spanOf(stored ? wanted.timeframe : wanted.to, stored ? wanted.limit : wanted.before) / grid) * grid;
    this.low = this.#lowOf();
    this.high = this.#highOf();
  }

  /** Whether it came back short and there is more to read; then it reaches further. */
  widen(found: Buckets): boolean {
    const { before, after } = this.#missing(found);
    if (!before && !after) return false;
    this.#span *= WIDENING;
    if (before) this.low = this.#lowOf();
    if (after) this.high = this.#highOf();
    return true;
  }

  #missing(found: Buckets): { before: boolean; after: boolean } {
    const wanted = this.#wanted;
    const mayHaveMore = { before: this.low > this.#lowest, after: this.high < this.#highest };
    if ('timeframe' in wanted) return { before: mayHaveMore.before && found.length < wanted.limit, after: false };
    let [before, after] = [0, 0];
    for (let index = 0; index < found.length; index += 1) {
      if (found.timestamp[index]! < wanted.start) before += 1;
      else if (found.timestamp[index]! >= wanted.end) after += 1;
    }
    return {
      before: mayHaveMore.before && before < wanted.before,
      after: mayHaveMore.after && wanted.after && after === 0,
    };
  }

  #lowOf(): number {
    const wanted = this.#wanted;
    return Math.max(('timeframe' in wanted ? wanted.end : wanted.start) - this.#span, this.#lowest);
  }

  #highOf(): number {
    const wanted = this.#wanted;
    const behind = 'timeframe' in wanted || !wanted.after ? 0 : this.#span;
    return Math.min(wanted.end + behind, this.#highest);
  }
}

/** BIGINT, as the volume of a stored bar is. */
const LARGEST_VOLUME = 2n ** 63n - 1n;

async function ask(
  client: Client,
  symbol: MarketSymbol,
  queries: readonly (BucketQuery | StoredQuery)[],
  stamp: string,
  knownAt: number | undefined,
): Promise<{ same: boolean; answers: Buckets[] }> {
  const stored = queries.some((query) => 'limit' in query);
  const answers = queries.map(() => new Buckets());
  let same = false;
  let tooLarge: number | undefined;
  await copyStored(client, bucketStatement(client, symbol, queries, stamp, stored, knownAt), (row) => {
    const number = Number(row.int8());
    const timestamp = row.instant();
    const [open, high, low, close] = [row.scaled(8, 0n), row.scaled(8, 0n), row.scaled(8, 0n), row.scaled(8, 0n)];
    const volume = row.scaled(0, 0n);
    const vwap = row.scaled(8, NO_PRICE);
    const bars = Number(row.int8());
    if (number === GUARD) {
      same = bars === 1;
      return;
    }
    if (volume > LARGEST_VOLUME) tooLarge = timestamp;
    const block = answers[number]!;
    block.push({ timestamp, open, high, low, close, volume, vwap, source: null }, 0);
    block.bars.push(bars);
    if (!stored || !('limit' in queries[number]!)) return;
    block.spreadRatio.push(row.scaled(4, 0n));
    block.volumeRatio.push(row.scaled(4, 0n));
    block.source[block.length - 1] = row.text();
    block.createdAt.push(row.instant());
  });
  if (tooLarge !== undefined) {
    const message = `the volumes of ${symbol} from ${formatInstant(new Date(tooLarge))} on add up to more than a volume can be`;
    throw new DatabaseError('VOLUME_TOO_LARGE', message, { hint: 'resample to a finer timeframe' });
  }
  return { same, answers };
}
