import type { Report } from '../../domain/problem.js';

const HOURS = { hour: 1, day: 24, week: 168 } as const;
const LONGEST_DAYS = 3_650;

/** A chunk interval, as whole hours. */
export interface ChunkInterval {
  readonly hours: number;
  /** As SQL has it: in days where it is whole days. */
  readonly text: string;
}

/** Reads e.g. `7 days`, `12 hours` or `2 weeks`: from an hour to ten years. */
export function readChunkInterval(value: unknown, path: string, report: Report): ChunkInterval | undefined {
  const [, count, unit] = /^\s*(\d{1,6})\s*(hour|day|week)s?\s*$/i.exec(String(value)) ?? [];
  if (count === undefined) {
    const rule = 'a chunk interval is a number of whole hours, days or weeks';
    const month = /month|year/i.test(String(value));
    const hint = month
      ? "months differ in length: write days, such as '30 days'"
      : "write it as '7 days' or '12 hours'";
    report({ code: 'CHUNK_INTERVAL_INVALID', path, value, rule, hint });
    return undefined;
  }
  const hours = Number(count) * HOURS[unit!.toLowerCase() as keyof typeof HOURS];
  if (hours === 0 || hours > LONGEST_DAYS * HOURS.day) {
    const rule = `a chunk interval is from an hour to ${LONGEST_DAYS.toLocaleString('en-US')} days`;
    report({ code: 'CHUNK_INTERVAL_OUT_OF_RANGE', path, value, rule });
    return undefined;
  }
  return { hours, text: intervalText(hours) };
}

/** As {@link readChunkInterval} takes it. */
export function intervalText(hours: number): string {
  return hours % HOURS.day === 0 ? counted(hours / HOURS.day, 'day') : counted(hours, 'hour');
}

function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}
