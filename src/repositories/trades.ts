import type { Session } from '../database/session.js';
import { Decimal } from '../domain/decimal.js';
import { readOrThrow } from '../domain/problem.js';
import type { MarketSymbol } from '../domain/symbol.js';
import { intervalSpan, readInterval, type TickInterval } from '../domain/tick-interval.js';
import { readTrade, type Trade, type TradeInput, type TradeSide } from '../domain/trade.js';
import type { TradeBar } from '../domain/trade-bar.js';
import type { AuditContext } from './audit/append.js';
import { type BucketWindow, closedBuckets, iterateBuckets, readAt } from './time-series/buckets.js';
import { decimal, text } from './time-series/column.js';
import { TimeSeriesRepository } from './time-series/repository.js';
import { readSymbolSeries, type SymbolKey, type TickWriteOptions } from './time-series/symbol-series.js';
import type { TimeSeriesTable } from './time-series/table.js';
import type { ReadWindow } from './time-series/window.js';
import { readTradeBars } from './trade-bars.js';

/** How trades are written. */
export interface TradeWriteOptions extends TickWriteOptions {
  /** Lets a trade take the place of a stored one with its id and other values, which otherwise is a conflict. */
  readonly replace?: boolean | undefined;
}

const OWN_ID = /^#(\d+)$/;

export const TRADES: TimeSeriesTable<TradeInput, Trade, SymbolKey, TradeWriteOptions> = {
  relation: 'trades',
  subject: 'trades',
  seriesColumns: ['symbol'],
  facts: true,
  identity: {
    column: text('trade_id'),
    field: 'tradeId',
    // Numbers among the ids, which most are, by their value.
    order: ['length(trade_id)', 'trade_id COLLATE "C"'],
    placeOf: (id) => {
      const place = OWN_ID.exec(id as string)?.[1];
      return place === undefined ? undefined : BigInt(place);
    },
    idAt: (place) => `#${place}`,
  },
  values: [decimal('price'), decimal('size'), text('side')],
  select: ['trade_id', 'price', 'size', 'side', 'created_at'],
  readSeries: readSymbolSeries,
  readEntry(input, _series, rules, report) {
    const trade = readTrade(input, rules, report);
    return trade && { timestamp: trade.timestamp, id: trade.tradeId, values: [trade.price, trade.size, trade.side] };
  },
  toRow({ symbol }, timestamp, fields) {
    const [id, price, size, side, createdAt] = fields as [string, string, string, TradeSide | null, Date];
    const own = id.startsWith('#');
    return {
      symbol: symbol as MarketSymbol,
      timestamp,
      tradeId: own ? null : id,
      ordinal: own ? Number(id.slice(1)) : null,
      price: new Decimal(price),
      size: new Decimal(size),
      side,
      createdAt,
    };
  },
};

/** Which bars of trades: those that open in `[from, to)` and had closed by `at`. */
export interface TradeBarWindow extends SymbolKey, BucketWindow {
  /** How long each bar is. */
  readonly interval: TickInterval;
}

/** Trades a page of {@link TradeRepository.iterateBars}. */
const PAGE = 20_000;

/**
 * The trades. They come back oldest first, those of one instant in the order of their ids; windows are half-open. Every method throws an
 * InvalidInputError for arguments that break a rule and a DatabaseError when the database refuses.
 */
export class TradeRepository extends TimeSeriesRepository<TradeInput, Trade, SymbolKey, TradeWriteOptions> {
  constructor(session: Session, context: AuditContext) {
    super(TRADES, session, context);
  }

  /**
   * The trades as bars of a second or a minute, oldest first. A bucket without a trade has no bar. A bar that had not closed by `at` (default:
   * now) is never among them. For long windows there is {@link iterateBars}.
   *
   * @example
   * const seconds = await store.trades.bars({
   *   symbol: 'BTCUSDT',
   *   interval: '1s',
   *   from: '2024-08-08T09:00:00Z',
   *   to: '2024-08-08T09:05:00Z',
   * });
   */
  async bars(input: TradeBarWindow): Promise<TradeBar[]> {
    const { window, interval } = this.#buckets(input);
    return this.session.withClient((client) => readTradeBars(client, TRADES, window, interval));
  }

  /**
   * As {@link bars}, one by one, in constant memory: about 20,000 trades a page.
   *
   * @throws the signal's reason
   * @example
   * for await (const bar of store.trades.iterateBars({ symbol: 'BTCUSDT', interval: '1m', from: '2024-08-08' })) {
   *   console.log(bar.timestamp, bar.close.toFixed(), bar.volume.toFixed());
   * }
   */
  async *iterateBars(
    input: TradeBarWindow & { readonly signal?: AbortSignal },
  ): AsyncGenerator<TradeBar, void, undefined> {
    const { window, interval } = this.#buckets(input);
    const page = { span: intervalSpan(interval), size: PAGE, signal: input.signal };
    yield* iterateBuckets(this.session, TRADES, window, page, (client, part) =>
      readTradeBars(client, TRADES, part, interval),
    );
  }

  #buckets(input: TradeBarWindow): { window: ReadWindow; interval: TickInterval } {
    const window = this.window(input);
    const interval = readOrThrow('window', (report) => readInterval(input.interval, 'interval', report));
    return { window: closedBuckets(window, intervalSpan(interval), readAt(input.at)), interval };
  }
}
