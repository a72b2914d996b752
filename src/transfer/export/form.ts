import type { Writable } from 'node:stream';
import { readChoice } from '../../domain/choice.js';
import { readOrThrow } from '../../domain/problem.js';
import type { ExportKind } from './kinds.js';

export const EXPORT_FORMATS = ['csv', 'parquet', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export const COMPRESSIONS = ['none', 'snappy', 'gzip'] as const;
export type ExportCompression = (typeof COMPRESSIONS)[number];

/** The first is the default. */
const POSSIBLE = {
  csv: ['none', 'gzip'],
  ndjson: ['none', 'gzip'],
  parquet: ['snappy', 'gzip'],
} as const satisfies Record<ExportFormat, readonly ExportCompression[]>;

/** How files are written. */
export interface ExportForm {
  readonly format: ExportFormat;
  readonly compression: ExportCompression;
}

interface FormInput {
  readonly format: ExportFormat;
  readonly compression?: ExportCompression | undefined;
  readonly directory?: string | undefined;
  readonly output?: Writable | undefined;
}

/** @throws InvalidInputError EXPORT_TARGET, COMPRESSION_UNUSABLE, CHOICE_UNKNOWN */
export function readForm({ format: given, compression, directory, output }: FormInput, kinds: number): ExportForm {
  return readOrThrow('export', (report) => {
    const format = readChoice(given, EXPORT_FORMATS, 'a format', 'format', report);
    if ((directory === undefined) === (output === undefined) || (output && kinds !== 1)) {
      const rule = 'an export goes to a directory, or one kind of it to a stream';
      report({ code: 'EXPORT_TARGET', path: output ? 'kinds' : 'directory', value: output ? kinds : directory, rule });
    }
    if (format === undefined) return undefined;
    const possible: readonly ExportCompression[] = POSSIBLE[format];
    if (compression !== undefined && !possible.includes(compression)) {
      const rule = `${format} is compressed with ${possible.join(' or ')}`;
      report({ code: 'COMPRESSION_UNUSABLE', path: 'compression', value: compression, rule });
    }
    return { format, compression: compression ?? possible[0]! };
  });
}

/** `bars.csv`, `bars.csv.gz`, `bars.parquet`. */
export function fileName(kind: ExportKind, { format, compression }: ExportForm): string {
  return `${kind}.${format}${format !== 'parquet' && compression === 'gzip' ? '.gz' : ''}`;
}
