import { type Decimal, type DecimalKind, fromScaled, MONEY, PRICE, RATIO, readScaled } from './decimal.js';
import type { Report } from './problem.js';

export const LARGEST_VOLUME_SCALE = 8;
const SIZE: DecimalKind = { name: 'size', integerDigits: 10, scale: 8 };
const LARGEST_INT64 = 2n ** 63n - 1n;

/** A volume's units must fit BIGINT, which has 19 digits; the last check is {@link LARGEST_INT64}. */
const VOLUMES: readonly DecimalKind[] = Array.from({ length: LARGEST_VOLUME_SCALE + 1 }, (_, scale) => ({
  name: 'volume',
  integerDigits: 19 - scale,
  scale,
}));

/** Reads a price as the integer `price x 10^8`. Above zero unless `allowNonPositive`. */
export function readPrice(
  value: unknown,
  path: string,
  report: Report,
  allowNonPositive: boolean | undefined = false,
): bigint | undefined {
  const price = readScaled(value, PRICE, path, report);
  if (price === undefined || price > 0n || allowNonPositive) return price;
  const hint = 'pass allowNonPositive where the market really traded there';
  report({ code: 'PRICE_NOT_POSITIVE', path, value, rule: 'a price is above zero', hint });
  return undefined;
}

/** Reads a ratio, >= 0, as the integer `ratio x 10^4`. */
export function readRatio(value: unknown, path: string, report: Report): bigint | undefined {
  return notNegative(readScaled(value, RATIO, path, report), RATIO, value, path, report);
}

/** Reads an amount of money, of either sign, as a whole number of cents. */
export function readMoney(value: unknown, path: string, report: Report): bigint | undefined {
  return readScaled(value, MONEY, path, report);
}

/** Reads the size of a position: NUMERIC(18,8), above zero. */
export function readPositionSize(value: unknown, path: string, report: Report): Decimal | undefined {
  const size = readScaled(value, SIZE, path, report);
  if (size === undefined || size > 0n) return size === undefined ? undefined : fromScaled(size, SIZE.scale);
  const hint = 'a short position has one too';
  report({ code: 'SIZE_NOT_POSITIVE', path, value, rule: 'a size is above zero', hint });
  return undefined;
}

/** Reads how many decimals the volumes of a series have. */
export function readVolumeScale(value: unknown, report: Report): number | undefined {
  if (typeof value === 'number' && VOLUMES[value] !== undefined) return value;
  const rule = `a volume scale is a whole number from 0 to ${LARGEST_VOLUME_SCALE}`;
  report({ code: 'VOLUME_SCALE_INVALID', path: 'volumeScale', value, rule });
  return undefined;
}

/** Reads a volume, >= 0, as the integer `volume x 10^scale`, where `scale` (0 to 8) is its series'. */
export function readVolume(value: unknown, scale: number, path: string, report: Report): bigint | undefined {
  const kind = VOLUMES[scale];
  if (kind === undefined) {
    readVolumeScale(scale, report);
    return undefined;
  }
  const read = readScaled(value, kind, path, (problem) =>
    report(problem.code === 'VOLUME_TOO_PRECISE' ? { ...problem, ...tooFine(scale) } : problem),
  );
  const volume = notNegative(read, kind, value, path, report);
  if (volume === undefined || volume <= LARGEST_INT64) return volume;
  report({ code: 'VOLUME_TOO_LARGE', path, value, rule: 'a volume in its units fits 64 bits' });
  return undefined;
}

function notNegative(
  scaled: bigint | undefined,
  kind: DecimalKind,
  value: unknown,
  path: string,
  report: Report,
): bigint | undefined {
  if (scaled === undefined || scaled >= 0n) return scaled;
  report({ code: `${kind.name.toUpperCase()}_NEGATIVE`, path, value, rule: `a ${kind.name} is not below zero` });
  return undefined;
}

function tooFine(scale: number) {
  const rule =
    scale === 0 ? 'a volume of this series is a whole number' : `a volume of this series has at most ${scale} decimals`;
  const hint =
    'a series keeps the volume scale it was created with: round the volumes, or create the series with volumeScale (up to 8)';
  return { rule, hint };
}
