/** What two lists by name do not share. Of tables that both have. */
export interface NameChange {
  readonly table: string;
  readonly name: string;
  /** Undefined: it should not be there. */
  readonly expected: string | undefined;
  /** Undefined: it is not there. */
  readonly found: string | undefined;
}

interface Named {
  readonly [table: string]: Readonly<Record<string, string>>;
}

/** In the order of what is expected; what nobody expects comes last in its table. */
export function compareNames(expected: Named, found: Named): NameChange[] {
  return Object.entries(expected).flatMap(([table, wanted]) => {
    const there = found[table];
    if (!there) return [];
    const names = [...new Set([...Object.keys(wanted), ...Object.keys(there)])];
    return names
      .map((name) => ({ table, name, expected: wanted[name], found: there[name] }))
      .filter((change) => change.expected !== change.found);
  });
}

/** One part of each table. */
export function partsOf<T>(
  tables: Readonly<Record<string, T>>,
  part: (table: T) => Readonly<Record<string, string>>,
): Named {
  return Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, part(table)]));
}

/** A name as SQL has it, as quote_ident() does. */
export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** https://www.postgresql.org/docs/current/sql-keywords-appendix.html */
const RESERVED = new Set(
  `all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column concurrently
  constraint create cross current_catalog current_date current_role current_schema current_time current_timestamp current_user default
  deferrable desc distinct do else end except false fetch for foreign freeze from full grant group having ilike in initially inner intersect
  into is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer
  overlaps placing primary references returning right select session_user similar some symmetric system_user table tablesample then to
  trailing true union unique user using variadic verbose when where window with`.split(/\s+/),
);
