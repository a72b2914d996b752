import { WyckoffError } from '../../errors.js';
import { type DuckDB, literal, pathLiteral } from '../duckdb.js';
import { splitFields } from './csv-fields.js';
import { type CsvText, LONGEST_LINE } from './csv-text.js';
import type { TextField } from './layouts/description.js';
import type { TextLayout } from './layouts/text-layout.js';
import { isRounded, pricePattern, VOLUME_PATTERN, volumeFraction, volumeUnits } from './plain-values.js';
import { SUFFIXED_VOLUME, unsuffixed } from './suffixed-volume.js';
import { type TimeSql, timeSql } from './time-sql.js';

/**
 * The bulk of a CSV file goes through SQL. A row is *plain* when a pattern that allows only what SQL and the domain's rules read alike
 * matches the whole line: then its casts are exact. Nothing is made a HUGEINT or a wider DECIMAL: measured, that takes 60 times as long.
 */

/** In bytes; by default the reader holds several of 32 MB. */
const READ_BUFFER = 2_097_152;

/** A pattern that no text has. */
const NOTHING = String.raw`[^\x00-\x{10ffff}]`;

/** A number with the letter of its magnitude. */
const SUFFIX = /\d[KMBT]$/i;

const PRICES = ['open', 'high', 'low', 'close', 'vwap'] as const;

/** SQL for the lines of the file: `line` from 1 and `text`, NULL where a line is blank. */
export function linesOf({ path, mixedLineEnds }: CsvText): string {
  // Only this combination reads mixed line ends right; the parallel reader loses and invents lines there.
  const lineEnds = mixedLineEnds ? String.raw`, strict_mode=false, new_line='\r\n', parallel=false` : '';
  return `(SELECT row_number() OVER () AS line, text FROM read_csv(${pathLiteral(path)},
    columns={'text': 'VARCHAR'}, auto_detect=false, header=false, delim=chr(31), quote='', escape='', compression='none',
    buffer_size=${READ_BUFFER}, max_line_size=${LONGEST_LINE + 1}${lineEnds}))`;
}

/** Makes the table `loaded` of the lines between header and footer that are not blank, see `BarSource`. */
export async function loadRows(db: DuckDB, text: CsvText, layout: TextLayout, round: boolean): Promise<void> {
  const time = timeSql(layout);
  const { columns, headerLine, footerLine, delimiter } = layout;
  // Only where it is seen: each row would pay for it.
  const suffixed =
    text.keys === undefined &&
    text.firstLines.some(({ text: line }) => SUFFIX.test(splitFields(line, delimiter)?.[columns.volume ?? -1] ?? ''));
  const pattern = text.keys
    ? objectPattern(text.keys, layout, time, round)
    : linePattern(layout, time, round, suffixed);
  const bare = text.keys ? UNWRAPPED : `CASE WHEN contains(text, '"') THEN replace(text, '"', '') ELSE text END`;
  const field = (name: TextField) => fieldAt(columns[name]!, text.keys);
  const moment = columns.time === undefined ? field('timestamp') : `${field('timestamp')} || ' ' || ${field('time')}`;
  const written = columns.volume === undefined ? "'0'" : number(field('volume'), layout);
  const volume = suffixed ? unsuffixed(written) : written;
  const prices = PRICES.map((name) => {
    const value = columns[name] === undefined ? 'NULL' : price(field(name), layout);
    return `TRY_CAST(${value} AS DECIMAL(18,8)) AS ${name}`;
  });
  const rounded = PRICES.filter((name) => columns[name] !== undefined).map((name) => roundedOf(field(name), layout));
  const optional = [
    columns.symbol === undefined ? '' : `, ${field('symbol')} AS symbol`,
    columns.timeframe === undefined ? '' : `, ${field('timeframe')} AS timeframe`,
    columns.source === undefined ? '' : `, nullif(${field('source')}, '') AS source`,
    columns.volumeScale === undefined ? '' : `, TRY_CAST(${field('volumeScale')} AS BIGINT) AS volume_scale`,
  ].join('');
  await db.run(`
    CREATE TABLE loaded AS
    WITH rows AS (
      SELECT line, text, regexp_full_match(text, ${literal(pattern)}) AS plain
      FROM ${linesOf(text)} WHERE line > ${headerLine} ${footerLine === undefined ? '' : `AND line < ${footerLine}`}
        AND (NOT starts_with(text, ' ') OR trim(text) <> '')
    ), split AS (
      SELECT line, plain, CASE WHEN plain THEN string_split(${bare}, ${literal(delimiter)}) END AS field
      FROM rows
    ), timed AS (
      SELECT line, plain, field, moment, volume, ${time.slashed} AS slashed, ${time.zoned} AS zoned
      FROM (
        SELECT line, plain, field, ${moment} AS moment, CASE WHEN plain THEN ${volume} END AS volume FROM split)
    )
    SELECT line, plain, CASE WHEN plain THEN zoned END AS zoned, CASE WHEN plain THEN slashed END AS slashed,
      ${time.written} AS written, ${time.utc} AS utc,
      ${prices.join(', ')}, ${round ? `${rounded.join(' + ')} AS rounded,` : ''}
      ${volumeUnits('volume')} AS units, ${volumeFraction('volume')} AS fraction ${optional}
    FROM timed`);
  await verify(db, text, layout);
}

