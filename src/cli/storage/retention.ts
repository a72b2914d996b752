import type { Command } from 'commander';
import type { Retention } from '../../database/layouts/retention.js';
import { formatInstant } from '../../domain/time.js';
import { withDatabase } from '../context.js';
import { note, say, sayJson } from '../output.js';
import { counted } from './sizes.js';

interface JsonOption {
  readonly json?: true;
}

export function registerRetentionCommands(storage: Command): void {
  const retention = storage.command('retention').description('how long bars are kept (for ever, unless it is set)');
  retention
    .command('set')
    .description('keep bars for an interval, or "forever"; nothing is removed before the next run')
    .argument('<interval>', "e.g. '10 years', or forever")
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample: wyckoff storage retention set "10 years" && wyckoff storage retention show')
    .action(set);
  retention
    .command('show')
    .description('what is set, and what the next run would remove')
    .option('--json', 'print one JSON object')
    .action(show);
  retention
    .command('run')
    .description('remove what is older, now')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nBars and their former values go, by chunks where the layout has them; the audit trail keeps an event for each series.\n' +
        'On TimescaleDB a job does this once a day; elsewhere let cron run it.',
    )
    .action(run);
}

async function set(interval: string, { json }: JsonOption): Promise<void> {
  const keep = interval.trim().toLowerCase() === 'forever' ? null : interval;
  const retention = await withDatabase(async ({ pool }) => {
    const { setRetention } = await import('../../database/layouts/retention.js');
    return setRetention(pool, keep, await actorName());
  });
  await print(retention, json);
}

async function show({ json }: JsonOption): Promise<void> {
  const retention = await withDatabase(async ({ pool }) => {
    const { readRetention } = await import('../../database/layouts/retention.js');
    return pool.withClient(readRetention);
  });
  await print(retention, json);
}

async function run({ json }: JsonOption): Promise<void> {
  const removed = await withDatabase(async ({ pool }, signal) => {
    const { runRetention } = await import('../../database/layouts/retention.js');
    return runRetention(pool, {
      actor: await actorName(),
      signal,
      onProgress: (before) => {
        if (!json) note(`removed what was before ${formatInstant(before)}`);
      },
    });
  });
  if (json) return sayJson({ retention: removed !== undefined, removed: removed ?? [] });
  if (removed === undefined)
    return say('Retention is off: bars are kept for ever. "wyckoff storage retention set" sets it.');
  for (const { symbol, timeframe, bars } of removed) say(`${symbol} ${timeframe}: ${counted(bars, 'bar')} removed`);
  if (removed.length === 0) say('Nothing was that old: nothing was removed.');
}

async function print(retention: Retention, json: true | undefined): Promise<void> {
  if (json) return sayJson(retention);
  const { keep, setBy, setAt, cutoff, bars, series, lastRemoval } = retention;
  if (keep === null) say('Retention is off: bars are kept for ever.');
  else {
    say(`Bars are kept for ${keep}, set by ${setBy} on ${formatInstant(setAt!).slice(0, 10)}.`);
    say(
      `A run now removes what is before ${formatInstant(cutoff!)}: ${counted(bars, 'bar')} of ${counted(series, 'series', 'series')}.`,
    );
  }
  say(
    lastRemoval
      ? `Bars were removed last on ${lastRemoval.toISOString().slice(0, 10)}.`
      : 'No bar was ever removed by it.',
  );
}

async function actorName(): Promise<string> {
  const { readConfig } = await import('../../config.js');
  return readConfig().pool.applicationName;
}
