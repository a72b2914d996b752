/** `wyckoff ranges|patterns|signals|campaigns|backtests`: look at the ledger. */
import { type Command, Option } from 'commander';
import type { SeriesKey } from '../../domain/series.js';
import type { LedgerRow } from '../../repositories/ledger/ledger-table.js';
import type { Store } from '../../store.js';
import { commonOptions, type ListFilter, OPTIONS, readIdStartArgument } from './options.js';
import type { Related } from './related.js';
import type { LedgerView } from './view.js';

interface Group<Entity extends LedgerRow & SeriesKey> {
  readonly name: string;
  readonly noun: string;
  readonly plural: string;
  /** What `--from` and `--to` of the list are about. */
  readonly time: string;
  readonly options: readonly Option[];
  /** Options of the list's example, and an id of the sample ledger for that of `show`. */
  readonly example: string;
  readonly exampleId: string;
  /** What `show` adds to the row's values. */
  readonly more: string;
  readonly view: () => Promise<LedgerView<Entity>>;
  readonly related: () => Promise<(store: Store, row: Entity) => Promise<Related[]>>;
}

export function registerLedgerCommands(program: Command): void {
  register(program, {
    ...{ name: 'ranges', noun: 'trading range', plural: 'trading ranges', time: 'its start' },
    options: [OPTIONS.phase(), OPTIONS.deleted()],
    ...{ example: '--symbol AAPL --phase D', exampleId: '7d02d6de' },
    more: 'its patterns and campaigns',
    view: async () => (await import('./ranges.js')).RANGES,
    related: async () => (await import('./related.js')).relatedToRange,
  });
  register(program, {
    ...{ name: 'patterns', noun: 'pattern', plural: 'patterns', time: 'the bar it is on' },
    options: [OPTIONS.type(), OPTIONS.phase(), OPTIONS.range(), OPTIONS.minConfidence()],
    ...{ example: '--type SPRING --min-confidence 80', exampleId: '8a4b4f79' },
    more: 'its range and signals',
    view: async () => (await import('./patterns.js')).PATTERNS,
    related: async () => (await import('./related.js')).relatedToPattern,
  });
  register(program, {
    ...{ name: 'signals', noun: 'signal', plural: 'signals', time: 'when it was generated' },
    options: [OPTIONS.signalStatus(), OPTIONS.pattern(), OPTIONS.campaign(), OPTIONS.minConfidence()],
    ...{ example: '--status PENDING', exampleId: '2258f886' },
    more: 'its approval chain, pattern, range and campaign',
    view: async () => (await import('./signals.js')).SIGNALS,
    related: async () => (await import('./related.js')).relatedToSignal,
  });
  register(program, {
    ...{ name: 'campaigns', noun: 'campaign', plural: 'campaigns', time: 'its start' },
    options: [OPTIONS.campaignStatus(), OPTIONS.range()],
    ...{ example: '--status ACTIVE', exampleId: '73c2bd2e' },
    more: 'its entries, range and signals',
    view: async () => (await import('./campaigns.js')).CAMPAIGNS,
    related: async () => (await import('./related.js')).relatedToCampaign,
  });
  register(program, {
    ...{ name: 'backtests', noun: 'backtest result', plural: 'backtest results', time: 'when it was recorded' },
    options: [OPTIONS.run()],
    ...{ example: '--symbol TSLA', exampleId: '5dc9a229' },
    more: 'its configuration and the other results of its run',
    view: async () => (await import('./backtests.js')).BACKTESTS,
    related: async () => (await import('./related.js')).relatedToBacktest,
  });
}

function register<Entity extends LedgerRow & SeriesKey>(program: Command, group: Group<Entity>): void {
  const { name, noun, plural, time, options, example, exampleId, more, view, related } = group;
  const commands = program.command(name).description(`show the ${plural} of the ledger`);
  const listing = commands.command('list').description(`the newest ${plural}, oldest of them first`);
  for (const option of [...options, ...commonOptions(plural, time)]) listing.addOption(option);
  listing
    .addHelpText('after', `\n${IDS}\n\nExample: wyckoff ${name} list ${example}`)
    .action(async (filter: ListFilter) => {
      const { list } = await import('./list.js');
      await list(await view(), filter);
    });
  commands
    .command('show')
    .description(`everything of one ${noun}: its values, ${more}, its history`)
    .argument('<id>', 'its id, or the start of it', readIdStartArgument)
    .addOption(new Option('--json', 'print one JSON object: the columns as they are stored'))
    .addHelpText('after', `\n${IDS}\n\nExample: wyckoff ${name} show ${exampleId}`)
    .action(async (id: string, options: { json?: true }) => {
      const { show } = await import('./show.js');
      await show(await view(), await related(), id, options);
    });
}

const IDS = 'Tables show the first 8 characters of an id. The start of an id will do wherever no other id starts so.';
