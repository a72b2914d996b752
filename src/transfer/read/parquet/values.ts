import { isRounded, pricePattern, VOLUME_PATTERN, volumeFraction, volumeUnits } from '../plain-values.js';
import type { ParquetColumn } from './schema.js';

/** SQL for the values of a column by its type. A value that is not plain is NULL: it is given as text, and read by the rules of the domain. */

function quoted({ name }: ParquetColumn): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export const WHOLE = /^U?(?:TINYINT|SMALLINT|INTEGER|BIGINT)$/;
const DECIMAL = /^DECIMAL\((\d+),(\d+)\)$/;

/** How the column is written, in the shortest form for a float: 123.45 of float32 is '123.45'. */
export function textOf(column: ParquetColumn): string {
  const name = quoted(column);
  if (/^(?:DOUBLE|FLOAT|VARCHAR)$/.test(column.type)) return `trim(CAST(${name} AS VARCHAR))`;
  if (column.type === 'TIMESTAMP WITH TIME ZONE') return `CAST(timezone('UTC', ${name}) AS VARCHAR) || 'Z'`;
  return `CAST(${name} AS VARCHAR)`;
}

/** NULL, for pandas writes what is missing as NaN. */
export function optionalTextOf(column: ParquetColumn): string {
  return `nullif(nullif(${textOf(column)}, 'nan'), '')`;
}

export interface PriceValues {
  /** To be selected first, as the texts that the other two read; undefined where they read the column itself. */
  readonly text: string | undefined;
  readonly value: string;
  readonly rounded: string;
}

/** `name` is what the selected text is called. */
export function priceOf(column: ParquetColumn, name: string, round: boolean, optional: boolean): PriceValues {
  const [, digits = '0', scale = '99'] = DECIMAL.exec(column.type) ?? [];
  if (WHOLE.test(column.type) || (Number(scale) <= 8 && Number(digits) - Number(scale) <= 10)) {
    return { text: undefined, value: `TRY_CAST(${quoted(column)} AS DECIMAL(18,8))`, rounded: '0' };
  }
  const text = optional ? optionalTextOf(column) : textOf(column);
  const plain = `regexp_full_match(${name}, '${pricePattern(round)}')`;
  return {
    text,
    value: `CASE WHEN ${plain} THEN TRY_CAST(${name} AS DECIMAL(18,8)) END`,
    rounded: `coalesce(${isRounded(name)}, 0)`,
  };
}

export interface VolumeValues {
  readonly text: string | undefined;
  readonly units: string;
  readonly fraction: string;
}

/** With `scale`, as an export of ours writes it: the volume counts units of 10^-scale. */
export function volumeOf(column: ParquetColumn, name: string, scale: ParquetColumn | undefined): VolumeValues {
  if (!WHOLE.test(column.type)) {
    const plain = (sql: string) => `CASE WHEN regexp_full_match(${name}, '${VOLUME_PATTERN}') THEN ${sql} END`;
    return { text: textOf(column), units: plain(volumeUnits(name)), fraction: plain(volumeFraction(name)) };
  }
  const count = `TRY_CAST(${quoted(column)} AS BIGINT)`;
  if (scale === undefined) {
    const whole = `CASE WHEN ${count} >= 0 THEN ${count} END`;
    return { text: undefined, units: whole, fraction: `CASE WHEN ${whole} IS NOT NULL THEN 0 END` };
  }
  const power = (exponent: string) => `CAST(pow(10, ${exponent}) AS BIGINT)`;
  const places = `CASE WHEN ${quoted(scale)} BETWEEN 0 AND 8 AND ${count} >= 0 THEN CAST(${quoted(scale)} AS INTEGER) END`;
  return {
    text: undefined,
    units: `${count} // ${power(places)}`,
    fraction: `(${count} % ${power(places)}) * ${power(`10 - ${places}`)}`,
  };
}

/** The volume of an export of ours, written as a decimal; no number where its scale is none. */
export function scaledVolumeText(column: ParquetColumn, scale: ParquetColumn): string {
  const { units, fraction } = volumeOf(column, '', scale);
  return `coalesce((${units}) || '.' || lpad(CAST(${fraction} AS VARCHAR), 10, '0'),
    CASE WHEN ${quoted(scale)} BETWEEN 0 AND 8 THEN '' ELSE '?' END || ${textOf(column)})`;
}

