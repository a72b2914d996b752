import { counted } from '../../domain/counted.js';
import { quoted } from './compare-names.js';
import type { Difference, Findings } from './report.js';
import type { Column, Schema, Table } from './schema.js';

const GONE = 'what was in it is gone: restore it from a backup, this makes it anew and empty';

/** Tables, their columns and their replica identity. */
export function compareTables(expected: Schema, found: Schema): Findings {
  const differences = Object.entries(expected.tables).flatMap(([name, table]) => {
    const there = found.tables[name];
    return there
      ? [...compareColumns(name, table, there), ...compareIdentity(name, table, there)]
      : [missing(name, table)];
  });
  const warnings = Object.keys(found.tables)
    .filter((name) => !(name in expected.tables))
    .map(unknownTable);
  const columns = Object.values(expected.tables).reduce((sum, table) => sum + Object.keys(table.columns).length, 0);
  const checked = `${counted(Object.keys(expected.tables).length, 'table')}, ${counted(columns, 'column')}`;
  return { checked, differences, warnings };
}

function compareColumns(table: string, expected: Table, found: Table): Difference[] {
  const names = [...new Set([...Object.keys(expected.columns), ...Object.keys(found.columns)])];
  return names.flatMap((name): Difference[] => {
    const [wanted, there] = [expected.columns[name], found.columns[name]];
    const object = `${table}.${name}`;
    const alter = `ALTER TABLE public.${quoted(table)}`;
    if (!wanted) {
      return [
        {
          ...{ object, expected: 'no such column', found: describe(there!) },
          meaning: 'the store does not fill it, and Prisma reports it as drift; the mend deletes what is in it',
          mend: `${alter} DROP COLUMN ${quoted(name)};`,
        },
      ];
    }
    if (!there) {
      return [
        {
          ...{ object, expected: describe(wanted), found: 'no such column', meaning: GONE },
          mend: `${alter} ADD COLUMN ${quoted(name)} ${describe(wanted)};`,
        },
      ];
    }
    const changes = changesOf(quoted(name), wanted, there);
    if (changes.length === 0) return [];
    return [
      {
        ...{ object, expected: describe(wanted), found: describe(there) },
        meaning: meaningOf(wanted, there),
        mend: `${lossGuard(table, quoted(name), wanted, there)}${alter} ${changes.join(', ')};`,
      },
    ];
  });
}

function meaningOf(wanted: Column, there: Column): string {
  if (wanted.type !== there.type) return 'values may be rounded, cut or refused, and reads may fail';
  if (wanted.nullable !== there.nullable)
    return wanted.nullable
      ? 'rows without a value here are refused'
      : 'rows without a value here are let in, and reads may fail';
  return 'rows that are written without a value here get another one';
}

/** A default that is there may not fit the new type: it goes first. */
function changesOf(column: string, wanted: Column, there: Column): string[] {
  const retyped = wanted.type !== there.type;
  const redefaulted = wanted.default !== there.default;
  return [
    ...((retyped || redefaulted) && there.default !== null ? [`ALTER COLUMN ${column} DROP DEFAULT`] : []),
    ...(retyped ? [`ALTER COLUMN ${column} TYPE ${wanted.type}${conversion(column, wanted, there)}`] : []),
    ...((retyped || redefaulted) && wanted.default !== null
      ? [`ALTER COLUMN ${column} SET DEFAULT ${wanted.default}`]
      : []),
    ...(wanted.nullable !== there.nullable
      ? [`ALTER COLUMN ${column} ${wanted.nullable ? 'DROP' : 'SET'} NOT NULL`]
      : []),
  ];
}

/** Text is taken as it is: a cast would cut what is too long. An instant without a zone is one in UTC, whatever the session's zone is. */
function conversion(column: string, wanted: Column, there: Column): string {
  if (/^(character|text)/.test(wanted.type)) return '';
  const instant = wanted.type.startsWith('timestamp') && wanted.type.endsWith('with time zone');
  if (instant && there.type.endsWith('without time zone')) return ` USING ${column} AT TIME ZONE 'UTC'`;
  return ` USING ${column}::${wanted.type}`;
}

/** A number that the type cannot hold as it is would be rounded. */
function lossGuard(table: string, column: string, wanted: Column, there: Column): string {
  if (!/^numeric/.test(wanted.type) || !/^(numeric|double|real)/.test(there.type)) return '';
  const lossy = `SELECT FROM public.${quoted(table)} WHERE ${column}::numeric <> ${column}::${wanted.type}`;
  return `DO $$ BEGIN IF EXISTS (${lossy}) THEN RAISE EXCEPTION 'values of ${table} would be rounded'; END IF; END $$; `;
}

function describe({ type, nullable, default: expression }: Column): string {
  return `${type}${expression === null ? '' : ` DEFAULT ${expression}`}${nullable ? '' : ' NOT NULL'}`;
}

function compareIdentity(name: string, { replicaIdentity }: Table, found: Table): Difference[] {
  if (replicaIdentity === found.replicaIdentity) return [];
  const index = replicaIdentity.replace('USING INDEX ', '');
  // The mend of an index that is missing brings it back.
  if (index !== replicaIdentity && !(index in found.indexes)) return [];
  return [
    {
      object: name,
      expected: `REPLICA IDENTITY ${replicaIdentity}`,
      found: `REPLICA IDENTITY ${found.replicaIdentity}`,
      meaning:
        'logical replication cannot tell which row an update or a delete is about, or sends more than it needs to',
      mend: `ALTER TABLE public.${quoted(name)} REPLICA IDENTITY ${replicaIdentity};`,
    },
  ];
}

function missing(name: string, table: Table): Difference {
  const columns = Object.entries(table.columns).map(([column, wanted]) => `${quoted(column)} ${describe(wanted)}`);
  const statements = [
    `CREATE TABLE public.${quoted(name)} (${columns.join(', ')})`,
    ...Object.entries(table.constraints)
      .sort(([, one], [, other]) => rank(one) - rank(other))
      .map(
        ([constraint, definition]) =>
          `ALTER TABLE public.${quoted(name)} ADD CONSTRAINT ${quoted(constraint)} ${definition}`,
      ),
    ...Object.values(table.indexes),
    ...(table.replicaIdentity === 'DEFAULT'
      ? []
      : [`ALTER TABLE public.${quoted(name)} REPLICA IDENTITY ${table.replicaIdentity}`]),
    ...Object.values(table.triggers),
  ];
  return {
    object: name,
    expected: `a table of ${counted(columns.length, 'column')}`,
    found: 'no such table',
    meaning: GONE,
    mend: `${statements.join('; ')};`,
  };
}

/** A foreign key needs the key that it refers to. */
export function rank(definition: string): number {
  return definition.startsWith('FOREIGN KEY') ? 1 : 0;
}

function unknownTable(name: string): Difference {
  return {
    object: name,
    expected: "the store's own tables alone",
    found: "a table that is not the store's",
    meaning: '`wyckoff roles apply` refuses to set the rights of what it does not know',
    mend: `CREATE SCHEMA IF NOT EXISTS elsewhere; ALTER TABLE public.${quoted(name)} SET SCHEMA elsewhere;`,
  };
}
