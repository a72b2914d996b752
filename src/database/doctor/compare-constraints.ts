import { counted } from '../../domain/counted.js';
import { compareNames, type NameChange, partsOf, quoted } from './compare-names.js';
import { rank } from './compare-tables.js';
import type { Difference, Findings } from './report.js';
import type { Schema } from './schema.js';

const NOT_VALID = ' NOT VALID';

/** CHECKs, primary and foreign keys. */
export function compareConstraints(expected: Schema, found: Schema): Findings {
  const wanted = partsOf(expected.tables, (table) => table.constraints);
  const changes = compareNames(
    wanted,
    partsOf(found.tables, (table) => table.constraints),
  );
  const count = Object.values(wanted).reduce((sum, constraints) => sum + Object.keys(constraints).length, 0);
  const differences = changes.map(describe).sort((one, other) => rank(one.expected) - rank(other.expected));
  return { checked: counted(count, 'constraint'), differences };
}

function describe({ table, name, expected, found }: NameChange): Difference {
  const object = `${table}.${name}`;
  const alter = `ALTER TABLE public.${quoted(table)}`;
  const [add, drop] = [
    `${alter} ADD CONSTRAINT ${quoted(name)} ${expected};`,
    `${alter} DROP CONSTRAINT ${quoted(name)};`,
  ];
  if (expected === undefined) {
    return {
      ...{ object, expected: 'no such constraint', found: found! },
      meaning: 'rows that are right by the rules of the store may be refused',
      mend: drop,
    };
  }
  if (found === undefined) {
    return {
      ...{ object, expected, found: 'no such constraint' },
      meaning: 'rows that break this rule can be written, by whoever writes past the store',
      mend: add,
    };
  }
  if (found === `${expected}${NOT_VALID}`) {
    return {
      ...{ object, expected, found },
      meaning: 'rows that were there before it may break this rule',
      mend: `${alter} VALIDATE CONSTRAINT ${quoted(name)};`,
    };
  }
  return {
    ...{ object, expected, found },
    meaning: 'the database holds rows against another rule than the store does',
    mend: `BEGIN; ${drop} ${add} COMMIT;`,
  };
}
