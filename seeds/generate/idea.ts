import type { Decimal } from '../../src/domain/decimal.js';
import type { BarSeries } from './bar-series.js';
import type { Ledger, Occasion } from './ledger.js';
import { afterClose } from './nyse-2024.js';

/** One trading idea, from the first detection to the last exit: its bars, its ledger, and the id that ties its events together. */
export interface Idea {
  readonly ledger: Ledger;
  readonly series: BarSeries;
  readonly correlationId: string;
}

export const TIMEFRAME = '1d';

/**
 * The order of an evening, in minutes after the day's bar has closed: nobody acts on a bar that is still open, and nobody acts on what has
 * not been written yet.
 */
const EVENING = {
  settle: 2,
  complete: 3,
  openRange: 4,
  detect: 5,
  judge: 6,
  updateRange: 7,
  turnCampaign: 8,
  generate: 10,
  decide: 20,
  expire: 30,
} as const;

export const ACTORS = {
  detector: 'detector/1.4',
  risk: 'risk/2.1',
  broker: 'broker/paper',
  backtester: 'backtester/0.9',
} as const;

export function evening(date: string, step: keyof typeof EVENING): string {
  return afterClose(date, EVENING[step]);
}

/** An occasion in the evening of `date`. */
export function atEvening(
  idea: Idea,
  date: string,
  step: keyof typeof EVENING,
  actor: keyof typeof ACTORS,
  verb: string,
  action: string,
): Occasion {
  return { verb, at: evening(date, step), actor: ACTORS[actor], action, correlationId: idea.correlationId };
}

export function newIdea(ledger: Ledger, series: BarSeries): Idea {
  return { ledger, series, correlationId: ledger.newId() };
}

/** A price of these symbols, to the cent. */
export function priceText(price: Decimal): string {
  return price.toFixed(2);
}
