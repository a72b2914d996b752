/**
 * An instant as a query parameter. pg writes a Date in the process's own time zone with an offset in minutes; before zones were rounded to
 * those (Amsterdam was 19 min 32 s ahead until 1937, Liberia 44 min 30 s behind until 1972) that is another instant.
 */
export function instant(at: Date | number): string {
  return new Date(at).toISOString();
}
