/** The options of the lists: what the filters of the repositories have. */
import { InvalidArgumentError, Option } from 'commander';
import { CAMPAIGN_STATUSES } from '../../domain/campaign-status.js';
import { PATTERN_TYPES, type PatternType } from '../../domain/pattern-types.js';
import { PHASES, type Phase } from '../../domain/phase.js';
import { SIGNAL_STATUSES } from '../../domain/signal-status.js';
import type { MarketSymbol } from '../../domain/symbol.js';
import { TIMEFRAMES, type Timeframe } from '../../domain/timeframe.js';
import { readInstantArgument, readSymbolArgument } from '../arguments.js';

/** The options of a list as they were read; each command has some of them. Ids may be prefixes until they are resolved. */
export interface ListFilter {
  readonly limit: number;
  readonly symbol?: MarketSymbol;
  readonly timeframe?: Timeframe;
  readonly from?: Date;
  readonly to?: Date;
  readonly phase?: Phase;
  readonly type?: PatternType;
  /** Of the choices that the command has. */
  readonly status?: string;
  readonly minConfidence?: number;
  readonly range?: string;
  readonly pattern?: string;
  readonly campaign?: string;
  readonly run?: string;
  readonly deleted?: true;
}

export const LARGEST_LIMIT = 10_000;
const DEFAULT_LIMIT = 20;
const FEWEST_DIGITS = 4;
const ID_PREFIX = new RegExp(`^[0-9a-f]{${FEWEST_DIGITS},32}$`);

/** An id or the start of one, in lower case. */
export function readIdStartArgument(text: string): string {
  const id = text.trim().toLowerCase();
  if (ID_PREFIX.test(id.replaceAll('-', ''))) return id;
  throw new InvalidArgumentError(`An id, or at least the first ${FEWEST_DIGITS} characters of it, as the lists show.`);
}

/** `time` says what `from` and `to` are about. */
export function commonOptions(plural: string, time: string): Option[] {
  return [
    new Option('--symbol <symbol>', `${plural} of this symbol`).argParser(readSymbolArgument),
    new Option('--timeframe <timeframe>', 'of this timeframe').choices(TIMEFRAMES),
    new Option('--from <instant>', `from this instant on: ${time}`).argParser(readInstantArgument),
    new Option('--to <instant>', 'up to this instant, and without it').argParser(readInstantArgument),
    new Option('--limit <rows>', `how many of the newest, up to ${LARGEST_LIMIT}`)
      .argParser(readRows)
      .default(DEFAULT_LIMIT),
    new Option('--json', 'print an array of objects: the columns as they are stored'),
  ];
}

export const OPTIONS = {
  phase: () => new Option('--phase <phase>', 'in this phase').choices(PHASES),
  type: () => new Option('--type <type>', 'of this type').choices(PATTERN_TYPES),
  minConfidence: () =>
    new Option('--min-confidence <score>', 'with at least this confidence score').argParser(readScore),
  signalStatus: () => new Option('--status <status>', 'of this status').choices(SIGNAL_STATUSES),
  campaignStatus: () => new Option('--status <status>', 'of this status').choices(CAMPAIGN_STATUSES),
  range: () => idOption('range', 'of this trading range'),
  pattern: () => idOption('pattern', 'of this pattern'),
  campaign: () => idOption('campaign', 'of this campaign'),
  run: () => idOption('run', 'of this backtest run'),
  deleted: () => new Option('--deleted', 'soft-deleted ones too'),
};

function idOption(name: string, description: string): Option {
  return new Option(`--${name} <id>`, description).argParser(readIdStartArgument);
}

function readRows(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= LARGEST_LIMIT) return Number(text);
  throw new InvalidArgumentError(`A limit is a whole number from 1 to ${LARGEST_LIMIT}.`);
}

function readScore(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= 100) return Number(text);
  throw new InvalidArgumentError('A confidence score is a whole number from 0 to 100.');
}
