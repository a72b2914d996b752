/** SQL for values that SQL and the rules of the domain read alike. `text` is the SQL of a text without blanks around it. */

/** A pattern of prices; with `round`, also of those with more than 8 decimals, which a cast to DECIMAL(18,8) rounds half-up. */
export function pricePattern(round: boolean): string {
  return round ? String.raw`\d{1,10}(\.\d{1,60})?` : String.raw`\d{1,10}(\.\d{1,8}0{0,20})?`;
}

export const VOLUME_PATTERN = String.raw`\d{1,18}(\.\d{1,60})?`;

/** How many decimals {@link volumeFraction} keeps: 9, of which rounding to 8 needs the last, and a 1 for whatever is behind them. */
export const FRACTION_DIGITS = 10;

export function volumeUnits(text: string): string {
  return `TRY_CAST(split_part(${text}, '.', 1) AS BIGINT)`;
}

export function volumeFraction(text: string): string {
  const decimals = `split_part(${text}, '.', 2)`;
  return `CASE WHEN contains(${text}, '.') THEN TRY_CAST(left(rpad(${decimals}, 9, '0'), 9) AS BIGINT) * 10
    + CASE WHEN length(${decimals}) > 9 AND regexp_matches(substr(${decimals}, 10), '[1-9]') THEN 1 ELSE 0 END ELSE 0 END`;
}

/** 1 where the price has a decimal that DECIMAL(18,8) has no place for. */
export function isRounded(text: string): string {
  return `CAST(regexp_matches(${text}, '\\.\\d{8}\\d*[1-9]') AS BIGINT)`;
}
