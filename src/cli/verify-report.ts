/** What `wyckoff verify` prints. */
import type { YearReads } from '../check/year-reads.js';
import { counted } from '../domain/counted.js';
import { formatMicroseconds } from '../domain/microseconds.js';
import { formatInstant } from '../domain/time.js';
import { WyckoffError } from '../errors.js';
import type {
  DifferenceKind,
  SeriesVerification,
  StorageVerification,
  Verification,
  VerifiedFile,
} from '../transfer/verify/verification.js';
import { note, say, sayJson } from './output.js';

/** What each kind means, and what to do about it. */
const MEANINGS: Readonly<Record<DifferenceKind, readonly [meaning: string, hint?: string]>> = {
  rejected: ['rows of the file that cannot be read', 'mend the file, or leave them out with --on-error skip'],
  'series-missing': ['the database has nothing of it', 'wyckoff import writes it'],
  'volume-scale': ['volumes were read with another number of decimals than the series has, and not compared'],
  count: ['the database has another number of bars there', 'verify without --sample tells which'],
  missing: ['in the file and not in the database', 'wyckoff import writes them'],
  extra: ['in the database, between the first and the last of the file, and not in the file'],
  value: [
    'other values in the database',
    'wyckoff import --again replaces bars, and keeps the former values as revisions',
  ],
  rule: [
    'stored bars that break low <= open, close <= high, or have a negative volume',
    'wyckoff doctor: is a CHECK missing?',
  ],
  ratio: [
    'stored ratios that are not those which the bars before make',
    'something else than the store wrote there: bars.recomputeRatios() mends them',
  ],
  catalog: ['the catalog does not say what the bars are', 'wyckoff doctor --full prints what mends it'],
};

/** Of bars or of ticks. */
type AnySeries = VerifiedFile['series'][number];
type AnyDifferences = AnySeries['differences'][number];
type AnyExample = AnyDifferences['examples'][number];

export function printVerification(verification: Verification, reads: YearReads | undefined): void {
  const { passed, files, leftOut, storage } = verification;
  for (const file of files) printFile(file);
  for (const { path, reason } of leftOut) say(`${path}: left out, ${reason}`);
  printStorage(storage);
  if (reads) printReads(reads);
  say(passed ? 'Nothing differs.' : sumUp(files));
}

/** What was wrong stands far above, where there are many files. */
function sumUp(files: readonly VerifiedFile[]): string {
  const unread = files.filter(({ error }) => error).length;
  const differing = files.filter(({ error, passed }) => !error && !passed).length;
  const parts = [
    ...(differing > 0 ? [`${counted(differing, 'differs', 'differ')}`] : []),
    ...(unread > 0 ? [`${counted(unread, 'was', 'were')} not verified`] : []),
  ];
  if (parts.length === 0) return 'There are differences.';
  return `There are differences: of ${counted(files.length, 'file')} ${parts.join(', ')}.`;
}

/** Instants as ISO 8601 text, an error as its code, message and hint. */
export function printVerificationJson(verification: Verification, reads: YearReads | undefined): void {
  const text = JSON.stringify({ ...verification, reads: reads ?? null }, function (this: unknown, key, value: unknown) {
    const raw = (this as Readonly<Record<string, unknown>>)[key]; // a Date has made a text of itself before it comes here
    if (raw instanceof Date) return formatInstant(raw);
    if (typeof raw === 'bigint') return formatMicroseconds(raw);
    if (raw instanceof WyckoffError) return { code: raw.code, message: raw.message, hint: raw.hint ?? null };
    return value;
  });
  sayJson(JSON.parse(text));
}

