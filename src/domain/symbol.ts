import type { Report } from './problem.js';

declare const symbolBrand: unique symbol;
/** A normalised symbol: upper case, 1 to 20 characters, e.g. `^GSPC`, `BRK.B`, `BTC/USDT`. */
export type MarketSymbol = string & { readonly [symbolBrand]: true };

export const LONGEST_SYMBOL = 20;
/** Tested before the upper case is taken, which makes SS of a sharp s. */
const SYMBOL = /^[A-Z0-9^$][A-Z0-9._:/^=&$-]*$/i;

/** Reads a symbol, trimmed and in upper case. */
export function readSymbol(value: unknown, path: string, report: Report): MarketSymbol | undefined {
  if (typeof value !== 'string') {
    report({ code: 'SYMBOL_INVALID', path, value, rule: 'a symbol is a string' });
    return undefined;
  }
  const symbol = value.trim();
  if (symbol.length > LONGEST_SYMBOL) {
    report({ code: 'SYMBOL_TOO_LONG', path, value, rule: `a symbol has at most ${LONGEST_SYMBOL} characters` });
    return undefined;
  }
  if (!SYMBOL.test(symbol)) {
    const rule = 'a symbol starts with A-Z, 0-9, ^ or $ and goes on with those or . _ : / = & -';
    report({ code: 'SYMBOL_INVALID', path, value, rule, hint: 'for example AAPL, ^GSPC, BRK.B or BTC/USDT' });
    return undefined;
  }
  return symbol.toUpperCase() as MarketSymbol;
}
