import { formatMicroseconds } from '../domain/microseconds.js';

/**
 * An instant as a query parameter. pg writes a Date in the process's own time zone with an offset in minutes; before zones were rounded to
 * those (Amsterdam was 19 min 32 s ahead until 1937, Liberia 44 min 30 s behind until 1972) that is another instant.
 * A bigint counts microseconds since the epoch.
 */
export function instant(at: Date | number | bigint): string {
  return typeof at === 'bigint' ? formatMicroseconds(at) : new Date(at).toISOString();
}
