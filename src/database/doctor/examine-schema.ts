import type { Pool } from '../pool.js';
import { attempt, notChecked, readOnly } from './attempt.js';
import { describeMigrations, readMigrationState, schemaUnknown } from './check-migrations.js';
import { compareConstraints } from './compare-constraints.js';
import { compareFunctions } from './compare-functions.js';
import { compareIndexes } from './compare-indexes.js';
import { compareTables } from './compare-tables.js';
import { compareTriggers } from './compare-triggers.js';
import { readFaults } from './faults.js';
import { readManifest } from './manifest.js';
import { readSchema } from './read-schema.js';
import type { Findings } from './report.js';

/** What the migrations make. Until all of them are there, the rest cannot be held against anything. */
export interface SchemaFindings {
  readonly migrations: Findings;
  readonly tables: Findings;
  readonly constraints: Findings;
  readonly indexes: Findings;
  readonly functions: Findings;
  readonly triggers: Findings;
}

export async function examineSchema(pool: Pool): Promise<{ findings: SchemaFindings; unknown: Findings | undefined }> {
  const read = await attempt(() => pool.withClient(readMigrationState));
  if ('unseen' in read)
    return { findings: { migrations: read.unseen, ...(await compareSchema(pool)) }, unknown: undefined };
  const migrations = read.value;
  const leftOut = (reason: string, applied: boolean) => {
    const unknown = notChecked(reason);
    return { findings: { migrations: describeMigrations(migrations, applied), ...all(unknown) }, unknown };
  };
  const reason = schemaUnknown(migrations);
  if (reason !== undefined) return leftOut(reason, false);
  const schema = await compareSchema(pool);
  const complete = isComplete(schema);
  // What a migration makes that failed is not missing: it is yet to come.
  if (migrations.status.failed.length > 0 && !complete) return leftOut('the failed migration comes first', false);
  return { findings: { migrations: describeMigrations(migrations, complete), ...schema }, unknown: undefined };
}

type Comparison = Omit<SchemaFindings, 'migrations'>;

async function compareSchema(pool: Pool): Promise<Comparison> {
  const read = await attempt(async () => {
    const expected = await readManifest();
    return readOnly(pool, async (client) => [expected, await readSchema(client), await readFaults(client)] as const);
  });
  if ('unseen' in read) return all(read.unseen);
  const [expected, found, faults] = read.value;
  const tables = compareTables(expected, found);
  return {
    tables: { ...tables, differences: [...(tables.differences ?? []), ...faults.tables] },
    constraints: compareConstraints(expected, found),
    indexes: compareIndexes(expected, found, faults.invalidIndexes),
    functions: compareFunctions(expected, found),
    triggers: compareTriggers(expected, found, faults.silenced),
  };
}

function all(findings: Findings): Comparison {
  return { tables: findings, constraints: findings, indexes: findings, functions: findings, triggers: findings };
}

/** Whether everything is there, and every function as the last migration left it. */
function isComplete(schema: Comparison): boolean {
  const lacks = ({ checked, differences = [] }: Findings) =>
    checked === '' || differences.some(({ found }) => found.startsWith('no such'));
  return !Object.values(schema).some(lacks) && (schema.functions.differences ?? []).length === 0;
}
