import { setTimeout as sleep } from 'node:timers/promises';
import type { BarInput } from '../../domain/bar.js';
import { readMicroseconds } from '../../domain/microseconds.js';
import type { TradeInput } from '../../domain/trade.js';
import type { TradeBar } from '../../domain/trade-bar.js';
import { InvalidInputError, QueueFullError, RowsNotWrittenError } from '../../errors.js';
import type { BarBuilder } from '../bar-builder.js';
import type { Ingest } from '../ingest.js';
import { toBarInput } from '../trade-bar-input.js';
import type { FeedEvent } from './adapter.js';

export interface IngestFeedOptions {
  /** Ends the feed: what had come by then is still taken. */
  readonly signal?: AbortSignal | undefined;
  /** Makes bars of the trades; those of a minute are added too. Quotes and books move its time on, so that a minute ends without a trade after it. */
  readonly bars?: BarBuilder | undefined;
  /** The decimals of the bars' volumes, where a series does not exist yet. Default 0. */
  readonly volumeScale?: number | ((symbol: string) => number) | undefined;
  /** The `source` of the bars. */
  readonly source?: string | undefined;
  /** Hears of every bar that was finished or corrected, of a second too. What it throws ends the feed. */
  readonly onBars?: ((bars: readonly TradeBar[]) => void) | undefined;
  /** Hears of rows that were refused; the others are taken. What it throws ends the feed. */
  readonly onRefused?: ((error: InvalidInputError | RowsNotWrittenError) => void) | undefined;
}

/** Rows that the ingest took, and rows that were refused. */
export interface IngestFeedReport {
  readonly trades: number;
  readonly quotes: number;
  readonly orderBooks: number;
  /** A bar that was corrected counts again. */
  readonly bars: number;
  readonly refused: number;
}

/** Milliseconds until a queue that refuses is asked again. */
const PAUSE = 50;

/** Gives events to the ingest, and bars that they make. A row that is refused costs no other. */
export class FeedWriter {
  readonly #ingest: Ingest;
  readonly #options: IngestFeedOptions;
  readonly #counts = { trades: 0, quotes: 0, orderBooks: 0, bars: 0, refused: 0 };

  constructor(ingest: Ingest, options: IngestFeedOptions) {
    this.#ingest = ingest;
    this.#options = options;
  }

  get report(): IngestFeedReport {
    return { ...this.#counts };
  }

  async write(events: readonly FeedEvent[]): Promise<void> {
    const [trades, quotes, orderBooks] = await Promise.all([
      this.#add(rowsOf(events, 'trade'), (rows) => this.#ingest.addTrades(rows)),
      this.#add(rowsOf(events, 'quote'), (rows) => this.#ingest.addQuotes(rows)),
      this.#add(rowsOf(events, 'orderBook'), (rows) => this.#ingest.addOrderBooks(rows, { allowEmptySide: true })),
    ]);
    this.#counts.trades += trades.length;
    this.#counts.quotes += quotes.length;
    this.#counts.orderBooks += orderBooks.length;
    await this.#writeBars(trades, newest([...trades, ...quotes, ...orderBooks]));
  }

  async #writeBars(trades: readonly TradeInput[], at: bigint | undefined): Promise<void> {
    const { bars: builder, onBars, source, volumeScale = 0 } = this.#options;
    if (!builder) return;
    const bars = [...builder.add(trades), ...(at === undefined ? [] : builder.advance(at))];
    if (bars.length === 0) return;
    onBars?.(bars);
    const scaleOf = ({ symbol }: TradeBar) => (typeof volumeScale === 'number' ? volumeScale : volumeScale(symbol));
    const scales = new Map<number, BarInput[]>();
    for (const bar of bars) {
      if (bar.interval !== '1m') continue;
      const scale = scaleOf(bar);
      const row = toBarInput(bar, source);
      const rows = scales.get(scale);
      if (rows) rows.push(row);
      else scales.set(scale, [row]);
    }
    for (const [scale, rows] of scales) {
      const added = await this.#add(rows, (each) => this.#ingest.add(each, { volumeScale: scale }));
      this.#counts.bars += added.length;
    }
  }

  /** Answers the rows that were taken. */
  async #add<Row>(rows: readonly Row[], add: (rows: readonly Row[]) => Promise<void>): Promise<readonly Row[]> {
    const taken: Row[] = [];
    let left = rows;
    let size = rows.length;
    while (left.length > 0) {
      const part = left.slice(0, size);
      try {
        await add(part);
        taken.push(...part);
        left = left.slice(size);
        size *= 2;
      } catch (error) {
        if (error instanceof QueueFullError) {
          // It may have room for some of them, and never has it for more than it is large.
          size = Math.ceil(part.length / 2);
          await sleep(PAUSE);
          continue;
        }
        const refused = refusedRows(error);
        if (!refused) throw error;
        this.#counts.refused += refused.size;
        this.#options.onRefused?.(error as InvalidInputError | RowsNotWrittenError);
        const sound = part.filter((_, position) => !refused.has(position));
        // Of rows that cannot be read none is taken; where some were not written, the others are.
        if (error instanceof RowsNotWrittenError) taken.push(...sound);
        left = [...(error instanceof RowsNotWrittenError ? [] : sound), ...left.slice(size)];
      }
    }
    return taken;
  }
}

/** The positions of rows that are refused for good; undefined where something else is wrong. */
function refusedRows(error: unknown): Set<number> | undefined {
  const named = new Set<number | undefined>();
  if (error instanceof InvalidInputError) for (const { row } of error.problems) named.add(row);
  else if (error instanceof RowsNotWrittenError)
    for (const { row, outcome } of error.rows) named.add(outcome === 'dead-letter' ? row : undefined);
  return named.size > 0 && !named.has(undefined) ? (named as Set<number>) : undefined;
}

type RowOf<Kind extends FeedEvent['kind']> = Extract<FeedEvent, { readonly kind: Kind }>['row'];

function rowsOf<Kind extends FeedEvent['kind']>(events: readonly FeedEvent[], kind: Kind): RowOf<Kind>[] {
  const rows: RowOf<Kind>[] = [];
  for (const event of events) if (event.kind === kind) rows.push(event.row as RowOf<Kind>);
  return rows;
}

function newest(rows: readonly FeedEvent['row'][]): bigint | undefined {
  let newest: bigint | undefined;
  for (const { timestamp } of rows) {
    const instant = readMicroseconds(timestamp, 'timestamp', () => {});
    if (instant !== undefined && (newest === undefined || instant > newest)) newest = instant;
  }
  return newest;
}
