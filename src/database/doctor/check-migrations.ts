import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { counted } from '../../domain/counted.js';
import { type MigrationStatus, migrationStatus, packagedMigrations } from '../migrate.js';
import { migrationNames } from '../schema-engine/migration-list.js';
import type { Client } from '../session.js';
import type { Difference, Findings } from './report.js';

export interface Migrations {
  readonly packaged: readonly string[];
  readonly status: MigrationStatus;
  /** Applied with another text than the package has. */
  readonly edited: readonly { readonly name: string; readonly checksum: string }[];
}

/** Not inside a transaction: a database without migrations answers with an error. */
export async function readMigrationState(client: Client): Promise<Migrations> {
  const directory = packagedMigrations();
  const packaged = await migrationNames(directory);
  const status = await migrationStatus(client, directory);
  if (status.pending.length === packaged.length) return { packaged, status, edited: [] };
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'SELECT migration_name AS name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY 1',
  );
  const edited = [];
  for (const { name, checksum } of rows.filter((row) => packaged.includes(row.name))) {
    const text = await readFile(join(directory, name, 'migration.sql'));
    const ours = createHash('sha256').update(text).digest('hex');
    if (ours !== checksum) edited.push({ name, checksum: ours });
  }
  return { packaged, status, edited };
}

/** Why the schema cannot be compared with the manifest; undefined: it can. */
export function schemaUnknown({ status: { pending, unknown } }: Migrations): string | undefined {
  if (unknown.length > 0) return 'the database is newer than this version of wyckoff-store';
  return pending.length > 0 ? 'the migrations come first' : undefined;
}

/** `schemaIsRight`: whether the database has all that the migrations make. */
export function describeMigrations({ packaged, status, edited }: Migrations, schemaIsRight: boolean): Findings {
  const { pending, failed, unknown } = status;
  const applied = packaged.length - pending.length - failed.filter((name) => packaged.includes(name)).length;
  return {
    checked: `${applied} of ${counted(packaged.length, 'migration')} applied`,
    differences: [
      ...failed.map((name) => describeFailed(name, schemaIsRight && packaged.includes(name))),
      ...unknown.map(describeUnknown),
      ...(pending.length > 0 ? [describePending(pending)] : []),
      ...edited.map(describeEdited),
    ],
  };
}

/** A migration is one transaction: all of it is there, or nothing. */
function describeFailed(name: string, applied: boolean): Difference {
  const settle = (change: string) =>
    `UPDATE public._prisma_migrations SET ${change} WHERE migration_name = '${name}' AND finished_at IS NULL AND rolled_back_at IS NULL;`;
  return {
    object: name,
    expected: 'applied',
    found: applied
      ? 'failed or interrupted, though all that it makes is there'
      : 'failed or interrupted, and nothing of it is there',
    meaning: 'no migration is applied, and no store is opened, until that is settled',
    mend: applied
      ? settle('finished_at = now(), applied_steps_count = 1, logs = NULL')
      : `${settle('rolled_back_at = now()')} -- its column logs may say why; then: wyckoff migrate`,
  };
}

function describeUnknown(name: string): Difference {
  return {
    ...{ object: name, expected: 'a migration of this version', found: 'a migration that only a newer one knows' },
    meaning: 'the database was migrated by a newer version, and this one refuses to open it',
    mend: 'npm install wyckoff-store@latest',
  };
}

function describePending(names: readonly string[]): Difference {
  return {
    object: names.join(', '),
    ...{ expected: 'applied', found: 'not applied' },
    meaning: 'the database is older than this version, which refuses to open it',
    mend: 'wyckoff migrate',
  };
}

function describeEdited({ name, checksum }: Migrations['edited'][number]): Difference {
  return {
    object: name,
    expected: `checksum ${checksum.slice(0, 12)}…, the one of this package`,
    found: 'the checksum of another text',
    meaning: 'another text than this one was run: what it made otherwise, the groups below tell',
    mend: `UPDATE public._prisma_migrations SET checksum = '${checksum}' WHERE migration_name = '${name}' AND rolled_back_at IS NULL;`,
  };
}
