import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MigrationError } from '../../errors.js';
import { packagedMigrations } from '../migrate.js';
import type { Schema } from './schema.js';

/** Lies beside the migrations that it was made from; `npm run manifest` makes it. */
export function manifestFile(): string {
  return join(dirname(packagedMigrations()), 'manifest.json');
}

/** @throws MigrationError MANIFEST_MISSING */
export async function readManifest(): Promise<Schema> {
  try {
    return JSON.parse(await readFile(manifestFile(), 'utf8')) as Schema;
  } catch (error) {
    throw new MigrationError('MANIFEST_MISSING', 'the package has lost prisma/manifest.json', {
      hint: 'install wyckoff-store again',
      cause: error,
    });
  }
}

const WIDTH = 120;

/** One line for what fits into one, so that a change of a column is a change of a line. Ends with a line feed. */
export function writeManifest(schema: Schema): string {
  return `${write(schema, 0, 0)}\n`;
}

/** `before`: how much of the first line is taken. */
function write(value: unknown, depth: number, before: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(
    ([key, item]) => [Array.isArray(value) ? '' : `${JSON.stringify(key)}: `, item] as const,
  );
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  if (entries.length === 0) return `${open}${close}`;
  const flat = entries.every(([, item]) => typeof item !== 'object' || item === null);
  const space = Array.isArray(value) ? '' : ' ';
  const line = `${open}${space}${entries.map(([key, item]) => `${key}${JSON.stringify(item)}`).join(', ')}${space}${close}`;
  if (flat && before + line.length < WIDTH) return line;
  const indent = '  '.repeat(depth + 1);
  const lines = entries.map(([key, item]) => `${indent}${key}${write(item, depth + 1, indent.length + key.length)}`);
  return `${open}\n${lines.join(',\n')}\n${'  '.repeat(depth)}${close}`;
}
