import { type Logger, pino } from 'pino';
import type { LogLevel } from '../config.js';

export type { Logger };

/** NDJSON on standard error, so that what a command prints on standard output stays machine-readable. */
export function createLogger(level: LogLevel): Logger {
  return pino(
    { name: 'wyckoff-store', level, redact: ['*.password', '*.connectionString', '*.databaseUrl'] },
    pino.destination(2),
  );
}