/** A JSON object without braces and quotes: `open:1.5,vwap:,source:nyse`. A quote in front of the colon is that of a key. */
const UNWRAPPED = `replace(replace(substring(text, 2, length(text) - 2), '":null', '":'), '"', '')`;

function fieldAt(index: number, keys: CsvText['keys']): string {
  return keys ? `substring(field[${index + 1}], ${keys[index]!.length + 2})` : `field[${index + 1}]`;
}

function number(text: string, { decimal }: TextLayout): string {
  return decimal === ',' ? `replace(${text}, ',', '.')` : text;
}

/** The point is written where it belongs: of an exponent DuckDB makes nothing where the number before it has more than 10 digits. */
function price(text: string, layout: TextLayout): string {
  const { priceScale } = layout;
  if (priceScale === 0) return number(text, layout);
  const padded = `('${'0'.repeat(priceScale)}' || ${text})`;
  return `left(${padded}, -${priceScale}) || '.' || right(${padded}, ${priceScale})`;
}

function roundedOf(text: string, layout: TextLayout): string {
  if (layout.priceScale === 0) return isRounded(number(text, layout));
  return layout.priceScale > 8 ? `CAST(right(${text}, 1) <> '0' AS BIGINT)` : '0';
}

/** The pattern of a whole line. A field is bare or quoted; a quoted one holds neither quotes nor delimiters, so that it can be split. */
function linePattern(layout: TextLayout, time: TimeSql, round: boolean, suffixed: boolean): string {
  const delimiter = { '|': String.raw`\|`, '\t': String.raw`\t` }[layout.delimiter as string] ?? layout.delimiter;
  return fieldPatterns(layout, time, round, suffixed)
    .map((pattern) => `(${pattern}|"(${pattern})")`)
    .join(delimiter);
}

/** Of a JSON object whose keys come in this order, without blanks. A text has no escapes; only what may be missing is null. */
function objectPattern(keys: readonly string[], layout: TextLayout, time: TimeSql, round: boolean): string {
  if (keys.some((key) => !/^\w+$/.test(key))) return NOTHING;
  const { columns } = layout;
  const needed = new Set(
    Object.entries(columns).flatMap(([name, index]) => (name === 'vwap' || name === 'source' ? [] : [index])),
  );
  const texts = new Set([columns.symbol, columns.timeframe, columns.source]);
  const fields = fieldPatterns(layout, time, round, false).map((pattern, index) => {
    const value = pattern.replaceAll('[^,"]', String.raw`[^,"\\]`);
    const bare = texts.has(index) ? '' : `|${value}`;
    return `"${keys[index]}":("(${value})"${bare}${needed.has(index) ? '' : '|null'})`;
  });
  return String.raw`\{${fields.join(',')}\}`;
}

function fieldPatterns(layout: TextLayout, time: TimeSql, round: boolean, suffixed: boolean): string[] {
  // A comma before decimals cannot be told from one between fields once the quotes are gone.
  const point = layout.decimal === layout.delimiter ? NOTHING : layout.decimal;
  const written = (pattern: string) => (layout.decimal === ',' ? pattern.replaceAll(String.raw`\.`, point) : pattern);
  const scaled = layout.priceScale > 8 && !round ? String.raw`\d{1,17}0` : String.raw`\d{1,18}`;
  const value = layout.priceScale > 0 ? scaled : written(pricePattern(round));
  const any = layout.delimiter === '\t' ? String.raw`[^\t"]*` : `[^${layout.delimiter}"]*`;
  const patternOf: Record<TextField, string> = {
    timestamp: layout.columns.time === undefined ? time.whole : time.date,
    time: time.ofDay,
    open: value,
    high: value,
    low: value,
    close: value,
    volume: written(suffixed ? `${VOLUME_PATTERN}|${SUFFIXED_VOLUME}` : VOLUME_PATTERN),
    vwap: `(${value})?`,
    symbol: any,
    timeframe: any,
    source: '[A-Za-z0-9 ._:/+-]{0,32}',
    volumeScale: '[0-8]',
  };
  const patterns = Array<string>(layout.width).fill(any);
  for (const [name, index] of Object.entries(layout.columns)) patterns[index] = patternOf[name as TextField];
  return patterns;
}

/** The rows must be those that the first reading counted. */
async function verify(db: DuckDB, { path }: CsvText, { rows, lastLine }: TextLayout): Promise<void> {
  const loaded = await db.row<{ rows: number; last: number }>(
    'SELECT count(*)::DOUBLE AS rows, max(line)::DOUBLE AS last FROM loaded',
  );
  if (loaded.rows === rows && loaded.last === lastLine) return;
  const counts = `${rows} rows up to line ${lastLine}, then ${loaded.rows} up to line ${loaded.last}`;
  throw new WyckoffError('FILE_CHANGED', `${path} was read twice and had ${counts}`, {
    hint: 'is something still writing to the file? Import it again when it is complete',
  });
}
