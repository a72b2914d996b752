import { bucketOf } from '../domain/microseconds.js';
import type { MarketSymbol } from '../domain/symbol.js';
import { intervalSpan, type TickInterval } from '../domain/tick-interval.js';
import type { ScaledTrade } from '../domain/trade.js';
import type { TradeBar } from '../domain/trade-bar.js';
import { TradeTally } from './bar-builder-tally.js';

/** What bars were made of, and what not. Where two intervals are built, a trade counts in each. */
export interface BarBuilderStats {
  /** Trades that were added. */
  readonly trades: number;
  /** Trades that had come already: the same symbol, instant and id. */
  readonly duplicates: number;
  /** Bars that were handed out for the first time. */
  readonly bars: number;
  /** Bars that were handed out again, since a late trade changed them. */
  readonly corrected: number;
  /** Trades that came when their bar's time was over; corrected, or dropped. */
  readonly late: number;
  /** Late trades that are in no bar: `late: 'count'`, or beyond `keep`. */
  readonly dropped: number;
  /** Trades of bars that open before `from`. */
  readonly early: number;
  /** What is in memory at this moment: bars that are not finished, finished ones that late trades may correct, and ids of trades. */
  readonly open: number;
  readonly kept: number;
  readonly ids: number;
}

export type Counts = { -readonly [Name in keyof Omit<BarBuilderStats, keyof Held>]: number };

export type Held = Pick<BarBuilderStats, 'open' | 'kept' | 'ids'>;

/** In microseconds. */
export interface SymbolRules {
  readonly intervals: readonly TickInterval[];
  readonly lateness: bigint;
  /** How long after its end a bar takes late trades; 0: never. */
  readonly keep: bigint;
  readonly from: bigint | undefined;
}

/** The bars of one interval, by their openings. */
interface Lane {
  readonly interval: TickInterval;
  readonly span: bigint;
  readonly open: Map<bigint, TradeTally>;
  /** Handed out, and kept for late trades. */
  readonly finished: Map<bigint, TradeTally>;
  /** Finished ones that changed. */
  readonly touched: Set<bigint>;
}

/** The ids of as many microseconds lie in one set. */
const PAGE_OF_IDS = intervalSpan('1m');

/** The bars of one symbol. Its watermark is the instant up to which trades are taken to have come. */
export class SymbolBars {
  readonly #symbol: MarketSymbol;
  readonly #rules: SymbolRules;
  readonly #counts: Counts;
  readonly #lanes: readonly Lane[];
  readonly #ids = new Map<bigint, Set<string>>();
  #watermark: bigint | undefined;

  constructor(symbol: MarketSymbol, rules: SymbolRules, counts: Counts) {
    this.#symbol = symbol;
    this.#rules = rules;
    this.#counts = counts;
    this.#lanes = rules.intervals.map((interval) => {
      const [open, finished] = [new Map<bigint, TradeTally>(), new Map<bigint, TradeTally>()];
      return { interval, span: intervalSpan(interval), open, finished, touched: new Set<bigint>() };
    });
  }

  get held(): Held {
    const held = { open: 0, kept: 0, ids: 0 };
    for (const { open, finished } of this.#lanes) {
      held.open += open.size;
      held.kept += finished.size;
    }
    for (const page of this.#ids.values()) held.ids += page.size;
    return held;
  }

  add(trade: ScaledTrade): void {
    if (this.#isDuplicate(trade)) {
      this.#counts.duplicates += 1;
      return;
    }
    for (const lane of this.#lanes) this.#count(lane, trade);
    this.advance(trade.timestamp);
  }

  advance(at: bigint): void {
    const watermark = at - this.#rules.lateness;
    if (this.#watermark === undefined || watermark > this.#watermark) this.#watermark = watermark;
  }

  /** The bars whose time is over, and those that changed since, of each interval oldest first. */
  take(): TradeBar[] {
    const bars: TradeBar[] = [];
    if (this.#watermark === undefined) return bars;
    const forget = this.#watermark - this.#rules.keep;
    for (const lane of this.#lanes) {
      const over = [...lane.open.keys()].filter((opening) => opening + lane.span <= this.#watermark!);
      this.#counts.bars += over.length;
      this.#counts.corrected += lane.touched.size;
      for (const opening of over) {
        lane.finished.set(opening, lane.open.get(opening)!);
        lane.open.delete(opening);
      }
      const openings = [...over, ...lane.touched].sort((a, b) => (a < b ? -1 : 1));
      for (const opening of openings)
        bars.push(lane.finished.get(opening)!.toBar(this.#symbol, lane.interval, opening));
      lane.touched.clear();
      removeOld(lane.finished, lane.span, forget);
    }
    removeOld(this.#ids, PAGE_OF_IDS, forget);
    return bars;
  }

  #count(lane: Lane, trade: ScaledTrade): void {
    const { from, keep } = this.#rules;
    const opening = bucketOf(trade.timestamp, lane.span);
    if (from !== undefined && opening < from) {
      this.#counts.early += 1;
      return;
    }
    const end = opening + lane.span;
    const late = this.#watermark !== undefined && end <= this.#watermark;
    if (late) {
      this.#counts.late += 1;
      if (end <= this.#watermark! - keep) {
        this.#counts.dropped += 1;
        return;
      }
    }
    const finished = lane.finished.get(opening);
    if (finished) lane.touched.add(opening);
    const tally = finished ?? lane.open.get(opening);
    if (tally) tally.add(trade);
    else lane.open.set(opening, new TradeTally(trade));
  }

  #isDuplicate({ timestamp, tradeId }: ScaledTrade): boolean {
    if (tradeId === null) return false;
    const page = bucketOf(timestamp, PAGE_OF_IDS);
    // Beyond what is kept it is late, and so in no bar, whether it came before or not.
    if (this.#watermark !== undefined && page + PAGE_OF_IDS <= this.#watermark - this.#rules.keep) return false;
    const key = `${timestamp} ${tradeId}`;
    const ids = this.#ids.get(page);
    if (ids?.has(key)) return true;
    if (ids) ids.add(key);
    else this.#ids.set(page, new Set([key]));
    return false;
  }
}

/** Most lie in the order of their openings; one that came late may stay until those before it go. */
function removeOld(kept: Map<bigint, unknown>, span: bigint, forget: bigint): void {
  for (const opening of kept.keys()) {
    if (opening + span > forget) return;
    kept.delete(opening);
  }
}
