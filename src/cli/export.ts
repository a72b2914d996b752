/** `wyckoff export`: what is stored, as files. */
import { Argument, type Command, Option } from 'commander';
import { TIMEFRAMES, type Timeframe } from '../domain/timeframe.js';
import type { ExportResult } from '../transfer/export/exporter.js';
import { COMPRESSIONS, EXPORT_FORMATS, type ExportCompression, type ExportFormat } from '../transfer/export/form.js';
import { EXPORT_KINDS, type ExportKind, LEDGER_KINDS } from '../transfer/export/kinds.js';
import type { ExportProgress } from '../transfer/export/progress.js';
import { readInstantArgument, readSymbolArgument } from './arguments.js';
import { withStore } from './context.js';
import { note, say, sayJson } from './output.js';
import { renderTable } from './table.js';

const STDOUT = '-';
const LEDGER = 'ledger';
/** Milliseconds between two lines of progress. */
const BEAT = 5_000;

interface ExportCommandOptions {
  readonly out: string;
  readonly format: ExportFormat;
  readonly compression?: ExportCompression;
  readonly symbol?: string[];
  readonly timeframe?: Timeframe[];
  readonly from?: Date;
  readonly to?: Date;
  readonly overwrite?: true;
  readonly json?: true;
}

export function registerExportCommand(program: Command): void {
  program
    .command('export')
    .description('write what is stored to files, all of one snapshot; readers and writers go on')
    .addArgument(
      new Argument(
        '[kind...]',
        'what: default all that the options can select from; ledger is all of the last seven',
      ).choices([...EXPORT_KINDS, LEDGER]),
    )
    .requiredOption('-o, --out <directory>', 'where the files go, one a kind, and manifest.json; - is standard output')
    .addOption(new Option('--format <format>', 'of the files').choices(EXPORT_FORMATS).default('csv'))
    .addOption(
      new Option(
        '--compression <how>',
        'snappy (default) or gzip for Parquet, none (default) or gzip for text',
      ).choices(COMPRESSIONS),
    )
    .option('--symbol <symbol...>', 'only these', (text, former: string[] = []) => [
      ...former,
      readSymbolArgument(text),
    ])
    .addOption(new Option('--timeframe <timeframe...>', 'only these').choices(TIMEFRAMES))
    .option('--from <instant>', 'first instant that belongs to it', readInstantArgument)
    .option('--to <instant>', 'first instant that no longer does', readInstantArgument)
    .option('--overwrite', 'replace an earlier export of the same kinds, whatever its format')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nDecimals are exact in each format: plain in CSV, strings in NDJSON, raw integers with their scale in Parquet, whose row groups have\n' +
        'rows of one series each. "wyckoff import" reads the market back, "wyckoff restore" the ledger of an export to NDJSON.\n' +
        'Files get their names when all of them are whole. manifest.json has their SHA-256, counts and ranges.\n' +
        '\nExample: wyckoff export --out backup --format ndjson --compression gzip\n' +
        '         wyckoff export bars --symbol AAPL --timeframe 1d --out - | head\n' +
        '\nExit status: 0 exported, 1 it was not, and no file has its name, 2 wrong usage.',
    )
    .action(exportCommand);
}

async function exportCommand(
  named: readonly (ExportKind | typeof LEDGER)[],
  options: ExportCommandOptions,
): Promise<void> {
  const { out, symbol: symbols, timeframe: timeframes, json, ...rest } = options;
  const kinds = named.flatMap((kind) => (kind === LEDGER ? LEDGER_KINDS : kind));
  const selection = { ...rest, symbols, timeframes, ...(kinds.length > 0 && { kinds }) };
  const onProgress = json ? undefined : tellProgress();
  if (out === STDOUT) {
    const { readerLeft } = await import('../transfer/export/output.js');
    await withStore((store, signal) => store.files.export({ ...selection, output: process.stdout, signal })).catch(
      (error) => {
        if (!readerLeft(error)) throw error; // that is no failure
      },
    );
    return;
  }
  const result = await withStore((store, signal) =>
    store.files.export({ ...selection, directory: out, signal, onProgress }),
  );
  if (json) sayJson(result);
  else await report(result, out);
}

/** On stderr, so that the report can be piped. */
function tellProgress(): (progress: ExportProgress) => void {
  let last = performance.now();
  return ({ kind, parts, allParts, rows, bytes }) => {
    if (performance.now() - last < BEAT) return;
    last = performance.now();
    const series = allParts > 1 ? `${counted(parts)} of ${counted(allParts)} series, ` : '';
    note(`${kind}: ${series}${counted(rows)} rows, ${Math.round(bytes / 2 ** 20)} MB`);
  };
}

async function report({ files, takenAt, seconds }: ExportResult, directory: string): Promise<void> {
  const right = { align: 'right' } as const;
  const columns = [
    { title: 'file' },
    { title: 'rows', ...right },
    { title: 'bytes', ...right },
    { title: 'first' },
    { title: 'last' },
  ];
  const { text } = await renderTable(
    columns,
    files.map(({ path, rows, bytes, first, last }) => [path, counted(rows), counted(bytes), first ?? '', last ?? '']),
  );
  say(text);
  say(`In ${directory}, with manifest.json, as of ${takenAt}, in ${seconds.toFixed(1)} s.`);
}

function counted(value: number): string {
  return value.toLocaleString('en-US');
}
