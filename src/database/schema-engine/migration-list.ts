import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MigrationDirectory, MigrationList } from '@prisma/schema-engine-wasm/schema_engine_bg';
import { MigrationError } from '../../errors.js';

const SCRIPT = 'migration.sql';
const LOCK_FILE = 'migration_lock.toml';

/** The folder of migrations as the schema engine takes it, in the order in which they are applied. */
export async function readMigrations(baseDir: string): Promise<MigrationList> {
  const names = await migrationNames(baseDir);
  return {
    baseDir,
    lockfile: { path: LOCK_FILE, content: await readFile(join(baseDir, LOCK_FILE), 'utf8').catch(() => null) },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(names.map((name) => readMigration(baseDir, name))),
  };
}

/** @throws MigrationError `MIGRATIONS_MISSING` when the folder cannot be read; an empty list would say that everything is applied */
export async function migrationNames(baseDir: string): Promise<string[]> {
  const entries = await readdir(baseDir, { withFileTypes: true }).catch((cause: Error) => {
    throw new MigrationError('MIGRATIONS_MISSING', `the folder of migrations cannot be read: ${cause.message}`, {
      hint: 'install the package again, or correct the path',
      cause,
    });
  });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

async function readMigration(baseDir: string, name: string): Promise<MigrationDirectory> {
  const content = await readFile(join(baseDir, name, SCRIPT), 'utf8').then(
    (value) => ({ tag: 'ok' as const, value }),
    (error: Error) => ({ tag: 'error' as const, value: error.message }),
  );
  return { path: name, migrationFile: { path: SCRIPT, content } };
}
