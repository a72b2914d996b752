import type { FileOptions } from './open-file.js';

/** The command that imports a file with these options, quoted for a POSIX shell. */
export function importCommand(path: string, options: FileOptions, skip: boolean, mapPath?: string): string {
  const { symbol, timeframe, timezone, date, symbolRules, volumeScale, round, volume } = options;
  const rules = symbolRules?.length === 0 ? ['none'] : (symbolRules ?? []);
  const named = [
    ...optionOf('--symbol', symbol),
    ...optionOf('--timeframe', timeframe),
    ...optionOf('--timezone', timezone),
    ...optionOf('--date', date),
    ...rules.flatMap((rule) => ['--symbol-rule', rule]),
    ...optionOf('--volume-scale', typeof volumeScale === 'function' ? undefined : volumeScale),
    ...optionOf('--map', mapPath),
    ...(round ? ['--round'] : []),
    ...(volume === 'round' ? ['--volume', 'round'] : []),
    ...(skip ? ['--on-error', 'skip'] : []),
  ];
  return ['wyckoff', 'import', path.startsWith('-') ? `./${path}` : path, ...named].map(quote).join(' ');
}

function optionOf(option: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [option, String(value)];
}

function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
