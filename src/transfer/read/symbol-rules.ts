import { InvalidInputError, type Problem } from '../../errors.js';

const RULE = /^([^*=]*)\*([^*=]*)=([^*=]*)\*([^*=]*)$/;

/**
 * How a symbol that a file tells is named here. A rule is `PATTERN=NAME`, both with one `*` for what stays: `*.US=*` makes AAPL of AAPL.US,
 * `XBT*=BTC*` BTCUSD of XBTUSD. The first that fits counts, and case does not.
 * @throws InvalidInputError `SYMBOL_RULE_INVALID`
 */
export class SymbolRules {
  readonly #rules: readonly (readonly string[])[];

  constructor(rules: readonly string[]) {
    const problems: Problem[] = [];
    this.#rules = rules.flatMap((value) => {
      const match = RULE.exec(value.trim());
      if (match) return [match.slice(1)];
      const rule = 'a symbol rule is PATTERN=NAME with one * in each';
      problems.push({ code: 'SYMBOL_RULE_INVALID', path: 'symbolRules', value, rule, hint: "for example '*.US=*'" });
      return [];
    });
    if (problems.length > 0) throw new InvalidInputError(problems, 'symbol rules');
  }

  apply(symbol: string): string {
    const text = symbol.trim();
    const upper = text.toUpperCase();
    for (const [start, end, newStart, newEnd] of this.#rules as [string, string, string, string][]) {
      const fits = upper.startsWith(start.toUpperCase()) && upper.endsWith(end.toUpperCase());
      if (!fits || text.length <= start.length + end.length) continue;
      return newStart + text.slice(start.length, text.length - end.length) + newEnd;
    }
    return text;
  }
}
