import { readVolumeScale } from '../../domain/amount.js';
import { PRICE, readDecimal, readScaled } from '../../domain/decimal.js';
import type { DuckDB } from '../duckdb.js';
import type { BarSource, WrittenFields } from './bar-source.js';
import { FRACTION_DIGITS } from './plain-values.js';
import { type Rounding, roundPrice } from './rounding.js';

const PRICES = ['open', 'high', 'low', 'close', 'vwap'] as const;

/**
 * Gives the rows of `loaded` that are not plain their values too, as far as they have them: what is NULL then is missing or wrong. So the
 * series, the spacing and the decimals of the volumes are told by all rows, however they are written.
 */
export async function transcribeUnread(db: DuckDB, source: BarSource, rounding: Rounding): Promise<void> {
  await db.run('CREATE TABLE unread AS SELECT line FROM loaded WHERE NOT plain');
  const { unread } = await db.row<{ unread: number }>('SELECT count(*)::DOUBLE AS unread FROM unread');
  if (unread > 0) {
    const texts = (['symbol', 'timeframe', 'source'] as const).filter((column) => source.columns.has(column));
    const scaled = source.columns.has('volume_scale');
    await db.run(`
      DELETE FROM loaded WHERE NOT plain;
      CREATE TABLE transcribed (line BIGINT, written BIGINT, utc BIGINT, zoned BIGINT, slashed BIGINT,
        ${PRICES.map((field) => `${field} DECIMAL(18,8)`).join(', ')}, rounded BIGINT, units BIGINT, fraction BIGINT
        ${scaled ? ', volume_scale BIGINT' : ''}${texts.map((column) => `, ${column} VARCHAR`).join('')})`);
    await db.append('transcribed', async (push) => {
      for await (const { line, fields } of source.written(db, 'unread')) {
        const values = fields ? valuesOf(fields, rounding) : Array(12).fill(null);
        const scale = scaled ? [scaleOf(fields?.volumeScale)] : [];
        push([BigInt(line), ...values, ...scale, ...texts.map((column) => fields?.[column] ?? null)]);
      }
    });
    await db.run(`
      INSERT INTO loaded BY NAME SELECT * ${rounding.round ? '' : 'EXCLUDE (rounded)'}
        REPLACE (zoned = 1 AS zoned, slashed = 1 AS slashed), false AS plain FROM transcribed;
      DROP TABLE transcribed`);
  }
  await db.run('DROP TABLE unread');
}

function valuesOf(fields: WrittenFields, rounding: Rounding): (bigint | null)[] {
  const { time } = fields;
  const truth = (value: boolean | undefined) => (value === undefined ? null : value ? 1n : 0n);
  let rounded = 0n;
  const prices = PRICES.map((field) => {
    const price = roundPrice(fields[field] ?? '', rounding);
    if (price.rounded) rounded += 1n;
    return readScaled(price.text, PRICE, field, () => {}) ?? null;
  });
  // A vwap that is wrong must not pass for one that is missing: the prices are taken from its row, so that it is judged.
  if (fields.vwap !== null && prices[4] === null) prices[0] = null;
  return [
    time ? BigInt(time.local) : null,
    time ? BigInt(time.local - (time.offset ?? 0)) : null,
    truth(time && time.offset !== undefined),
    truth(time?.slashed),
    ...prices,
    rounded,
    ...volumeOf(fields.volume),
  ];
}

/** Units and fraction, both NULL where it is no volume or has more whole digits than SQL counts with. */
function volumeOf(text: string): [bigint | null, bigint | null] {
  const decimal = readDecimal(text, 'volume', () => {});
  if (decimal === undefined || decimal.isNegative() || decimal.e >= 18) return [null, null];
  const [units, decimals = ''] = decimal.toFixed().split('.');
  const kept = decimals.slice(0, FRACTION_DIGITS - 1).padEnd(FRACTION_DIGITS - 1, '0');
  const finer = decimals.length >= FRACTION_DIGITS ? '1' : '0';
  return [BigInt(units!), BigInt(kept + finer)];
}

function scaleOf(text: string | undefined): bigint | null {
  const scale = readVolumeScale(Number(text || NaN), () => {});
  return scale === undefined ? null : BigInt(scale);
}
