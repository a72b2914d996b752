/** A small exchange: a book that changes at random, and the messages that Binance would send of it. The same seed makes the same market. */
export interface SimulatedOptions {
  readonly symbol?: string;
  readonly seed?: number;
  /** Spot: update numbers without gaps, and none of the message before. */
  readonly spot?: boolean;
  /** Milliseconds since the epoch. */
  readonly start?: number;
}

type Levels = [string, string][];

export interface ExpectedBook {
  readonly timestamp: bigint;
  readonly bids: Levels;
  readonly asks: Levels;
}

const TICKS = 100;

export class SimulatedMarket {
  readonly symbol: string;
  /** The best 20 levels behind each diff, plain decimals. */
  readonly books: ExpectedBook[] = [];
  readonly trades: { id: number; timestamp: bigint; price: string; size: string; side: 'buy' | 'sell' }[] = [];
  quotes = 0;
  readonly #spot: boolean;
  readonly #random: () => number;
  readonly #bids = new Map<number, number>();
  readonly #asks = new Map<number, number>();
  #middle = 10_000;
  #update: number;
  #previous: number;
  #trade = 1_000;
  #now: number;

  constructor({
    symbol = 'SIMUSDT',
    seed = 1,
    spot = false,
    start = Date.UTC(2024, 0, 2, 14, 30),
  }: SimulatedOptions = {}) {
    this.symbol = symbol;
    this.#spot = spot;
    this.#random = mulberry(seed);
    this.#now = start;
    this.#update = 5_000_000_000 + seed;
    this.#previous = this.#update;
    for (let offset = 1; offset <= 30; offset += 1) {
      this.#bids.set(this.#middle - offset, 1_000 + offset);
      this.#asks.set(this.#middle + offset, 1_000 + offset);
    }
  }

  get time(): bigint {
    return BigInt(this.#now) * 1000n;
  }

  /** What the REST interface answers now. */
  snapshot(): object {
    const { bids, asks } = this.#top(1_000, true);
    return { lastUpdateId: this.#update, ...(!this.#spot && { E: this.#now, T: this.#now }), bids, asks };
  }

  /** Some messages later. */
  step(): string[] {
    this.#now += 1 + this.#below(400);
    const kind = this.#below(10);
    if (kind < 4) return [this.#diff()];
    return [kind < 7 ? this.#tradeMessage() : this.#ticker()];
  }

  /** As many steps. */
  run(steps: number): string[] {
    return Array.from({ length: steps }, () => this.step()).flat();
  }

  #diff(): string {
    const [b, a]: [Levels, Levels] = [[], []];
    const first = this.#update + 1 + (this.#spot ? 0 : this.#below(5));
    this.#middle += this.#below(3) - 1;
    for (const price of [...this.#bids.keys()]) if (price >= this.#middle) this.#set(this.#bids, price, 0, b);
    for (const price of [...this.#asks.keys()]) if (price <= this.#middle) this.#set(this.#asks, price, 0, a);
    for (let change = 1 + this.#below(4); change > 0; change -= 1) {
      this.#set(this.#bids, this.#middle - 1 - this.#below(40), Math.max(0, this.#below(3_000) - 500), b);
      this.#set(this.#asks, this.#middle + 1 + this.#below(40), Math.max(0, this.#below(3_000) - 500), a);
    }
    this.#update = first + this.#below(7);
    const numbers = { U: first, u: this.#update, ...(!this.#spot && { pu: this.#previous }) };
    this.#previous = this.#update;
    this.books.push({ timestamp: this.time, ...this.#top(20, false) });
    const times = { E: this.#now + (this.#spot ? 0 : 1), ...(!this.#spot && { T: this.#now }) };
    return this.#message('depth@100ms', { e: 'depthUpdate', ...times, s: this.symbol, ...numbers, b, a });
  }

  #tradeMessage(): string {
    this.#trade += 1;
    const m = this.#below(2) === 1;
    const price = amount(this.#middle + (m ? -1 : 1), TICKS, 2);
    const size = amount(1 + this.#below(5_000), 1_000, 3);
    this.trades.push({ id: this.#trade, timestamp: this.time, price, size, side: m ? 'sell' : 'buy' });
    const event = { e: 'trade', E: this.#now + 2, T: this.#now, s: this.symbol, t: this.#trade, p: price, q: size, m };
    return this.#message('trade', { ...event, ...(this.#spot ? { M: true } : { X: 'MARKET' }) });
  }

  #ticker(): string {
    this.quotes += 1;
    const { bids, asks } = this.#top(1, true);
    // A number that no diff has, and that goes on.
    const event = {
      u: this.#update * 10 + this.quotes,
      s: this.symbol,
      b: bids[0]![0],
      B: bids[0]![1],
      a: asks[0]![0],
      A: asks[0]![1],
    };
    return this.#message('bookTicker', this.#spot ? event : { e: 'bookTicker', ...event, T: this.#now, E: this.#now });
  }

  #message(stream: string, data: object): string {
    return JSON.stringify({ stream: `${this.symbol.toLowerCase()}@${stream}`, data });
  }

  #set(side: Map<number, number>, price: number, size: number, told: Levels): void {
    if (size === 0) side.delete(price);
    else side.set(price, size);
    told.push([amount(price, TICKS, 2), amount(size, 1_000, 3)]);
  }

  #top(count: number, padded: boolean): { bids: Levels; asks: Levels } {
    const of = (side: Map<number, number>, direction: 1 | -1): Levels =>
      [...side]
        .sort(([a], [b]) => (a - b) * direction)
        .slice(0, count)
        .map(([price, size]) => [amount(price, TICKS, padded ? 2 : 0), amount(size, 1_000, padded ? 3 : 0)]);
    return { bids: of(this.#bids, -1), asks: of(this.#asks, 1) };
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

/** `value / unit` as text with `places` decimals; 0: as many as it needs. */
function amount(value: number, unit: number, places: number): string {
  return places > 0 ? (value / unit).toFixed(places) : String(value / unit);
}

function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
