/** Options of the commands that read files of bars and ticks: how a file is read. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { TIMEFRAMES } from '../domain/timeframe.js';
import type { FileOptions } from '../transfer/read/open-file.js';
import { readSymbolArgument, readTimeframeArgument, readZoneArgument } from './arguments.js';

/** As commander gives them. */
export interface ReadingCommandOptions {
  readonly symbol?: string;
  readonly timeframe?: string;
  readonly timezone?: string;
  readonly date?: string;
  readonly round?: true;
  readonly volume?: 'exact' | 'round';
  readonly volumeScale?: number | 'auto';
  readonly symbolRule?: readonly string[];
  readonly map?: string;
}

/** What {@link readReadingOptions} answers. */
export type ReadingSettings = Pick<
  FileOptions,
  'symbol' | 'timeframe' | 'timezone' | 'date' | 'round' | 'volume' | 'symbolRules' | 'map'
> & { readonly volumeScale?: number | 'auto' | undefined };

export function addReadingOptions(command: Command): Command {
  return command
    .option(
      '--symbol <symbol>',
      'symbol of the rows (default: from the file, or a name like AAPL.csv or AAPL_1d.csv)',
      readSymbolArgument,
    )
    .option(
      '--timeframe <timeframe>',
      `${TIMEFRAMES.join(', ')} (default: from the file, its name, or the spacing)`,
      readTimeframeArgument,
    )
    .option(
      '--timezone <zone>',
      'zone of times without one, e.g. America/New_York (default: UTC, of ticks New York; not used for 1d)',
      readZoneArgument,
    )
    .option(
      '--date <date>',
      'of ticks with times of day, in the zone, e.g. 2013-10-07 (default: from the name of the file)',
    )
    .option('--round', 'round prices with more than 8 decimals, half-up (default: reject them)')
    .addOption(
      new Option('--volume <mode>', 'volumes with more decimals than their series keeps: reject or round them half-up')
        .choices(['exact', 'round'])
        .default('exact'),
    )
    .option(
      '--volume-scale <decimals>',
      'decimals of the volumes of a new series: 0 to 8, or auto for those that the file has (default: by its layout, else 0)',
      readVolumeScale,
    )
    .option(
      '--symbol-rule <rule>',
      "how symbols of files are named here, e.g. '*.US=*' (again for more; none: as they are; default: by the layout)",
      collect,
    )
    .option('--map <file>', 'JSON that describes how a file is laid out, where it is not recognised');
}

/** @throws InvalidInputError where the mapping file is wrong */
export async function readReadingOptions(options: ReadingCommandOptions): Promise<ReadingSettings> {
  const { symbol, timeframe, timezone, date, round, volume, volumeScale, symbolRule, map } = options;
  const rules = symbolRule?.filter((rule) => rule !== 'none');
  const settings = { symbol, timeframe, timezone, date, round, volume, volumeScale, symbolRules: rules };
  if (map === undefined) return settings;
  const { readMapFile } = await import('../transfer/read/layouts/map-file.js');
  return { ...settings, map: await readMapFile(map) };
}

function readVolumeScale(text: string): number | 'auto' {
  if (text === 'auto') return text;
  if (!/^[0-8]$/.test(text)) throw new InvalidArgumentError('It is a whole number from 0 to 8, or auto.');
  return Number(text);
}

function collect(rule: string, rules: readonly string[] | undefined): readonly string[] {
  return [...(rules ?? []), rule];
}
