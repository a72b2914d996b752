/** Readers of command-line arguments, for commander: what breaks a rule is wrong usage. */
import { InvalidArgumentError } from 'commander';
import { readId } from '../domain/identifier.js';
import { type Report, readOrThrow } from '../domain/problem.js';
import { type MarketSymbol, readSymbol } from '../domain/symbol.js';
import { readInstant } from '../domain/time.js';
import { readTimeframe, type Timeframe } from '../domain/timeframe.js';
import { InvalidInputError } from '../errors.js';

export function readSymbolArgument(text: string): MarketSymbol {
  return read((report) => readSymbol(text, 'symbol', report));
}

export function readInstantArgument(text: string): Date {
  return read((report) => readInstant(text, 'instant', report), 'write it as 2024-01-02 or 2024-01-02T14:30:00Z');
}

export function readTimeframeArgument(text: string): Timeframe {
  return read((report) => readTimeframe(text, 'timeframe', report));
}

/** Not through the rule of the files' readers, which loads what they work with. */
export function readZoneArgument(text: string): string {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: text });
    return text;
  } catch {
    throw new InvalidArgumentError('It is no time zone of the IANA database, such as America/New_York or UTC.');
  }
}

export function readIdArgument(text: string): string {
  return read((report) => readId(text, 'id', report));
}

export function readLimitArgument(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('A limit is a whole number from 1.');
  return Number(text);
}

/** `hint` replaces the domain's own, which is for programs. */
function read<T>(reader: (report: Report) => T | undefined, hint?: string): T {
  try {
    return readOrThrow('argument', reader);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    const [problem] = error.problems;
    const advice = hint ?? problem!.hint;
    throw new InvalidArgumentError(`It breaks a rule: ${problem!.rule}${advice ? `; ${advice}` : ''}.`);
  }
}
