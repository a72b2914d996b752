import type { DatabaseError } from '../../errors.js';

const TARGET = 'schema_engine::logger';

/**
 * One JSON line on stderr, in the form of the native engine's log. The Prisma CLI parses these lines, reads errors from them, and takes
 * the first line of a process for a greeting, which it skips.
 */
export function log(level: 'INFO' | 'ERROR', fields: Readonly<Record<string, unknown>>): void {
  process.stderr.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, fields, target: TARGET })}\n`);
}

export function logError(error: DatabaseError): void {
  log('ERROR', { message: error.message, is_panic: false, error_code: prismaCode(error) ?? '' });
}

/** The code Prisma documents for this error; ours (`SCHEMA_ENGINE`, ...) mean nothing to its CLI. */
export function prismaCode(error: DatabaseError): string | undefined {
  return /^P\d{4}$/.test(error.code) ? error.code : undefined;
}
