import { readPrice } from './amount.js';
import { type DecimalInput, formatScaled, PRICE } from './decimal.js';
import type { JsonObject } from './json.js';
import { readOrThrow, requireObject } from './problem.js';
import { formatInstant, type InstantInput, readInstant } from './time.js';

/** What the market did with an order. */
export interface Execution {
  /** When, in market time; where nothing is said, the `at` of the transaction. */
  readonly at?: InstantInput | undefined;
  /** What was paid or got. */
  readonly price?: DecimalInput | undefined;
}

/** An execution as the audit trail keeps it, and its price as text. @throws InvalidInputError */
export function readExecution(execution: Execution): { readonly remarks: JsonObject; readonly price?: string } {
  requireObject(execution, 'execution');
  const { at, price } = execution;
  return readOrThrow('execution', (report) => {
    const when = at === undefined ? undefined : readInstant(at, 'at', report);
    const scaled = price === undefined ? undefined : readPrice(price, 'price', report);
    const paid = scaled === undefined ? {} : { price: formatScaled(scaled, PRICE.scale) };
    return { remarks: { ...(when && { at: formatInstant(when) }), ...paid }, ...paid };
  });
}
