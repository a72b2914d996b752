/** What is wrong in any schema, whatever is expected of it. */
import type { Client } from '../session.js';
import type { InvalidIndex } from './compare-indexes.js';
import { quoted } from './compare-names.js';
import { OUR_TABLES, PLAIN_WRITING } from './read-schema.js';
import type { Difference } from './report.js';

/** A trigger that does not fire. */
export interface Silenced {
  readonly table: string;
  /** Null: those that hold the table's foreign keys. */
  readonly trigger: string | null;
  readonly state: string;
}

export interface Faults {
  readonly invalidIndexes: readonly InvalidIndex[];
  readonly silenced: readonly Silenced[];
  readonly tables: readonly Difference[];
}

const INVALID_INDEXES = `
  SELECT ours.name AS table, relname AS name, EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x')) AS constraint
  FROM (${OUR_TABLES}) AS ours JOIN pg_index ON indrelid = ours.oid JOIN pg_class ON pg_class.oid = indexrelid
  WHERE NOT (indisvalid AND indisready AND indislive) ORDER BY 1, 2`;

const SILENCED = `
  SELECT DISTINCT ours.name AS table, CASE WHEN NOT tgisinternal THEN tgname END AS trigger,
         CASE tgenabled WHEN 'D' THEN 'it is disabled' WHEN 'R' THEN 'it fires on a replica alone' ELSE 'it fires on a replica as well' END AS state
  FROM (${OUR_TABLES}) AS ours JOIN pg_trigger ON tgrelid = ours.oid WHERE tgenabled <> 'O' ORDER BY 1, 2`;

const TABLES = `
  SELECT ours.name AS table, relpersistence = 'u' AS unlogged, relrowsecurity AS secured,
         (SELECT array_agg(rulename::text ORDER BY rulename) FROM pg_rewrite WHERE ev_class = ours.oid) AS rules
  FROM (${OUR_TABLES}) AS ours ORDER BY 1`;

export async function readFaults(client: Client): Promise<Faults> {
  await client.query(PLAIN_WRITING);
  const { rows: invalidIndexes } = await client.query<InvalidIndex>(INVALID_INDEXES);
  const { rows: silenced } = await client.query<Silenced>(SILENCED);
  const { rows } = await client.query<TableRow>(TABLES);
  return { invalidIndexes, silenced, tables: rows.flatMap(describe) };
}

interface TableRow {
  readonly table: string;
  readonly unlogged: boolean;
  readonly secured: boolean;
  readonly rules: readonly string[] | null;
}

function describe({ table, unlogged, secured, rules }: TableRow): Difference[] {
  const alter = `ALTER TABLE public.${quoted(table)}`;
  const differences: Difference[] = [];
  if (unlogged) {
    differences.push({
      ...{ object: table, expected: 'a table with a log', found: 'UNLOGGED' },
      meaning: 'a crash of the server empties it',
      mend: `${alter} SET LOGGED;`,
    });
  }
  if (secured) {
    differences.push({
      ...{ object: table, expected: 'no row security', found: 'ROW LEVEL SECURITY' },
      meaning: 'roles that do not own it may see fewer rows than there are',
      mend: `${alter} DISABLE ROW LEVEL SECURITY;`,
    });
  }
  for (const rule of rules ?? []) {
    differences.push({
      ...{ object: `${table}.${rule}`, expected: 'no such rule', found: 'a rule that rewrites statements' },
      meaning: 'what the store writes may be changed or lost without an error',
      mend: `DROP RULE ${quoted(rule)} ON public.${quoted(table)};`,
    });
  }
  return differences;
}
