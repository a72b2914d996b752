import { type Logger, pino } from 'pino';
import type { LogLevel } from '../config.js';

export type { Logger };

/** NDJSON on standard error, so that what a command prints on standard output stays machine-readable. */
export function createLogger(level: LogLevel): Logger {
  return pino(
    {
      name: 'wyckoff-store',
      level,
      redact: ['*.password', '*.connectionString', '*.databaseUrl'],
      serializers: { err: describeError },
    },
    pino.destination(2),
  );
}

/** An error of a lost connection carries the whole connection, 7 KB of it. */
function describeError(error: Error): object {
  const { client: _, ...described } = pino.stdSerializers.err(error);
  return described;
}
