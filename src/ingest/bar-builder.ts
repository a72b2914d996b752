import { readChoice } from '../domain/choice.js';
import { type MicrosecondInput, readMicroseconds } from '../domain/microseconds.js';
import { type Report, readOrThrow } from '../domain/problem.js';
import { type MarketSymbol, readSymbol } from '../domain/symbol.js';
import { readInterval, type TickInterval } from '../domain/tick-interval.js';
import { readTrade, type ScaledTrade, type TradeInput } from '../domain/trade.js';
import type { TradeBar } from '../domain/trade-bar.js';
import { readWholeNumber } from '../domain/whole-number.js';
import { InvalidInputError, type Problem } from '../errors.js';
import { type BarBuilderStats, type Counts, SymbolBars, type SymbolRules } from './bar-builder-symbol.js';

export interface BarBuilderOptions {
  /** How long the bars last. Default: `['1m']`. */
  readonly intervals?: readonly TickInterval[];
  /**
   * Milliseconds by which trades may come behind the newest of their symbol. A bar is finished when its end is that far behind. Default 2,000.
   */
  readonly lateness?: number;
  /** A trade that comes later still: its bar is handed out again, corrected, or the trade is counted and left out. Default: `correct`. */
  readonly late?: 'correct' | 'count';
  /** Milliseconds for which finished bars are kept for corrections; what comes even later is counted and left out. Default: five minutes. */
  readonly keep?: number;
  /**
   * No bar that opens before is built. A feed that begins in the middle of a minute has only a part of its first bar: give the instant at which it
   * begins. Default: every bar is built.
   */
  readonly from?: MicrosecondInput;
  /** Takes prices at or below zero. */
  readonly allowNonPositive?: boolean;
}

interface Entry {
  readonly symbol: MarketSymbol;
  readonly trade: ScaledTrade;
}

const LATENESS = 2_000;
const KEEP = 300_000;
const LONGEST = 86_400_000;

/**
 * Makes bars of trades while they come, equal in every value to what `store.trades.bars` answers for the same trades. A bar is finished by the
 * watermark of its symbol: the newest instant that was seen, less the lateness. A second or minute without a trade has no bar.
 *
 * In memory are the unfinished bars, and those of the last `keep` milliseconds with the ids of their trades: nothing grows with time.
 * Trades may come in any order. One that comes twice, with the same instant and id, counts once; trades without ids count each time.
 */
export class BarBuilder {
  readonly #rules: SymbolRules;
  readonly #allowNonPositive: boolean;
  readonly #symbols = new Map<MarketSymbol, SymbolBars>();
  readonly #counts: Counts = { trades: 0, duplicates: 0, bars: 0, corrected: 0, late: 0, dropped: 0, early: 0 };

  /** @throws InvalidInputError */
  constructor(options: BarBuilderOptions = {}) {
    this.#rules = readOrThrow('options', (report) => readRules(options, report));
    this.#allowNonPositive = options.allowNonPositive ?? false;
  }

  /**
   * Takes trades of any symbols, and answers the bars that they finished, and those that late ones corrected; of each symbol and interval oldest
   * first. A bar of a minute goes into `store.ingest.add` by way of {@link toBarInput}.
   * @throws InvalidInputError naming every bad trade by its position; then none was taken
   */
  add(trades: TradeInput | readonly TradeInput[]): TradeBar[] {
    const entries = this.#read(Array.isArray(trades) ? trades : [trades]);
    const touched = new Set<SymbolBars>();
    for (const { symbol, trade } of entries) {
      const bars = this.#barsOf(symbol);
      this.#counts.trades += 1;
      bars.add(trade);
      touched.add(bars);
    }
    return [...touched].flatMap((bars) => bars.take());
  }

  /**
   * Says that time has come to `at`, for all symbols: where nobody trades, nothing else finishes a bar. Answers those that are finished now.
   * @throws InvalidInputError
   */
  advance(at: MicrosecondInput): TradeBar[] {
    const instant = readOrThrow('instant', (report) => readMicroseconds(at, 'at', report, () => {}));
    return [...this.#symbols.values()].flatMap((bars) => {
      bars.advance(instant);
      return bars.take();
    });
  }

  get stats(): BarBuilderStats {
    const total = { open: 0, kept: 0, ids: 0 };
    for (const { held } of this.#symbols.values()) {
      total.open += held.open;
      total.kept += held.kept;
      total.ids += held.ids;
    }
    return { ...this.#counts, ...total };
  }

  #barsOf(symbol: MarketSymbol): SymbolBars {
    const known = this.#symbols.get(symbol);
    if (known) return known;
    const bars = new SymbolBars(symbol, this.#rules, this.#counts);
    this.#symbols.set(symbol, bars);
    return bars;
  }

  #read(trades: readonly TradeInput[]): Entry[] {
    const entries: Entry[] = [];
    const problems: Problem[] = [];
    const rules = { allowNonPositive: this.#allowNonPositive };
    for (const [row, input] of trades.entries()) {
      const report: Report = (problem) => problems.push({ ...problem, row });
      if (typeof input !== 'object' || input === null) {
        report({ code: 'ROW_INVALID', path: '', value: input, rule: 'not one of trades' });
        continue;
      }
      const symbol = readSymbol(input.symbol, 'symbol', report);
      const trade = readTrade(input, rules, report);
      if (symbol && trade) entries.push({ symbol, trade });
    }
    if (problems.length > 0) throw new InvalidInputError(problems, 'trades');
    return entries;
  }
}

function readRules(options: BarBuilderOptions, report: Report): SymbolRules | undefined {
  const { intervals = ['1m'], late = 'correct', lateness = LATENESS, keep = KEEP } = options;
  const read = new Set(intervals.map((interval) => readInterval(interval, 'intervals', report)));
  const policy = readChoice(late, ['correct', 'count'] as const, 'late', 'late', report);
  const allowed = readWholeNumber(lateness, 'a lateness in milliseconds', [0, LONGEST], 'lateness', report);
  const kept = readWholeNumber(keep, 'a time in milliseconds', [0, LONGEST], 'keep', report);
  const from = options.from === undefined ? undefined : readMicroseconds(options.from, 'from', report, () => {});
  if (policy === undefined || allowed === undefined || kept === undefined) return undefined;
  return {
    intervals: [...read].filter((interval) => interval !== undefined),
    lateness: BigInt(allowed) * 1000n,
    keep: policy === 'correct' ? BigInt(kept) * 1000n : 0n,
    from,
  };
}
