import { basename } from 'node:path';
import { InvalidInputError } from '../../../errors.js';
import type { ToldByFile } from '../bar-source.js';
import type { CsvText, TextLine } from '../csv-text.js';
import { fileError } from '../file-problem.js';
import { timeframeOfWord } from '../timeframe-words.js';
import { decimalSign } from '../written-number.js';
import type { TimeForm } from '../written-time.js';
import type { Delimiter, LayoutDescription, TextField } from './description.js';
import { DATE_AND_TIME, KNOWN_LAYOUTS, PANDAS, PLAIN_CSV } from './known.js';
import { found, isRecognised, type Match, match } from './match.js';
import { sideBySide } from './side-by-side.js';

/** How one text is laid out, settled for all of its rows. */
export interface TextLayout {
  readonly name: string;
  readonly delimiter: Delimiter;
  /** The last line of the header; 0 where there is none. */
  readonly headerLine: number;
  /** The line of the footer, where there is one. */
  readonly footerLine: number | undefined;
  readonly rows: number;
  /** The last line that is a row. */
  readonly lastLine: number;
  /** The number of columns. */
  readonly width: number;
  /** Where each field stands, from 0. */
  readonly columns: Readonly<Partial<Record<TextField, number>>>;
  /** For each field, the name of its column. */
  readonly mapping: Readonly<Record<string, string>>;
  readonly leftOut: readonly string[];
  readonly times: TimeForm;
  /** A time as the first row has it. */
  readonly firstTime: string;
  readonly decimal: '.' | ',';
  /** Prices are integers x 10^priceScale. */
  readonly priceScale: number;
  readonly missing: ReadonlySet<string>;
  readonly volumeOptional: boolean;
  readonly told: ToldByFile;
  readonly notices: readonly string[];
}

/**
 * Recognises how a text is laid out, by its content; or takes a person's word for it.
 * @throws InvalidInputError HEADER_MISSING, COLUMN_MISSING, COLUMN_REPEATED, FILE_HAS_NO_ROWS, DECIMAL_SIGN_UNCLEAR, PRICE_SCALE_UNCLEAR,
 *   VOLUME_SCALE_UNCLEAR
 */
export function layoutOf(text: CsvText, map?: LayoutDescription): TextLayout {
  const [first, ...others] = text.firstLines;
  const declared = others.length > 0 ? (DECLARATION.exec(first!.text.trimEnd())?.[1] as Delimiter) : undefined;
  const lines = declared ? others : text.firstLines;
  const settled = map ? match(map, lines, declared) : recognise(lines, declared);
  if (settled.problems.length > 0) throw new InvalidInputError(settled.problems, map ? 'mapping' : 'header');
  if (!map) {
    checkScale(settled);
    checkVolumes(settled);
  }
  return settle(declared ? { ...settled, headerLine: Math.max(settled.headerLine, first!.line) } : settled, text);
}

/** What Excel reads and writes before the header: `sep=;`. */
const DECLARATION = /^"?sep=([,;\t|])"?$/i;

function recognise(lines: readonly TextLine[], declared: Delimiter | undefined): Match {
  for (const description of KNOWN_LAYOUTS) {
    const candidate = match(description, lines, declared);
    if (isRecognised(candidate, lines)) return candidate;
  }
  const plain = match(PLAIN_CSV, lines, declared);
  if (plain.problems.length === 0) return plain;
  const pandas = match(PANDAS, lines, declared);
  if (pandas.problems.length === 0) return pandas;
  const refusal = sideBySide(lines);
  if (refusal) throw refusal;
  if (found(plain) === 0) throw headerMissing(lines[0]!);
  // Of a header with both, what it lacks is told, not that date and time are two.
  const apart = match(DATE_AND_TIME, lines, declared);
  return apart.columns.timestamp !== undefined && apart.columns.time !== undefined ? apart : plain;
}

