/** 1.25M: with as many digits as a BIGINT has. */
export const SUFFIXED_VOLUME = String.raw`\d{1,6}(\.\d{1,60})?[KMBTkmbt]`;

const POWERS = { K: 3, M: 6, B: 9, T: 12 };

/** `1.25M` as 1250000.: the point moves, and nothing is multiplied. */
export function unsuffixed(text: string): string {
  const digits = `rtrim(${text}, 'KMBTkmbt')`;
  const [units, decimals] = [`split_part(${digits}, '.', 1)`, `split_part(${digits}, '.', 2)`];
  const cases = Object.entries(POWERS).map(
    ([letter, power]) =>
      `WHEN '${letter}' THEN ${units} || left(rpad(${decimals}, ${power}, '0'), ${power}) || '.' || substr(${decimals}, ${power + 1})`,
  );
  return `CASE upper(right(${text}, 1)) ${cases.join(' ')} ELSE ${text} END`;
}
