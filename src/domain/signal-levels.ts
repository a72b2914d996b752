import { readPrice } from './amount.js';
import { Decimal, fromScaled, LARGEST_MONEY, MONEY, PRICE, readDecimal } from './decimal.js';
import type { Direction } from './pattern-types.js';
import type { Report } from './problem.js';

/** Where a signal enters, and where it leaves. */
export interface SignalLevels {
  readonly entryPrice: Decimal;
  /** Below the entry of a LONG, above that of a SHORT; the targets lie on the other side. */
  readonly stopLoss: Decimal;
  readonly target1: Decimal;
  /** Not nearer than target1. */
  readonly target2: Decimal;
}

const LARGEST_R_MULTIPLE = new Decimal('9999.99');
const LEAST_R = '2.0';
const SHOWN_DECIMALS = 8;

/** Reads where a signal enters and leaves: for a LONG stop < entry < target1 <= target2, for a SHORT the other way round. */
export function readLevels(
  input: Readonly<Record<keyof SignalLevels, unknown>>,
  type: Direction | undefined,
  report: Report,
): SignalLevels | undefined {
  const entry = readPrice(input.entryPrice, 'entryPrice', report);
  const stop = readPrice(input.stopLoss, 'stopLoss', report);
  const target1 = readPrice(input.target1, 'target1', report);
  const target2 = readPrice(input.target2, 'target2', report);
  if (type === undefined || entry === undefined || stop === undefined) return undefined;
  if (target1 === undefined || target2 === undefined) return undefined;

  const [sign, above, below, other] =
    type === 'LONG' ? ([1n, 'above', 'below', 'SHORT'] as const) : ([-1n, 'below', 'above', 'LONG'] as const);
  let sound = true;
  const refuse = (code: string, path: 'stopLoss' | 'target1' | 'target2', rule: string, hint?: string) => {
    sound = false;
    report({ code, path, value: input[path], rule, ...(hint && { hint }) });
  };
  if (sign * (entry - stop) <= 0n) {
    const hint = stop === entry ? undefined : `is it a ${other}?`;
    refuse('STOP_ON_WINNING_SIDE', 'stopLoss', `the stop of a ${type} lies ${below} its entry`, hint);
  }
  if (sign * (target1 - entry) <= 0n) {
    refuse('TARGET_ON_LOSING_SIDE', 'target1', `a target of a ${type} lies ${above} its entry`);
  }
  if (sign * (target2 - target1) < 0n) {
    refuse('TARGETS_TURNED_ROUND', 'target2', `the second target of a ${type} does not lie ${below} the first`);
  }
  if (!sound) return undefined;
  return { entryPrice: price(entry), stopLoss: price(stop), target1: price(target1), target2: price(target2) };
}

function price(scaled: bigint): Decimal {
  return fromScaled(scaled, PRICE.scale);
}

function riskOf({ entryPrice, stopLoss }: SignalLevels): Decimal {
  return entryPrice.minus(stopLoss).abs();
}

function rewardOf({ entryPrice, target2 }: SignalLevels): Decimal {
  return target2.minus(entryPrice).abs();
}

/** |target2 - entry| / |entry - stop|, half-up to 2 decimals; a value of the caller's own must equal it. */
export function readRMultiple(levels: SignalLevels, given: unknown, report: Report): Decimal | undefined {
  if (!checkLeastR(levels, LEAST_R, 'a signal', report)) return undefined;
  // Rounded twice, and still exact: a quotient of two 18-digit integers that is no tie is farther from one than the 60th digit reaches.
  const rMultiple = rewardOf(levels).div(riskOf(levels)).toDecimalPlaces(2);
  if (rMultiple.greaterThan(LARGEST_R_MULTIPLE)) {
    const rule = `an R multiple is at most ${LARGEST_R_MULTIPLE}`;
    const hint = 'is the stop right? It lies next to the entry';
    report({ code: 'R_MULTIPLE_TOO_LARGE', path: 'rMultiple', value: rMultiple, rule, hint });
    return undefined;
  }
  const formula = '|target2 - entryPrice| / |entryPrice - stopLoss|';
  return readDerived(given, rMultiple, 'R_MULTIPLE_WRONG', 'rMultiple', `an R multiple is ${formula}`, report);
}

/** |entry - stop| x positionSize, half-up to the cent; a value of the caller's own must equal it. */
export function readRisk(
  levels: SignalLevels,
  positionSize: Decimal,
  given: unknown,
  report: Report,
): Decimal | undefined {
  const exact = riskOf(levels).times(positionSize);
  const risk = exact.toDecimalPlaces(MONEY.scale);
  if (risk.isZero()) {
    const rule = 'a risk is at least half a cent, |entryPrice - stopLoss| x positionSize';
    report({ code: 'RISK_TOO_SMALL', path: 'riskAmount', value: exact, rule, hint: 'is the position size right?' });
    return undefined;
  }
  if (risk.greaterThan(LARGEST_MONEY)) {
    const rule = `a risk, |entryPrice - stopLoss| x positionSize, is at most ${LARGEST_MONEY}`;
    report({ code: 'RISK_TOO_LARGE', path: 'riskAmount', value: risk, rule, hint: 'is the position size right?' });
    return undefined;
  }
  const rule = 'a risk is |entryPrice - stopLoss| x positionSize';
  return readDerived(given, risk, 'RISK_AMOUNT_WRONG', 'riskAmount', rule, report);
}

/** The derived value, where the caller gives none of its own or the same. */
function readDerived(
  given: unknown,
  derived: Decimal,
  code: string,
  path: string,
  rule: string,
  report: Report,
): Decimal | undefined {
  if (given === undefined) return derived;
  const own = readDecimal(given, path, report);
  if (own === undefined || own.equals(derived)) return own && derived;
  report({ code, path, value: given, rule: `${rule}, here ${derived.toFixed(2)}`, hint: 'leave it out' });
  return undefined;
}

/** Reports an R multiple below `least`. By multiplication: a quotient of 2.9999 must not count as the 3.00 that is stored for it. */
export function checkLeastR(levels: SignalLevels, least: string, whose: string, report: Report): boolean {
  const [risk, reward] = [riskOf(levels), rewardOf(levels)];
  if (reward.greaterThanOrEqualTo(risk.times(least))) return true;
  report({
    code: 'R_MULTIPLE_TOO_LOW',
    path: 'rMultiple',
    value: reward.div(risk).toDecimalPlaces(SHOWN_DECIMALS, Decimal.ROUND_DOWN),
    rule: `${whose} has an R multiple of at least ${least}, before it is rounded`,
    hint: 'a nearer stop or a farther second target raises it',
  });
  return false;
}