function settle(matched: Match, text: CsvText): TextLayout {
  const { description, columns, names, headerLine } = matched;
  const footer = text.lastText.replace(/^"/, '').startsWith(description.footer ?? '\n');
  const header = text.firstLines.filter(({ line }) => line <= headerLine).length;
  const rows = text.lines - header - (footer ? 1 : 0);
  if (rows <= 0) {
    throw fileError({
      code: 'FILE_HAS_NO_ROWS',
      path: '',
      value: text.name,
      rule: 'the file has a header and no rows',
    });
  }
  const taken = new Set(Object.values(columns));
  const decimal = description.decimal ?? signOf(matched);
  const priceScale = description.integerPrices ?? 0;
  const volumeMissing = columns.volume === undefined;
  return {
    name: description.layout,
    delimiter: matched.delimiter,
    headerLine,
    footerLine: footer ? text.lastLine : undefined,
    rows,
    lastLine: footer ? text.lineBeforeLast : text.lastLine,
    width: names.length,
    columns,
    mapping: Object.fromEntries(
      Object.entries(columns).map(([field, index]) => [field, names[index] || `column ${index + 1}`]),
    ),
    leftOut: names.map((name, index) => name || `column ${index + 1}`).filter((_, index) => !taken.has(index)),
    times: { dates: description.dates, epoch: description.epoch },
    firstTime: [columns.timestamp, columns.time]
      .flatMap((column) => (column === undefined ? [] : [matched.rows[0]?.[column]?.trim() ?? '']))
      .join(' '),
    decimal,
    priceScale,
    missing: new Set(description.missing),
    volumeOptional: description.volumeOptional === true,
    told: toldBy(matched, text.tellingNames),
    notices: [
      ...(description.notice ? [description.notice] : []),
      ...(decimal === ',' ? ['numbers were read with a decimal comma'] : []),
      ...(priceScale > 0 ? [`prices were read as integers x 10^${priceScale}`] : []),
      ...(volumeMissing ? ['the file has no volumes: they were taken as 0'] : []),
      ...(footer ? [`line ${text.lastLine} was left out: "${text.lastText.replaceAll('"', '')}"`] : []),
    ],
  };
}

function toldBy({ description, symbol }: Match, names: readonly string[]): ToldByFile {
  const name = names.map((path) => description.fileName?.exec(basename(path))).find(Boolean)?.groups;
  const timeframes = description.timeframes ?? {};
  const timeframe = name?.timeframe && (timeframeOfWord(name.timeframe, timeframes) ?? name.timeframe);
  return {
    symbol: description.symbol ?? symbol ?? name?.symbol,
    symbolOfColumns: symbol,
    timeframe: description.timeframe ?? (timeframe || undefined),
    timeframes,
    timezone: description.timezone,
    symbolRules: description.symbolRules,
    volumeScale: description.volumeScale,
    sessionTimes: description.sessionTimes,
    dates: description.dates,
  };
}

const PRICE_FIELDS = ['open', 'high', 'low', 'close'] as const;

function pricesOf({ columns, rows }: Match): string[] {
  return rows.flatMap((row) => PRICE_FIELDS.map((field) => row[columns[field]!]!.trim()));
}

function signOf(matched: Match): '.' | ',' {
  const sign = decimalSign(pricesOf(matched));
  if (sign !== 'unclear') return sign;
  const rule = 'the commas of the prices could stand before decimals or between thousands';
  const hint = 'say which with a mapping file: --map with "decimal": "," or "."';
  const value = pricesOf(matched).find((price) => price.includes(','));
  throw fileError({ code: 'DECIMAL_SIGN_UNCLEAR', path: 'open', value, rule, hint });
}

/** A layout that was recognised has either points in its prices or a scale for all of them: a wrong guess makes 0.0187 of 187. */
function checkScale(matched: Match): void {
  const { integerPrices, pointed, layout } = matched.description;
  const prices = pricesOf(matched);
  const value = integerPrices ? prices.find((price) => price.includes('.')) : prices[0];
  if (value === undefined || !(integerPrices || (pointed && !prices.some((price) => price.includes('.'))))) return;
  const rule = integerPrices
    ? `the first price is an integer, as in files of ${layout} whose prices are x 10^${integerPrices}, and this one has a point`
    : `the prices are integers, and too small for those that ${layout} writes x 10^9`;
  const hint = 'say which with a mapping file: --map with "integerPrices": 0 where they are prices as they stand';
  throw fileError({ code: 'PRICE_SCALE_UNCLEAR', path: 'open', value, rule, hint });
}

/** An export of ours writes the decimals of a volume even where they are zeros: one without them counts units, as our Parquet does. */
function checkVolumes({ columns: { volume, volumeScale }, rows }: Match): void {
  if (volume === undefined || volumeScale === undefined) return;
  const scaled = rows.filter((row) => !/^0?$/.test(row[volumeScale]!.trim())).map((row) => row[volume]!);
  if (scaled.length === 0 || scaled.some((text) => text.includes('.'))) return;
  const rule = 'with a column volume_scale above 0 volumes have that many decimals, and these have none';
  const hint =
    'write them in natural units, with their decimals, or leave volume_scale out where they are in natural units';
  throw fileError({ code: 'VOLUME_SCALE_UNCLEAR', path: 'volume', value: scaled[0], rule, hint });
}

const SHOWN_HEADER = 200;

function headerMissing({ line, text }: TextLine): InvalidInputError {
  const rule = 'a header names the columns: date or timestamp, open, high, low, close and volume';
  const hint =
    'put such a line at the top of the file, with commas, semicolons, tabs or bars between the names, or describe it with --map ("names" where it has no header)';
  const value = text.slice(0, SHOWN_HEADER);
  return new InvalidInputError([{ code: 'HEADER_MISSING', path: '', value, rule, hint, line }], 'header');
}
