/** `wyckoff cutover`: bars from files into the database, step by step, and back. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { counted } from '../domain/counted.js';
import { formatInstant } from '../domain/time.js';
import type { Cutover, StepOptions } from '../transfer/cutover/cutover.js';
import type { CutoverState } from '../transfer/cutover/phase.js';
import type { CutoverVerification } from '../transfer/cutover/verify-sides.js';
import { withDatabase } from './context.js';
import { note, say, sayJson } from './output.js';

const EXIT_DIFFERS = 1;
const SHOWN_SERIES = 20;
const SHOWN_DIFFERENCES = 20;
const FEW_NAMES = 5;

interface JsonOption {
  readonly json?: true;
}

const EXIT_STATUS =
  '\nExit status: 0 done, 1 refused (nothing was changed) or interrupted (do it again to go on), 2 wrong usage.';

export function registerCutoverCommands(program: Command): void {
  const cutover = program
    .command('cutover')
    .description(
      'take the bars from the files of WYCKOFF_BARS_DIR into the database, step by step, and back (docs/cutover.md)',
    );
  const step = (name: string, description: string) =>
    cutover.command(name).description(description).option('--json', 'print one JSON object');
  step('plan', 'where the cutover stands, what there is to move, and what may be done next; changes nothing')
    .addHelpText('after', EXIT_STATUS)
    .action(plan);
  step('start', 'have files and database written, and copy the files into the database; goes on where it was stopped')
    .addHelpText('after', EXIT_STATUS)
    .action((options: JsonOption) => take(options, (one, settings) => one.start(settings)));
  step('verify', 'compare every value of files and database, while they are written')
    .addHelpText('after', '\nExit status: 0 equal, 1 they differ or it was refused, 2 wrong usage.')
    .action(verify);
  step('switch', 'have the database read; both sides go on being written')
    .addHelpText('after', EXIT_STATUS)
    .action((options: JsonOption) => take(options, (one) => one.switch()));
  step(
    'rollback',
    'have the files read again, with every bar written meanwhile; where they are read, go back to the files alone',
  )
    .addHelpText('after', EXIT_STATUS)
    .action((options: JsonOption) => take(options, (one, settings) => one.rollback(settings)));
  step('finish', 'stop writing the files, after a comparison')
    .option('--archive <directory>', 'then compare once more, and move the files there')
    .addHelpText('after', `\nExample: wyckoff cutover finish --archive /srv/bars-archive\n${EXIT_STATUS}`)
    .action(({ archive, ...options }: JsonOption & { archive?: string }) =>
      take(options, (one, settings) => one.finish({ ...settings, archive })),
    );
}

async function withCutover<T>(
  use: (cutover: Cutover, signal: AbortSignal, directory: string) => Promise<T>,
): Promise<T> {
  return withDatabase(async (database, signal) => {
    const { Cutover } = await import('../transfer/cutover/cutover.js');
    const { barsDirectory, pool } = database.config;
    return use(new Cutover(database, { directory: barsDirectory, actor: pool.applicationName }), signal, barsDirectory);
  });
}

/** A step that changes the phase. */
async function take(
  { json }: JsonOption,
  use: (cutover: Cutover, settings: StepOptions) => Promise<CutoverState>,
): Promise<void> {
  await withCutover(async (cutover, signal) => {
    const { phase: before } = await cutover.state();
    const state = await use(cutover, { signal, onProgress: json ? undefined : note });
    if (json) return sayJson(stateRow(state));
    say(
      before === state.phase ? `The phase is "${state.phase}".` : `The phase was "${before}" and is "${state.phase}".`,
    );
    await sayNext(state);
  });
}

async function plan({ json }: JsonOption): Promise<void> {
  const { directory, state, next, series, bars, others, pending, ours } = await withCutover(
    async (cutover, _, folder) => ({
      directory: resolve(folder),
      ...(await cutover.plan()),
    }),
  );
  if (json) {
    const rows = series.map(({ symbol, timeframe, count, volumeScale, first, last }) => ({
      ...{ symbol, timeframe, bars: count, volume_scale: volumeScale },
      ...{ first: formatInstant(first), last: formatInstant(last) },
    }));
    return sayJson({ ...stateRow(state), next, directory, ours, series: rows, bars, others, pending });
  }
  say(`The phase is "${state.phase}".`);
  if (!ours)
    say('It is the cutover of another folder: set WYCKOFF_BARS_DIR to the one that `wyckoff cutover start` was given.');
  say(`The files of ${directory} have ${counted(bars, 'bar')} of ${number(series.length)} series.`);
  for (const { symbol, timeframe, count, first, last } of series.slice(0, SHOWN_SERIES))
    say(`  ${symbol} ${timeframe}: ${counted(count, 'bar')} from ${formatInstant(first)} to ${formatInstant(last)}`);
  if (series.length > SHOWN_SERIES) say(`  and ${number(series.length - SHOWN_SERIES)} more (--json lists all)`);
  if (others.length > 0) say(`The database alone has ${few(others)}: they stay as they are.`);
  if (pending > 0) say(`${counted(pending, 'write waits', 'writes wait')} to be made in the files.`);
  say(`Next: ${next}`);
}

async function verify({ json }: JsonOption): Promise<void> {
  await withCutover(async (cutover, signal) => {
    const found = await cutover.verify({ signal, onProgress: json ? undefined : note });
    const state = await cutover.state();
    if (json) sayJson({ ...stateRow(state), ...found, seconds: Math.round(found.seconds * 1000) / 1000 });
    else await report(found, state);
    if (!found.equal) process.exitCode = EXIT_DIFFERS;
  });
}

async function report(found: CutoverVerification, state: CutoverState): Promise<void> {
  const { equal, bars, series, missing, extra, different, examples, others, seconds } = found;
  say(`${counted(bars, 'bar')} of ${number(series)} series compared in ${seconds.toFixed(1)} s.`);
  if (others.length > 0) say(`The database alone has ${few(others)}: not compared.`);
  if (equal) say('Files and database hold the same.');
  else {
    say(
      `They differ: ${counted(missing, 'bar')} missing in the database, ${number(extra)} in it alone, ${number(different)} different.`,
    );
    for (const example of examples.slice(0, SHOWN_DIFFERENCES)) say(`  ${example}`);
    say('docs/cutover.md, "When they differ", says what each kind means and what mends it.');
  }
  say(`The phase is "${state.phase}".`);
  await sayNext(state);
}

async function sayNext({ phase }: CutoverState): Promise<void> {
  const { NEXT } = await import('../transfer/cutover/refused.js');
  say(`Next: ${NEXT[phase]}`);
}

function stateRow({ id, phase, startedAt, verifiedAt, stoppedAt, archivedTo }: CutoverState) {
  return {
    ...{ cutover: id, phase, started_at: startedAt && formatInstant(startedAt) },
    verified_at: verifiedAt && formatInstant(verifiedAt),
    stopped_at: stoppedAt && formatInstant(stoppedAt),
    archived_to: archivedTo,
  };
}

/** The first of them, and how many more there are. */
function few(names: readonly string[]): string {
  const more = names.length - FEW_NAMES;
  return names.slice(0, FEW_NAMES).join(', ') + (more > 0 ? ` and ${number(more)} more` : '');
}

function number(count: number): string {
  return count.toLocaleString('en-US');
}
