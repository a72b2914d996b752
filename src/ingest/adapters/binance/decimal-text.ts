import { z } from 'zod';
import { type DecimalKind, PRICE, readScaled } from '../../../domain/decimal.js';
import { SIZE } from '../../../domain/size.js';

/** Prices and sizes x 10^8. A size of 0 says that nothing is there. */
export type ScaledLevel = readonly [price: bigint, size: bigint];

function scaled(kind: DecimalKind) {
  return z.string().transform((text, context) => {
    const value = readScaled(text, kind, '', ({ rule }) => context.addIssue(rule));
    return value ?? z.NEVER;
  });
}

/** Kept as it is written. */
export const decimalText = z.string().regex(/^\d+(?:\.\d+)?$/, 'a decimal without sign and exponent');
/** Older streams have a third, empty element. */
export const levels = z.array(z.tuple([scaled(PRICE), scaled(SIZE)]).rest(z.unknown()));