export interface TimeValues {
  readonly written: string;
  readonly utc: string;
  readonly zoned: string;
}

const ISO = String.raw`\d{4}-\d\d-\d\d([ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3}0{0,6})?)?(Z|[+]00:?00)?)?`;

/** Units of a count since the epoch, and how many of them a millisecond has. */
export type EpochUnit = 's' | 'ms' | 'us' | 'ns';

export const EPOCH_UNIT = `CASE WHEN abs(count) < 100_000_000 THEN NULL WHEN abs(count) < 100_000_000_000 THEN 's'
  WHEN abs(count) < 100_000_000_000_000 THEN 'ms' WHEN abs(count) < 100_000_000_000_000_000 THEN 'us' ELSE 'ns' END`;

/** A whole number of a column that counts from the epoch. */
export function countOf(column: ParquetColumn): string | undefined {
  if (WHOLE.test(column.type)) return `TRY_CAST(${quoted(column)} AS BIGINT)`;
  if (!/^(?:DOUBLE|FLOAT|DECIMAL\(\d+,0\))$/.test(column.type)) return undefined;
  const count = `TRY_CAST(${quoted(column)} AS BIGINT)`;
  return `CASE WHEN CAST(${count} AS ${column.type}) = ${quoted(column)} THEN ${count} END`;
}

/** `zone` is that in which instants are shown as local times, and `unit` that of counts since the epoch; NULL is a date like 20240102. */
export function timeOf(column: ParquetColumn, zone: string | undefined, unit: EpochUnit | undefined): TimeValues {
  const name = quoted(column);
  const local = (milliseconds: string): TimeValues => ({ written: milliseconds, utc: milliseconds, zoned: 'false' });
  const instant = (timestamp: string, fine: string): TimeValues => {
    const written = zone ? `epoch_ms(timezone('${zone}', ${timestamp}))` : `epoch_ms(${timestamp})`;
    return { written: `CASE WHEN ${fine} THEN ${written} END`, utc: `epoch_ms(${timestamp})`, zoned: 'true' };
  };
  switch (column.type) {
    case 'DATE':
      return local(`epoch_ms(CAST(${name} AS TIMESTAMP))`);
    case 'TIMESTAMP_NS':
      return local(`CASE WHEN epoch_ns(${name}) % 1_000_000 = 0 THEN epoch_ms(${name}) END`);
    case 'TIMESTAMP WITH TIME ZONE':
      return instant(name, `epoch_us(${name}) % 1_000 = 0`);
    case 'VARCHAR': {
      const text = textOf(column);
      const plain = `regexp_full_match(${text}, '${ISO}')`;
      const written = `CASE WHEN ${plain} THEN epoch_ms(TRY_CAST(regexp_extract(${text}, '^[^Z+]*') AS TIMESTAMP)) END`;
      return { written, utc: written, zoned: `regexp_matches(${text}, '[Z+]')` };
    }
  }
  if (column.type.startsWith('TIMESTAMP')) {
    const timestamp = `CAST(${name} AS TIMESTAMP)`;
    return local(`CASE WHEN epoch_us(${timestamp}) % 1_000 = 0 THEN epoch_ms(${timestamp}) END`);
  }
  const count = countOf(column);
  if (count === undefined) return local('CAST(NULL AS BIGINT)');
  if (unit === undefined) {
    return local(`epoch_ms(TRY_CAST(try_strptime(CAST(${count} AS VARCHAR), '%Y%m%d') AS TIMESTAMP))`);
  }
  const milliseconds = { s: `${count} * 1000`, ms: count, us: `${count} // 1_000`, ns: `${count} // 1_000_000` }[unit];
  const fine = { s: 'true', ms: 'true', us: `${count} % 1_000 = 0`, ns: `${count} % 1_000_000 = 0` }[unit];
  const bounded = `CASE WHEN abs(${milliseconds}) < 100_000_000_000_000 THEN ${milliseconds} END`;
  return { ...instant(`to_timestamp(${bounded} / 1000)`, fine), utc: bounded };
}
