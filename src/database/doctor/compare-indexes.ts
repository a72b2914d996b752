import { counted } from '../../domain/counted.js';
import { compareNames, type NameChange, partsOf, quoted } from './compare-names.js';
import type { Difference, Findings } from './report.js';
import type { Schema } from './schema.js';

/** An index that the server does not use, because its making was broken off. */
export interface InvalidIndex {
  readonly table: string;
  readonly name: string;
  /** It belongs to a constraint of this name. */
  readonly constraint: boolean;
}

/** `invalid` are told of whether anybody expects them or not. */
export function compareIndexes(expected: Schema, found: Schema, invalid: readonly InvalidIndex[]): Findings {
  const wanted = partsOf(expected.tables, (table) => table.indexes);
  const isInvalid = ({ name }: NameChange) => invalid.some((index) => index.name === name);
  const changes = compareNames(
    wanted,
    partsOf(found.tables, (table) => table.indexes),
  ).filter((change) => !isInvalid(change));
  const count = Object.values(wanted).reduce((sum, indexes) => sum + Object.keys(indexes).length, 0);
  return {
    checked: counted(count, 'index', 'indexes'),
    differences: [
      ...invalid.map((index) => describeInvalid(index, expected)),
      ...changes.filter((change) => change.expected !== undefined).map((change) => describe(change, expected)),
    ],
    warnings: changes.filter((change) => change.expected === undefined).map(describeUnknown),
  };
}

function describe({ table, name, expected, found }: NameChange, schema: Schema): Difference {
  const unique = expected!.startsWith('CREATE UNIQUE');
  return {
    object: `${table}.${name}`,
    expected: expected!,
    found: found ?? 'no such index',
    meaning: unique
      ? 'a row may be there twice, and reads are slow'
      : 'reads that need it look through the whole table',
    mend: found
      ? `BEGIN; DROP INDEX public.${quoted(name)}; ${remake(table, name, schema)} COMMIT;`
      : remake(table, name, schema),
  };
}

/** A hypertable has no REINDEX INDEX. */
function describeInvalid({ table, name, constraint }: InvalidIndex, schema: Schema): Difference {
  const known = schema.tables[table]?.indexes[name];
  const drop = `DROP INDEX public.${quoted(name)};`;
  return {
    object: `${table}.${name}`,
    expected: known ?? (constraint ? 'the index of the constraint' : 'no such index'),
    found: 'an INVALID index, whose making was broken off',
    meaning: 'each write keeps it up, and no read uses it',
    mend: constraint
      ? `REINDEX INDEX public.${quoted(name)};`
      : known
        ? `BEGIN; ${drop} ${remake(table, name, schema)} COMMIT;`
        : drop,
  };
}

/** With the replica identity, which goes when its index does. */
function remake(table: string, name: string, schema: Schema): string {
  const { indexes, replicaIdentity } = schema.tables[table]!;
  const identity = `USING INDEX ${quoted(name)}`;
  const again =
    replicaIdentity === identity ? ` ALTER TABLE public.${quoted(table)} REPLICA IDENTITY ${identity};` : '';
  return `${indexes[name]};${again}`;
}

function describeUnknown({ table, name, found }: NameChange): Difference {
  return {
    ...{ object: `${table}.${name}`, expected: 'no such index', found: found! },
    meaning: 'somebody may need it; each write keeps it up, and Prisma reports it as drift',
    mend: `DROP INDEX public.${quoted(name)};`,
  };
}
