/** How the numbers of a file are written. */
export interface NumberForm {
  /** The other of the two, where it stands between groups of three digits, separates thousands. */
  readonly decimal: '.' | ',';
}

const GROUPED = { '.': /^[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?$/, ',': /^[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?$/ };
const COMMA_DECIMAL = /^\d*,\d+$/;
const SUFFIXED = /^(.*\d)\s?([KMBT])$/i;
const POWERS: Readonly<Record<string, number>> = { K: 3, M: 6, B: 9, T: 12 };

/**
 * A written number as a plain decimal: without the sign of a currency and separators of thousands, `1.25M` as `1.25e6`. What is no number
 * stays as it is, for the domain to reject.
 */
export function plainNumber(value: string, { decimal }: NumberForm): string {
  const text = value.trim();
  const [, sign = '', currency = '', rest = ''] = /^([+-]?)([$€£¥]?)(.*)$/.exec(text) ?? [];
  const suffixed = SUFFIXED.exec(rest);
  const number = plainDigits(suffixed ? suffixed[1]! : rest, decimal);
  if (suffixed && /e/i.test(number)) return text;
  if (number === rest && currency === '') return text;
  return `${sign}${number}${suffixed ? `e${POWERS[suffixed[2]!.toUpperCase()]}` : ''}`;
}

/** A point where a decimal comma is expected, and separates no thousands, could mean either: it is made no number. */
function plainDigits(text: string, decimal: '.' | ','): string {
  if (GROUPED[decimal].test(text)) {
    return decimal === '.' ? text.replaceAll(',', '') : text.replaceAll('.', '').replace(',', '.');
  }
  if (decimal === '.') return text;
  if (COMMA_DECIMAL.test(text)) return text.replace(',', '.');
  return text.includes('.') ? `?${text}` : text;
}

/** Which sign stands before the decimals in these numbers: 'unclear' where there are commas that could as well separate thousands. */
export function decimalSign(numbers: readonly string[]): '.' | ',' | 'unclear' {
  let unclear = false;
  for (const number of numbers) {
    const text = number.replace(/[^\d.,]/g, '');
    const comma = text.lastIndexOf(',');
    const point = text.lastIndexOf('.');
    if (comma >= 0 && point >= 0) return comma > point ? ',' : '.';
    if (comma !== text.indexOf(',')) return '.';
    if (point !== text.indexOf('.')) return ',';
    if (comma >= 0 && !GROUPED['.'].test(text)) return ',';
    if (point >= 0 && !GROUPED[','].test(text)) return '.';
    unclear ||= comma >= 0;
  }
  return unclear ? 'unclear' : '.';
}
