import { WyckoffError } from '../../errors.js';
import { type DuckDB, literal } from '../duckdb.js';
import { type CsvText, LONGEST_LINE } from './csv-text.js';
import type { BarField, CsvFormat } from './formats.js';

/**
 * The bulk of a CSV file goes through SQL. A row is *plain* when a pattern that allows only what SQL and the domain's rules read alike
 * matches the whole line: then its casts are exact (a cast to DECIMAL(18,8) rounds silently, so nothing finer may reach it). Every other
 * row keeps NULLs, and is read by the domain's rules, one by one (csv-judge.ts). Nothing is made a HUGEINT or a wider DECIMAL: measured,
 * that takes 60 times as long.
 */

/** In bytes; by default the reader holds several of 32 MB. */
const READ_BUFFER = 2_097_152;

const PRICE = String.raw`\d{1,10}(\.\d{1,8}0{0,20})?`;
const VOLUME = String.raw`\d{1,18}(\.\d{1,8}0{0,20})?`;
const CLOCK = String.raw`([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.0{1,9})?)?`;
const ISO = String.raw`\d{4}-\d\d-\d\d([ T]${CLOCK}(Z|[+-](0\d|1[0-5])(:?[0-5]\d)?)?)?`;
const SLASHED = String.raw`\d{1,2}/\d{1,2}/\d{4}( \d{1,2}:\d\d(:\d\d)?)?`;

const PATTERNS: Record<BarField, string> = {
  timestamp: `(${ISO}|${SLASHED})`,
  open: PRICE,
  high: PRICE,
  low: PRICE,
  close: PRICE,
  volume: VOLUME,
  vwap: `(${PRICE})?`,
};

/** SQL for the lines of the file: `line` from 1 and `text`, NULL where a line is blank. */
export function linesOf({ path, mixedLineEnds }: CsvText): string {
  // Only this combination reads mixed line ends right; the parallel reader loses and invents lines there.
  const lineEnds = mixedLineEnds ? String.raw`, strict_mode=false, new_line='\r\n', parallel=false` : '';
  return `(SELECT row_number() OVER () AS line, text FROM read_csv(${literal(escapeGlob(path))},
    columns={'text': 'VARCHAR'}, auto_detect=false, header=false, delim=chr(31), quote='', escape='', compression='none',
    buffer_size=${READ_BUFFER}, max_line_size=${LONGEST_LINE + 1}${lineEnds}))`;
}

/**
 * Makes the table `loaded`, a row for each line behind the header that is not blank: line; written, utc (the time as written and with its
 * own offset, if any, applied; milliseconds), zoned, slashed, NULL where the time or the number of columns is not plain; open, high, low,
 * close, vwap and the volume as whole units and a fraction (x 10^8), NULL where any of them is not plain.
 */
export async function loadRows(db: DuckDB, text: CsvText, format: CsvFormat): Promise<void> {
  const plain = literal(linePattern(format, (field) => PATTERNS[field]));
  const timed = literal(linePattern(format, (field) => (field === 'timestamp' ? PATTERNS.timestamp : undefined)));
  const column = (index: number) => `field[${index + 1}]`;
  const { columns } = format;
  const price = (index: number, name: string) =>
    `CASE WHEN plain THEN TRY_CAST(${column(index)} AS DECIMAL(18,8)) END AS ${name}`;
  await db.run(`
    CREATE TABLE loaded AS
    WITH rows AS (
      SELECT line, text, regexp_full_match(text, ${plain}) AS plain
      FROM ${linesOf(text)} WHERE line > ${format.headerLine} AND (NOT starts_with(text, ' ') OR trim(text) <> '')
    ), split AS (
      SELECT line, plain, CASE WHEN CASE WHEN plain THEN true ELSE regexp_full_match(text, ${timed}) END
        THEN string_split(replace(text, '"', ''), ${literal(format.delimiter)}) END AS field
      FROM rows
    ), timed AS (
      SELECT line, plain, field, moment, volume, contains(moment, '/') AS slashed,
        length(moment) > 10 AND regexp_matches(moment, '[Z+]|:.*-') AS zoned
      FROM (
        SELECT line, plain, field, ${column(columns.timestamp)} AS moment, ${column(columns.volume)} AS volume FROM split)
    )
    SELECT line, zoned, slashed,
      epoch_ms(CASE
        WHEN slashed THEN try_strptime(moment, ['%m/%d/%Y %H:%M', '%m/%d/%Y', '%m/%d/%Y %H:%M:%S'])
        WHEN zoned THEN TRY_CAST(regexp_extract(moment, '^.{10}[^Z+-]*') AS TIMESTAMP)
        ELSE TRY_CAST(moment AS TIMESTAMP) END) AS written,
      CASE WHEN zoned AND NOT ends_with(moment, 'Z') THEN epoch_ms(TRY_CAST(moment AS TIMESTAMPTZ)) ELSE written END AS utc,
      ${price(columns.open, 'open')}, ${price(columns.high, 'high')},
      ${price(columns.low, 'low')}, ${price(columns.close, 'close')},
      CASE WHEN plain THEN TRY_CAST(split_part(volume, '.', 1) AS BIGINT) END AS units,
      CASE WHEN plain AND contains(volume, '.')
        THEN TRY_CAST(left(rpad(split_part(volume, '.', 2), 8, '0'), 8) AS INTEGER)
        WHEN plain THEN 0 END AS fraction,
      ${columns.vwap === undefined ? 'CAST(NULL AS DECIMAL(18,8)) AS vwap' : price(columns.vwap, 'vwap')}
    FROM timed`);
  await verify(db, text);
}

/** The pattern of a whole line. A field is bare or quoted; a quoted one holds neither quotes nor delimiters, so that it can be split. */
function linePattern(format: CsvFormat, patternOf: (field: BarField) => string | undefined): string {
  const any = format.delimiter === '\t' ? String.raw`[^\t"]*` : `[^${format.delimiter}"]*`;
  const patterns = Array<string>(format.width).fill(any);
  for (const [field, index] of Object.entries(format.columns)) {
    if (index !== undefined) patterns[index] = patternOf(field as BarField) ?? any;
  }
  const delimiter = { '|': String.raw`\|`, '\t': String.raw`\t` }[format.delimiter] ?? format.delimiter;
  return patterns.map((pattern) => `(${pattern}|"${pattern}")`).join(delimiter);
}

/** The rows must be those that the first reading counted. */
async function verify(db: DuckDB, { path, rows, lastLine }: CsvText): Promise<void> {
  const loaded = await db.row<{ rows: number; last: number }>(
    'SELECT count(*)::DOUBLE AS rows, max(line)::DOUBLE AS last FROM loaded',
  );
  if (loaded.rows === rows && loaded.last === lastLine) return;
  const counts = `${rows} rows up to line ${lastLine}, then ${loaded.rows} up to line ${loaded.last}`;
  throw new WyckoffError('FILE_CHANGED', `${path} was read twice and had ${counts}`, {
    hint: 'is something still writing to the file? Import it again when it is complete',
  });
}

/** A path is a pattern to DuckDB: `bars[1].csv` would read bars1.csv. */
function escapeGlob(path: string): string {
  return path.replace(/[[*?]/g, '[$&]');
}
