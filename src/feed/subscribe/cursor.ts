import { readOrThrow } from '../../domain/problem.js';

/** A transaction id and, inside it, the id of a row of `arrivals`; whole numbers as text. */
export interface Place {
  readonly xid: string;
  readonly id: string;
}

/** Up to where a reader knows what arrived. Snapshots are those of pg_current_snapshot(), as text. */
export interface Cursor {
  /** What this snapshot sees is known... */
  readonly since: string;
  /** ...and, of what `upto` sees beyond it, all up to `place`. */
  readonly page?: { readonly upto: string; readonly place: Place } | undefined;
}

const SNAPSHOT = String.raw`\d{1,19}:\d{1,19}:(?:\d{1,19}(?:,\d{1,19})*)?`;
const CURSOR = new RegExp(String.raw`^(${SNAPSHOT})(?:~(${SNAPSHOT})~(\d{1,19})~(\d{1,19}))?$`);

export function formatCursor({ since, page }: Cursor): string {
  return page === undefined ? since : [since, page.upto, page.place.xid, page.place.id].join('~');
}

/** @throws InvalidInputError CURSOR_INVALID */
export function readCursor(value: unknown): Cursor {
  return readOrThrow('cursor', (report) => {
    const match = typeof value === 'string' ? CURSOR.exec(value) : null;
    const [, since, upto, xid, id] = match ?? [];
    if (since === undefined) {
      const rule = 'not a cursor of this feed';
      report({
        code: 'CURSOR_INVALID',
        path: 'from',
        value,
        rule,
        hint: 'pass one that an arrival carried, as it was',
      });
      return undefined;
    }
    if (upto === undefined || xid === undefined || id === undefined) return { since };
    return { since, page: { upto, place: { xid, id } } };
  });
}
