import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { LARGEST_VOLUME_SCALE } from '../../../domain/amount.js';
import { TIMEFRAMES } from '../../../domain/timeframe.js';
import { InvalidInputError, type Problem } from '../../../errors.js';
import { sizeOfFile } from '../csv-text.js';
import { fileError } from '../file-problem.js';
import { SymbolRules } from '../symbol-rules.js';
import { DELIMITERS, type LayoutDescription, REQUIRED_FIELDS, TEXT_FIELDS } from './description.js';

/** In bytes. A description has some hundred. */
const LARGEST_MAP = 1_048_576;

const text = z.string().min(1);

const schema = z
  .strictObject({
    layout: text.max(32).default('map'),
    columns: z.partialRecord(z.enum(TEXT_FIELDS), z.union([z.string(), z.array(z.string()).min(1)])),
    delimiter: z.enum(DELIMITERS).optional(),
    header: z.number().int().min(1).max(20).optional(),
    namesLine: z.number().int().min(1).max(20).optional(),
    names: z.array(z.string()).min(1).optional(),
    dates: z.enum(['month-first', 'day-first']).optional(),
    epoch: z.enum(['s', 'ms', 'us', 'ns']).optional(),
    decimal: z.enum(['.', ',']).optional(),
    integerPrices: z.number().int().min(0).max(9).optional(),
    missing: z.array(z.string()).optional(),
    volumeOptional: z.boolean().optional(),
    footer: text.optional(),
    symbol: text.optional(),
    timeframe: z.enum(TIMEFRAMES).optional(),
    timeframes: z.record(z.string(), z.enum(TIMEFRAMES)).optional(),
    timezone: text.optional(),
    symbolRules: z.array(z.string()).optional(),
    volumeScale: z.union([z.literal('auto'), z.number().int().min(0).max(LARGEST_VOLUME_SCALE)]).optional(),
    sessionTimes: z.boolean().optional(),
  })
  .superRefine((map, context) => {
    const issue = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const field of REQUIRED_FIELDS) {
      if (map.columns[field] === undefined && !(field === 'volume' && map.volumeOptional))
        issue(['columns', field], 'the name of its column is needed');
    }
    if (map.names && (map.header || map.namesLine))
      issue(['names'], 'a file that has a header names its columns there');
    if ((map.namesLine ?? 1) > (map.header ?? 1)) issue(['namesLine'], 'it is one of the lines of the header');
  });

/**
 * Checks a description of a layout that a person wrote.
 * @throws InvalidInputError MAP_INVALID, with the place of each fault; SYMBOL_RULE_INVALID
 */
export function readLayoutDescription(value: unknown): LayoutDescription {
  const parsed = schema.safeParse(value);
  if (parsed.success) {
    new SymbolRules(parsed.data.symbolRules ?? []);
    return parsed.data;
  }
  const problems = parsed.error.issues.map(
    ({ path, message }): Problem => ({
      code: 'MAP_INVALID',
      path: path.join('.'),
      value: path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown> | undefined)?.[key], value),
      rule: message,
      hint: 'docs/files.md has what a mapping file may say',
    }),
  );
  throw new InvalidInputError(problems, 'mapping file');
}

/** Reads a mapping file: a {@link LayoutDescription} as JSON. @throws InvalidInputError FILE_MISSING, MAP_INVALID, ... */
export async function readMapFile(path: string): Promise<LayoutDescription> {
  if ((await sizeOfFile(path)) > LARGEST_MAP) throw notJson(path, 'the file has more than 1 MB');
  const content = await readFile(path, 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(content.replace(/^\ufeff/, ''));
  } catch (error) {
    throw notJson(path, `the file is not JSON: ${(error as Error).message}`);
  }
  return readLayoutDescription(value);
}

function notJson(path: string, rule: string): InvalidInputError {
  return fileError({ code: 'MAP_INVALID', path: '', value: path, rule, hint: 'a mapping file is one JSON object' });
}
