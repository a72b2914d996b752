/** `wyckoff import`: bars and ticks out of files and folders; what was imported; and the way back. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { FileImport } from '../transfer/import/result.js';
import { readIdArgument, readLimitArgument } from './arguments.js';
import { Interruption, withStore } from './context.js';
import { sayJson } from './output.js';
import { addReadingOptions, type ReadingCommandOptions, readReadingOptions } from './reading-options.js';

const EXIT_FAILED = 1;
/** Milliseconds for the file under way, once the command was told to stop. */
const PATIENCE = 5_000;

interface ImportCommandOptions extends ReadingCommandOptions {
  pattern?: string;
  onError: 'stop' | 'skip';
  dryRun?: true;
  again?: true;
  parallel?: number;
  report?: string;
  archive?: string;
  undo?: string;
  runs?: true;
  files?: string;
  limit?: number;
  json?: true;
}

/** Each does something else than to import. */
const OTHER_TASKS = ['undo', 'runs', 'files'] as const;

export function registerImportCommand(program: Command): void {
  addReadingOptions(program.command('import'))
    .description(
      'import bars, trades, quotes, order books and indicators from files and folders; what was imported before is left alone',
    )
    .argument('[path...]', 'data files, and folders with all that lies in them')
    .option('--pattern <pattern>', "how other names tell them, e.g. '{symbol}-{timeframe}-{any}.csv'")
    .addOption(
      new Option('--on-error <mode>', 'a file with bad rows: write nothing of it, or its other rows')
        .choices(['stop', 'skip'])
        .default('stop'),
    )
    .option('--dry-run', 'read, check and compare with what is stored; write nothing')
    .option('--again', 'import files that were imported before, too')
    .option('--parallel <files>', 'how many files are under way at once, 1 to 8 (default: 2)', readParallel)
    .option('--report <folder>', 'write migration-report.json and MIGRATION_RESULTS.md into it')
    .option('--archive <folder>', 'move each file into it once the database was seen to have all of it')
    .addOption(new Option('--undo <run>', 'take back an import, or one file of it').argParser(readIdArgument))
    .option('--runs', 'list the imports, the newest first')
    .addOption(new Option('--files <run>', 'list the files of an import').argParser(readIdArgument))
    .option('--limit <runs>', 'how many imports --runs lists (default: 20)', readLimitArgument)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nSeries are told by the options, by --pattern, by folders like symbol=AAPL/timeframe=1d, or by names like AAPL_1d.csv.\n' +
        'A file is one transaction; an archive of several is several files. An import that was stopped goes on where it was when it is run again.\n' +
        '\nExample: wyckoff import AAPL_1d.csv\n' +
        '         wyckoff import prices.csv --symbol ES --timeframe 1m --timezone America/New_York\n' +
        '         wyckoff import data/ --dry-run && wyckoff import data/ --report .\n' +
        '         wyckoff import SPY_trades.csv --date 2013-10-07\n' +
        '         wyckoff import --undo 3f0c6a1e-...\n' +
        '\nExit status: 0 all files are imported, 1 a file was not (or not archived), or an import cannot be undone,\n' +
        '2 wrong usage. A run that is stopped ends by its signal.',
    )
    .action(async (paths: string[], options: ImportCommandOptions, command: Command) => {
      const tasks = OTHER_TASKS.filter((name) => options[name] !== undefined);
      if (tasks.length > 1 || (tasks.length === 1 && paths.length > 0))
        command.error(`error: --${tasks[0]} stands alone, without paths`, { exitCode: 2 });
      if (tasks.length === 0 && paths.length === 0)
        command.error('error: which files? Name files or folders', { exitCode: 2 });
      if (options.dryRun && options.archive) command.error('error: a dry run archives nothing', { exitCode: 2 });
      if (tasks.length === 0) return importPaths(paths, options);
      const { listFiles, listRuns, undo } = await import('./import-runs.js');
      const json = options.json === true;
      if (options.undo) return undo(options.undo, json);
      return options.files ? listFiles(options.files, json) : listRuns(options.limit, json);
    });
}

async function importPaths(paths: string[], options: ImportCommandOptions): Promise<void> {
  const { json, pattern, onError, dryRun, again, parallel, report, archive } = options;
  const reading = await readReadingOptions(options);
  const settings = { ...reading, pattern, onError, dryRun, again, parallel, report, archive };
  const [{ ImportProgressView }, { reportInterrupted, reportResult }] = await Promise.all([
    import('./import-progress.js'),
    import('./import-report.js'),
  ]);
  const progress = new ImportProgressView(json === true);
  const files: FileImport[] = [];
  const onFile = (file: FileImport) => files.push(file);
  try {
    const result = await withStore(
      (store, signal) => store.files.import({ paths, ...settings, signal, onProgress: progress.show, onFile }),
      { patience: PATIENCE },
    );
    progress.stop();
    if (json) {
      const { importJson } = await import('../transfer/import/report.js');
      sayJson(importJson(result));
    } else reportResult(result, report);
    if (result.totals.failed + result.totals.notArchived > 0) process.exitCode = EXIT_FAILED;
  } catch (error) {
    progress.stop();
    if (error instanceof Interruption) reportInterrupted(files);
    throw error;
  } finally {
    progress.stop();
  }
}

function readParallel(text: string): number {
  if (!/^[1-8]$/.test(text)) throw new InvalidArgumentError('It is a whole number from 1 to 8.');
  return Number(text);
}
