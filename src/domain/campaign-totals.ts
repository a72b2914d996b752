import type { CampaignEntry } from './campaign-entry.js';
import { Decimal, MONEY, PRICE } from './decimal.js';

/** What follows from a campaign's OPEN entries. */
export interface CampaignTotals {
  /** Per cent of the portfolio, half-up to 2 decimals; at most 5.00. */
  readonly totalAllocation: Decimal;
  /** Money that is lost if every stop is hit: the sum of |price - stop_loss| x size, half-up to the cent. */
  readonly currentRisk: Decimal;
  /** The sum of price x size over the sum of size, half-up to 8 decimals; null without an OPEN entry. */
  readonly averageEntry: Decimal | null;
}

/**
 * What follows from the entries that are OPEN.
 *
 * Each value is rounded once: a product of two columns has at most 36 digits, so that sums are exact in 60. The quotient cannot be rounded
 * onto a tie on its way either: it is a multiple of 1 / (size x 10^16), and so lies on a half of 10^-8 or some 10^-30 away from it.
 */
export function totalsOf(entries: readonly CampaignEntry[]): CampaignTotals {
  const open = openOf(entries);
  const size = sum(open.map((entry) => entry.size));
  const cost = sum(open.map((entry) => entry.price.times(entry.size)));
  const risk = sum(open.map((entry) => entry.price.minus(entry.stop_loss).abs().times(entry.size)));
  return {
    totalAllocation: allocationOf(entries).toDecimalPlaces(2),
    currentRisk: risk.toDecimalPlaces(MONEY.scale),
    averageEntry: open.length === 0 ? null : cost.div(size).toDecimalPlaces(PRICE.scale),
  };
}

export function openOf(entries: readonly CampaignEntry[]): CampaignEntry[] {
  return entries.filter((entry) => entry.status === 'OPEN');
}

/** The allocation of the OPEN entries in per cent, exact: the limit is tested on it. */
export function allocationOf(entries: readonly CampaignEntry[]): Decimal {
  return sum(openOf(entries).map((entry) => entry.allocation_pct));
}

function sum(values: readonly Decimal[]): Decimal {
  return values.reduce((total, value) => total.plus(value), new Decimal(0));
}
