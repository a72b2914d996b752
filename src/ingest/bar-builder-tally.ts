import { Decimal, divideHalfUp, formatScaled, fromScaled, PRICE } from '../domain/decimal.js';
import { dateOf } from '../domain/microseconds.js';
import { SIZE } from '../domain/size.js';
import type { MarketSymbol } from '../domain/symbol.js';
import type { TickInterval } from '../domain/tick-interval.js';
import type { ScaledTrade } from '../domain/trade.js';
import type { TradeBar } from '../domain/trade-bar.js';

/** A trade that a bar opens or closes with. */
interface Edge {
  timestamp: bigint;
  /** As the store has it: `#3` is the fourth trade without an id at its instant. */
  id: string;
  price: bigint;
  /** Trades without an id at this instant. */
  unnamed: number;
}

/**
 * The trades of one bar, in whichever order they come. An instant between the edges never becomes one, so that nothing of it needs to be
 * remembered.
 */
export class TradeTally {
  readonly #first: Edge;
  readonly #last: Edge;
  #high: bigint;
  #low: bigint;
  #volume = 0n;
  #buyVolume = 0n;
  #sellVolume = 0n;
  #turnover = 0n;
  #trades = 0;

  constructor(trade: ScaledTrade) {
    this.#first = edgeOf(trade);
    this.#last = edgeOf(trade);
    this.#high = trade.price;
    this.#low = trade.price;
    this.#count(trade);
  }

  add(trade: ScaledTrade): void {
    move(this.#first, trade, -1);
    move(this.#last, trade, 1);
    if (trade.price > this.#high) this.#high = trade.price;
    if (trade.price < this.#low) this.#low = trade.price;
    this.#count(trade);
  }

  toBar(symbol: MarketSymbol, interval: TickInterval, opening: bigint): TradeBar {
    const turnover = formatScaled(this.#turnover, PRICE.scale + SIZE.scale);
    const volume = formatScaled(this.#volume, SIZE.scale);
    return {
      symbol,
      interval,
      timestamp: dateOf(opening),
      open: fromScaled(this.#first.price, PRICE.scale),
      high: fromScaled(this.#high, PRICE.scale),
      low: fromScaled(this.#low, PRICE.scale),
      close: fromScaled(this.#last.price, PRICE.scale),
      volume: new Decimal(volume),
      buyVolume: fromScaled(this.#buyVolume, SIZE.scale),
      sellVolume: fromScaled(this.#sellVolume, SIZE.scale),
      vwap: divideHalfUp(turnover, volume, PRICE.scale),
      trades: this.#trades,
    };
  }

  #count({ price, size, side }: ScaledTrade): void {
    this.#volume += size;
    if (side === 'buy') this.#buyVolume += size;
    if (side === 'sell') this.#sellVolume += size;
    this.#turnover += price * size;
    this.#trades += 1;
  }
}

function edgeOf({ timestamp, tradeId, price }: ScaledTrade): Edge {
  return { timestamp, id: tradeId ?? '#0', price, unnamed: tradeId === null ? 1 : 0 };
}

/** `side` -1: the edge goes to the earlier trade; 1: to the later one. */
function move(edge: Edge, trade: ScaledTrade, side: -1 | 1): void {
  if (trade.timestamp !== edge.timestamp) {
    if (trade.timestamp < edge.timestamp === (side === -1)) Object.assign(edge, edgeOf(trade));
    return;
  }
  const id = trade.tradeId ?? `#${edge.unnamed}`;
  if (trade.tradeId === null) edge.unnamed += 1;
  if (compareIds(id, edge.id) * side <= 0) return;
  edge.id = id;
  edge.price = trade.price;
}

const ASCII = /^[\0-\x7f]*$/;

/** As the store orders the trades of an instant: `length(trade_id), trade_id COLLATE "C"`. */
function compareIds(a: string, b: string): number {
  if (ASCII.test(a) && ASCII.test(b)) return a.length === b.length ? (a < b ? -1 : a > b ? 1 : 0) : a.length - b.length;
  return [...a].length - [...b].length || Buffer.compare(Buffer.from(a), Buffer.from(b));
}
