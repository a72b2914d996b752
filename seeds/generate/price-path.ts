import { SimpleFaker } from '@faker-js/faker';
import { RATIO_WINDOW } from '../../src/domain/bar-ratios.js';
import { isHalfDay, TRADING_DAYS, tradingDayIndex } from './nyse-2024.js';

/*
 * Every price here is an integer number of cents and every step integer arithmetic, so that the same seed gives the same bytes on every
 * machine.
 */

export interface Bar {
  readonly date: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** A day that the schematic fixes. Between two of them the price walks at random, and arrives. */
export interface Waypoint {
  readonly date: string;
  readonly close: number;
  /** The whole bar, where its shape is what makes the event. */
  readonly bar?: Pick<Bar, 'open' | 'high' | 'low'>;
  /** Volume in per cent of the mean of the 20 bars before, where the event asks for one. */
  readonly volume?: number;
  /** On the way here, no bar trades below the first price or above the second; both prices hold the waypoint's close. */
  readonly within?: readonly [lowest: number, highest: number];
  /** Volume on the way here, in per cent of the symbol's usual one. */
  readonly activity?: number;
}

export interface Schematic {
  readonly symbol: string;
  readonly seed: number;
  readonly previousClose: number;
  /** A usual day's high - low, in basis points of the price. */
  readonly dailyRange: number;
  readonly usualVolume: number;
  /** Oldest first; the last one is the year's last trading day. */
  readonly waypoints: readonly Waypoint[];
}

/** Walks the schematic: one bar for every trading day of 2024, oldest first. */
export function walk(schematic: Schematic): Bar[] {
  const faker = new SimpleFaker({ seed: schematic.seed });
  const bars: Bar[] = [];
  let previousClose = schematic.previousClose;
  for (const waypoint of schematic.waypoints) {
    const arrival = tradingDayIndex(waypoint.date);
    while (bars.length <= arrival) {
      const left = arrival - bars.length;
      const bar = left === 0 && waypoint.bar ? fixedBar(waypoint, waypoint.bar) : randomBar(waypoint, left);
      bars.push(bar);
      previousClose = bar.close;
    }
  }
  if (bars.length !== TRADING_DAYS.length) throw new RangeError(`${schematic.symbol} ends after ${bars.length} bars`);
  return bars;

  function fixedBar(waypoint: Waypoint, prices: Pick<Bar, 'open' | 'high' | 'low'>): Bar {
    const { date, close } = waypoint;
    const spread = prices.high - prices.low;
    return { date, ...prices, close, volume: volumeOf(waypoint, date, spread) };
  }

  /** One step of a bridge: what is missing to the waypoint, shared over the days left, and noise that dies away as it comes near. */
  function randomBar(waypoint: Waypoint, left: number): Bar {
    const date = TRADING_DAYS[bars.length]!;
    const usualRange = Math.floor((previousClose * schematic.dailyRange) / 10_000);
    const drift = Math.trunc((waypoint.close - previousClose) / (left + 1));
    const noise = Math.trunc((between(-60, 60) * usualRange * left) / (100 * (left + 1)));
    const close = left === 0 ? waypoint.close : inside(waypoint, previousClose + drift + noise, usualRange);
    const open = inside(waypoint, previousClose + share(usualRange, between(-25, 25)), usualRange);
    const top = Math.max(open, close);
    const bottom = Math.min(open, close);
    const [lowest, highest] = waypoint.within ?? [-Infinity, Infinity];
    const high = Math.max(top, Math.min(top + wick(), highest - share(usualRange, between(0, 4))));
    const low = Math.min(bottom, Math.max(bottom - wick(), lowest + share(usualRange, between(0, 4))));
    return { date, open, high, low, close, volume: volumeOf(waypoint, date, high - low) };

    function wick(): number {
      return share(usualRange, between(8, 45));
    }
  }

  /** Keeps a price off the walls by a random distance, so that bars which turn there do not all turn at the same cent. */
  function inside(waypoint: Waypoint, price: number, usualRange: number): number {
    const margin = share(usualRange, between(5, 50));
    if (!waypoint.within) return price;
    return Math.max(waypoint.within[0] + margin, Math.min(waypoint.within[1] - margin, price));
  }

  function volumeOf(waypoint: Waypoint, date: string, spread: number): number {
    const oddLot = between(0, 9_999);
    if (waypoint.volume !== undefined && waypoint.date === date) {
      const before = bars.slice(-RATIO_WINDOW);
      const sum = before.reduce((total, bar) => total + bar.volume, 0);
      return Math.floor((sum * waypoint.volume) / (100 * before.length)) + oddLot;
    }
    const usualRange = Math.floor((previousClose * schematic.dailyRange) / 10_000);
    // Half of the effort follows the result: a day of twice the usual range trades half as much again.
    const effort = 50 + Math.min(100, Math.floor((50 * spread) / usualRange));
    const percent = Math.floor((effort * between(80, 120) * (waypoint.activity ?? 100)) / 10_000);
    return Math.floor((schematic.usualVolume * percent) / (isHalfDay(date) ? 200 : 100)) + oddLot;
  }

  function between(min: number, max: number): number {
    return faker.number.int({ min, max });
  }
}

function share(whole: number, percent: number): number {
  return Math.trunc((whole * percent) / 100);
}

/** `18520` as `185.20`. */
export function formatCents(cents: number): string {
  return `${Math.trunc(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}
