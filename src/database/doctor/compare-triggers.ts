import { counted } from '../../domain/counted.js';
import { compareNames, type NameChange, partsOf, quoted } from './compare-names.js';
import type { Silenced } from './faults.js';
import type { Difference, Findings } from './report.js';
import type { Schema } from './schema.js';

/** Whether they are there, as they were made, and fire. */
export function compareTriggers(expected: Schema, found: Schema, silenced: readonly Silenced[]): Findings {
  const wanted = partsOf(expected.tables, (table) => table.triggers);
  const changes = compareNames(
    wanted,
    partsOf(found.tables, (table) => table.triggers),
  );
  const count = Object.values(wanted).reduce((sum, triggers) => sum + Object.keys(triggers).length, 0);
  return {
    checked: counted(count, 'trigger'),
    differences: [...silenced.map(describeSilenced), ...changes.map(describe)],
  };
}

function describe({ table, name, expected, found }: NameChange): Difference {
  const object = `${table}.${name}`;
  const drop = `DROP TRIGGER ${quoted(name)} ON public.${quoted(table)};`;
  if (expected === undefined) {
    return {
      ...{ object, expected: 'no such trigger', found: found! },
      meaning: 'it may change or refuse what the store writes',
      mend: drop,
    };
  }
  return {
    ...{ object, expected, found: found ?? 'no such trigger', meaning: meaningOf(table) },
    mend: found ? `BEGIN; ${drop} ${expected}; COMMIT;` : `${expected};`,
  };
}

function describeSilenced({ table, trigger, state }: Silenced): Difference {
  return {
    object: trigger === null ? table : `${table}.${trigger}`,
    expected: 'it fires for every write',
    found: state,
    meaning: trigger === null ? 'foreign keys are not held' : meaningOf(table),
    mend: `ALTER TABLE public.${quoted(table)} ENABLE TRIGGER ${trigger === null ? 'ALL' : quoted(trigger)};`,
  };
}

function meaningOf(table: string): string {
  return table.startsWith('audit_')
    ? 'the audit trail can be changed unseen: run `wyckoff audit verify` once it is mended'
    : 'what it checks or fills in is not checked or filled in';
}
