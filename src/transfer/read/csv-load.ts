import { WyckoffError } from '../../errors.js';
import { type DuckDB, literal } from '../duckdb.js';
import { type CsvText, LONGEST_LINE } from './csv-text.js';
import type { BarField, CsvFormat } from './formats.js';
import { isRounded, pricePattern, VOLUME_PATTERN, volumeFraction, volumeUnits } from './plain-values.js';

/**
 * The bulk of a CSV file goes through SQL. A row is *plain* when a pattern that allows only what SQL and the domain's rules read alike
 * matches the whole line: then its casts are exact. Nothing is made a HUGEINT or a wider DECIMAL: measured, that takes 60 times as long.
 */

/** In bytes; by default the reader holds several of 32 MB. */
const READ_BUFFER = 2_097_152;

const CLOCK = String.raw`([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.0{1,9})?)?`;
const ISO = String.raw`\d{4}-\d\d-\d\d([ T]${CLOCK}(Z|[+-](0\d|1[0-5])(:?[0-5]\d)?)?)?`;
const SLASHED = String.raw`\d{1,2}/\d{1,2}/\d{4}( \d{1,2}:\d\d(:\d\d)?)?`;

const PRICES = ['open', 'high', 'low', 'close', 'vwap'] as const;

/** SQL for the lines of the file: `line` from 1 and `text`, NULL where a line is blank. */
export function linesOf({ path, mixedLineEnds }: CsvText): string {
  // Only this combination reads mixed line ends right; the parallel reader loses and invents lines there.
  const lineEnds = mixedLineEnds ? String.raw`, strict_mode=false, new_line='\r\n', parallel=false` : '';
  return `(SELECT row_number() OVER () AS line, text FROM read_csv(${literal(escapeGlob(path))},
    columns={'text': 'VARCHAR'}, auto_detect=false, header=false, delim=chr(31), quote='', escape='', compression='none',
    buffer_size=${READ_BUFFER}, max_line_size=${LONGEST_LINE + 1}${lineEnds}))`;
}

/** Makes the table `loaded` of the lines behind the header that are not blank, see `BarSource`. */
export async function loadRows(db: DuckDB, text: CsvText, format: CsvFormat, round: boolean): Promise<void> {
  const plain = literal(linePattern(format, round));
  const { columns } = format;
  const column = (index: number | undefined) => (index === undefined ? 'CAST(NULL AS VARCHAR)' : `field[${index + 1}]`);
  const prices = PRICES.map((name) => `TRY_CAST(${column(columns[name])} AS DECIMAL(18,8)) AS ${name}`);
  const rounded = PRICES.filter((name) => columns[name] !== undefined).map((name) => isRounded(column(columns[name])));
  await db.run(`
    CREATE TABLE loaded AS
    WITH rows AS (
      SELECT line, text, regexp_full_match(text, ${plain}) AS plain
      FROM ${linesOf(text)} WHERE line > ${format.headerLine} AND (NOT starts_with(text, ' ') OR trim(text) <> '')
    ), split AS (
      SELECT line, plain, CASE WHEN plain THEN string_split(replace(text, '"', ''), ${literal(format.delimiter)}) END AS field
      FROM rows
    ), timed AS (
      SELECT line, plain, field, moment, volume, contains(moment, '/') AS slashed,
        length(moment) > 10 AND regexp_matches(moment, '[Z+]|:.*-') AS zoned
      FROM (
        SELECT line, plain, field, ${column(columns.timestamp)} AS moment, ${column(columns.volume)} AS volume FROM split)
    )
    SELECT line, plain, zoned, slashed,
      epoch_ms(CASE
        WHEN slashed THEN try_strptime(moment, ['%m/%d/%Y %H:%M', '%m/%d/%Y', '%m/%d/%Y %H:%M:%S'])
        WHEN zoned THEN TRY_CAST(regexp_extract(moment, '^.{10}[^Z+-]*') AS TIMESTAMP)
        ELSE TRY_CAST(moment AS TIMESTAMP) END) AS written,
      CASE WHEN zoned AND NOT ends_with(moment, 'Z') THEN epoch_ms(TRY_CAST(moment AS TIMESTAMPTZ)) ELSE written END AS utc,
      ${prices.join(', ')}, ${round ? `${rounded.join(' + ')} AS rounded,` : ''}
      ${volumeUnits('volume')} AS units, ${volumeFraction('volume')} AS fraction
    FROM timed`);
  await verify(db, text);
}

/** The pattern of a whole line. A field is bare or quoted; a quoted one holds neither quotes nor delimiters, so that it can be split. */
function linePattern(format: CsvFormat, round: boolean): string {
  const price = pricePattern(round);
  const patternOf: Record<BarField, string> = {
    timestamp: `(${ISO}|${SLASHED})`,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: VOLUME_PATTERN,
    vwap: `(${price})?`,
  };
  const any = format.delimiter === '\t' ? String.raw`[^\t"]*` : `[^${format.delimiter}"]*`;
  const patterns = Array<string>(format.width).fill(any);
  for (const [field, index] of Object.entries(format.columns)) {
    if (index !== undefined) patterns[index] = patternOf[field as BarField];
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
