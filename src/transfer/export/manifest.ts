import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';
import { InvalidInputError } from '../../errors.js';
import { COMPRESSIONS, EXPORT_FORMATS } from './form.js';
import { EXPORT_KINDS } from './kinds.js';

/** The file in the directory of an export that says what the others are. */
export const MANIFEST = 'manifest.json';

const COUNT = z.int().min(0);
const INSTANT = z.string().nullable();

const SERIES = z.object({
  symbol: z.string(),
  timeframe: z.string().optional(),
  /** Of an indicator. */
  name: z.string().optional(),
  /** Of bars. */
  volume_scale: z.int().optional(),
  rows: COUNT,
  /** The instants of the first and the last row. */
  first: INSTANT,
  last: INSTANT,
});

const FILE = z.object({
  kind: z.enum(EXPORT_KINDS),
  /** Beside the manifest. */
  path: z.string().regex(/^[a-z-]+(\.[a-z]+){1,2}$/),
  rows: COUNT,
  bytes: COUNT,
  /** Of the file as it is, in hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  columns: z.array(z.string()),
  first: INSTANT,
  last: INSTANT,
  /** Of market data, in the order of the file. */
  series: z.array(SERIES).optional(),
});

const SCHEMA = z.object({
  format: z.literal('wyckoff export 1'),
  /** Of wyckoff-store. */
  version: z.string(),
  /** That the database had. */
  migrations: z.array(z.string()),
  /** When the one snapshot was taken that all files are of. */
  taken_at: z.string(),
  files_format: z.enum(EXPORT_FORMATS),
  compression: z.enum(COMPRESSIONS),
  /** What was left out; null where everything of the kinds is there. */
  selection: z
    .object({
      symbols: z.array(z.string()).nullable(),
      timeframes: z.array(z.string()).nullable(),
      from: INSTANT,
      to: INSTANT,
    })
    .nullable(),
  files: z.array(FILE),
  /** As `wyckoff audit verify` prints it; null where the chains were not exported. */
  audit_digest: z.string().nullable(),
});

export type ExportManifest = z.infer<typeof SCHEMA>;
export type ExportedFile = z.infer<typeof FILE>;
export type ExportedSeries = z.infer<typeof SERIES>;

/** A package may import itself by name; so it works in `src` and in `dist` alike. */
export function packageVersion(): string {
  return (createRequire(import.meta.url)('wyckoff-store/package.json') as { readonly version: string }).version;
}

/** @throws InvalidInputError EXPORT_MANIFEST_MISSING, EXPORT_MANIFEST_INVALID */
export async function readManifest(directory: string): Promise<ExportManifest> {
  const path = join(directory, MANIFEST);
  const refuse = (code: string, rule: string, hint: string) =>
    new InvalidInputError([{ code, path: '', value: path, rule, hint }], 'export');
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    const hint = 'name the directory that `wyckoff export` wrote; one without a manifest was not finished';
    throw refuse('EXPORT_MANIFEST_MISSING', `cannot be read: ${error.message}`, hint);
  });
  try {
    return SCHEMA.parse(JSON.parse(text));
  } catch (error) {
    const [issue] = error instanceof z.ZodError ? error.issues : [];
    const why = issue ? `${issue.path.join('.')}: ${issue.message}` : (error as Error).message;
    throw refuse(
      'EXPORT_MANIFEST_INVALID',
      `not a manifest of an export: ${why}`,
      'take a copy of the export that is whole',
    );
  }
}
