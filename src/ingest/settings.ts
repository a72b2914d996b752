import { resolve } from 'node:path';
import { z } from 'zod';
import type { Config, IngestConfig } from '../config.js';
import { ConfigError } from '../errors.js';

/** How live rows are written. What has a variable in the environment (`.env.example`) may be given here as well, and wins. */
export interface IngestOptions extends Partial<IngestConfig> {
  /**
   * When `add` resolves: `memory` (the rows are queued; the process's death loses them), `spool` (they are on the local disk; nothing that is
   * acknowledged gets lost) or `database` (they are committed). Default: `spool`.
   */
  readonly durability?: 'memory' | 'spool' | 'database';
  /**
   * What `add` does where there is no room: `block` (it waits), `reject` (it throws a QueueFullError), or `drop-oldest` (the oldest rows that wait
   * are dropped and counted; at `memory` alone, since elsewhere somebody was told, or waits to be told, that they are safe). Default: `block`.
   */
  readonly whenFull?: 'block' | 'reject' | 'drop-oldest';
  /** Batches that are written at a time, each on a connection of its own; 1 to 8. Default 4. */
  readonly writers?: number;
  /** Where the spool and the dead letters are. Default: `ingest` in WYCKOFF_DATA_DIR. A directory belongs to one database and one machine. */
  readonly directory?: string;
  /** Most bytes of the spool. Default 1 GiB. */
  readonly spoolSize?: number;
  /** Bytes of one of its files; the last ones are kept until all in them is written. Default 8 MiB. */
  readonly segmentSize?: number;
}

export type IngestSettings = IngestConfig & Required<Omit<IngestOptions, keyof IngestConfig>>;

const MIB = 2 ** 20;
const schema = z.object({
  durability: z.enum(['memory', 'spool', 'database']).default('spool'),
  whenFull: z.enum(['block', 'reject', 'drop-oldest']).default('block'),
  writers: z.number().int().min(1).max(8).default(4),
  directory: z.string().min(1).optional(),
  spoolSize: z
    .number()
    .int()
    .min(1024)
    .default(1024 * MIB),
  segmentSize: z
    .number()
    .int()
    .min(1024)
    .max(64 * MIB)
    .default(8 * MIB),
});

/** Where an ingest keeps its files when nothing else is said. */
export function ingestDirectory(dataDirectory: string): string {
  return resolve(dataDirectory, 'ingest');
}

/** @throws ConfigError */
export function readSettings(options: IngestOptions, config: Config): IngestSettings {
  const parsed = schema.safeParse(options);
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `ingest.${path.join('.')}: ${message}`);
    throw new ConfigError('CONFIG_INVALID', lines.join('; '));
  }
  const { directory, ...rest } = parsed.data;
  if (rest.whenFull === 'drop-oldest' && rest.durability !== 'memory') {
    const message = `ingest.whenFull: drop-oldest would drop rows that add acknowledges at ${rest.durability}`;
    throw new ConfigError('CONFIG_INVALID', message, { hint: "use it with durability: 'memory', or block or reject" });
  }
  if (rest.spoolSize < 2 * rest.segmentSize) {
    throw new ConfigError('CONFIG_INVALID', 'ingest.spoolSize is below two segments (ingest.segmentSize)');
  }
  return { ...config.ingest, ...rest, directory: resolve(directory ?? ingestDirectory(config.dataDirectory)) };
}