function printFile(file: VerifiedFile): void {
  const { path, error, passed, seconds, rejected } = file;
  if (error) {
    note(`${path}: not verified. ${error.message} [${error.code}]`);
    if (error.hint) note(`  hint: ${error.hint}`);
    return;
  }
  const sampled = file.kind === 'bars' && file.series.some(({ sample }) => sample !== null);
  const verdict = passed ? (sampled ? 'the same, as far as it was compared' : 'the same') : 'DIFFERS';
  say(`${path}: ${verdict}, ${counted(file.rows, 'row')} in ${seconds.toFixed(1)} s`);
  if (rejected > 0) say(`  ${counted(rejected, 'row')} of it could not be read`);
  if (file.kind === 'bars') {
    const { prices, volumes } = file.rounded;
    if (prices + volumes > 0) say(`  ${counted(prices, 'price')} and ${counted(volumes, 'volume')} rounded first`);
  }
  for (const difference of file.differences) printDifferences(difference);
  for (const series of file.series) printSeries(series);
}

function printSeries(series: AnySeries): void {
  const { symbol, timeframe, first, last, stored } = series;
  const name = ['name' in series && series.name, symbol, timeframe].filter(Boolean).join(' ');
  const what = 'kind' in series ? `${series.kind} of ${name}` : name;
  const how = 'bars' in series ? barsCompared(series) : `all ${counted(series.rows, 'row')} compared`;
  say(`  ${what}: ${how}, from ${formatAt(first)} to ${formatAt(last)}`);
  if ('asOf' in series)
    say(`    the database has ${counted(stored, 'bar')} there, as of ${formatInstant(series.asOf)}`);
  else say(`    the database has ${counted(stored, 'row')} there`);
  for (const difference of series.differences) printDifferences(difference);
}

function barsCompared({ bars, compared, sample }: SeriesVerification): string {
  if (sample === null) return `all ${counted(bars, 'bar')} compared`;
  const stretches = counted(sample.stretches, 'stretch', 'stretches');
  return `${counted(compared, 'bar')} of ${bars.toLocaleString('en-US')} compared, a sample of ${stretches}`;
}

function printDifferences({ kind, count, fields, examples }: AnyDifferences): void {
  const [meaning, hint] = MEANINGS[kind];
  const byField = Object.entries(fields).map(([field, of]) => `${field} of ${of.toLocaleString('en-US')}`);
  const where = byField.length > 0 ? ` (${byField.join(', ')})` : '';
  say(`    ${kind}, ${count.toLocaleString('en-US')}: ${meaning}${where}`);
  for (const example of examples) say(`      ${kind === 'rejected' ? describeRejected(example) : describe(example)}`);
  const shown = new Set(examples.map(({ line, timestamp }) => `${line} ${timestamp?.valueOf()}`)).size;
  if (count > shown && shown > 1) say(`      and ${(count - shown).toLocaleString('en-US')} more`);
  if (hint !== undefined) say(`      hint: ${hint}`);
}

/** Expected is the rule that the row breaks. */
function describeRejected({ line, field, expected, found }: AnyExample): string {
  return `${[`line ${line}`, field].filter(Boolean).join(', ')}: ${found === null ? '' : `"${found}": `}${expected}`;
}

function describe({ line, timestamp, field, expected, found }: AnyExample): string {
  const place = [
    line === null ? [] : `line ${line}`,
    timestamp === null ? [] : formatAt(timestamp),
    field ?? [],
  ].flat();
  const values = [expected === null ? [] : `expected ${expected}`, found === null ? [] : `found ${found}`].flat();
  return [place.join(', '), values.join(', ')].filter((part) => part !== '').join(': ');
}

function formatAt(at: Date | bigint): string {
  return typeof at === 'bigint' ? formatMicroseconds(at) : formatInstant(at);
}

function printStorage({ judged, checked, differences }: StorageVerification): void {
  if (!judged) return;
  say(`storage: ${checked}`);
  for (const { object, expected, found, mend } of differences) {
    say(`  storage: ${object}: expected ${expected}, found ${found}`);
    say(`    hint: ${mend}`);
  }
}

function printReads({ p50, p95, runs, series, bars }: YearReads): void {
  const times = `p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms in ${counted(runs, 'run')}`;
  say(`reads of the last year (up to ${counted(bars, 'bar')}) of ${series.join(', ')}: ${times}`);
}
