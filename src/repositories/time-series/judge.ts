import { formatMicroseconds } from '../../domain/microseconds.js';
import type { Problem } from '../../errors.js';
import { type Cell, sameCells } from './column.js';
import type { AnyTable, Entry, GivenEntry } from './table.js';

/** What is to be done about the rows that a caller gave. */
export class Judgement {
  /** With the ids that they get. */
  readonly inserted: Entry[] = [];
  /** Stored with other values. */
  readonly changed: Entry[] = [];
  /** Given twice with different values. */
  readonly contradictions: Problem[] = [];
  /** Facts that are stored with other values. */
  readonly conflicts: Problem[] = [];
  unchanged = 0;
}

/** Compares rows of one series with those that are stored; `stored` is by timestamp. */
export class Judge {
  constructor(
    readonly table: Pick<AnyTable, 'identity' | 'facts' | 'subject'>,
    readonly replace: boolean,
    readonly into: Judgement,
  ) {}

  /** The rows of one instant, as they were given, and as they are stored. */
  instant(given: readonly GivenEntry[], stored: readonly Entry[]): void {
    const { identity } = this.table;
    const first = given[0]!;
    if (given.length === 1 && stored.length === 0) {
      this.into.inserted.push(identity && first.id === null ? { ...first, id: identity.idAt(0n) } : first);
      return;
    }
    const named = identity ? given.filter(({ id }) => id !== null) : given;
    const taken = this.#named(named, stored);
    if (identity && named.length < given.length)
      this.#unnamed(
        given.filter(({ id }) => id === null),
        stored,
        named,
        taken,
      );
  }

  /** Those that the source tells apart. Answers the ids that they have. */
  #named(given: readonly GivenEntry[], stored: readonly Entry[]): Set<Cell> {
    const present = new Map(stored.map((entry) => [entry.id, entry]));
    const seen = new Map<Cell, GivenEntry>();
    for (const entry of given) {
      const before = seen.get(entry.id);
      if (before === undefined) {
        seen.set(entry.id, entry);
        this.#one(entry, present.get(entry.id));
      } else if (sameCells(before.values, entry.values)) this.into.unchanged += 1;
      else this.into.contradictions.push(this.#contradiction(before, entry));
    }
    return new Set(seen.keys());
  }

  #one(entry: GivenEntry, stored: Entry | undefined): void {
    if (stored === undefined) this.into.inserted.push(entry);
    else if (sameCells(stored.values, entry.values)) this.into.unchanged += 1;
    else if (this.table.facts && !this.replace) this.into.conflicts.push(this.#conflict(entry));
    else this.into.changed.push(entry);
  }

  /**
   * Those that the source does not tell apart: of equal ones, as many are new as there are more than are stored. So a file that is imported
   * again, or that overlaps another, adds nothing, and nothing is lost. The new ones get the places behind those that are there.
   */
  #unnamed(
    given: readonly GivenEntry[],
    stored: readonly Entry[],
    named: readonly GivenEntry[],
    taken: ReadonlySet<Cell>,
  ): void {
    const { placeOf, idAt } = this.table.identity!;
    const equals = new Map<string, number>();
    let next = 0n;
    for (const { id } of [...stored, ...named]) {
      const place = placeOf(id);
      if (place !== undefined && place >= next) next = place + 1n;
    }
    for (const { id, values } of stored) {
      if (placeOf(id) === undefined || taken.has(id)) continue;
      const key = keyOf(values);
      equals.set(key, (equals.get(key) ?? 0) + 1);
    }
    for (const entry of given) {
      const key = keyOf(entry.values);
      const left = equals.get(key) ?? 0;
      if (left > 0) {
        equals.set(key, left - 1);
        this.into.unchanged += 1;
      } else {
        this.into.inserted.push({ ...entry, id: idAt(next) });
        next += 1n;
      }
    }
  }

  #contradiction(first: GivenEntry, second: GivenEntry): Problem {
    const { identity } = this.table;
    const [code, path, value, what] = identity
      ? ['DUPLICATE_ID', identity.field, second.id, `${identity.field} at one instant`]
      : ['DUPLICATE_TIMESTAMP', 'timestamp', formatMicroseconds(second.timestamp), 'timestamp'];
    const rule = `rows ${first.row} and ${second.row} have the same ${what} and different values`;
    return { code, path, value, rule, row: second.row };
  }

  #conflict({ id, timestamp, row }: GivenEntry): Problem {
    const at = formatMicroseconds(timestamp);
    const rule = `${this.table.subject} have one with this id at ${at}, with other values`;
    const hint = 'what happened does not change: pass replace where the stored one is wrong';
    return { code: 'ROW_DIFFERS', path: this.table.identity?.field ?? 'timestamp', value: id, rule, hint, row };
  }
}

export function keyOf(values: readonly Cell[]): string {
  return values.map((value) => (value === null ? '' : String(value))).join(' ');
}
