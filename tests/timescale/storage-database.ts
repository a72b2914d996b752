import { randomUUID } from 'node:crypto';
import { inject, onTestFinished } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import { applyMigrations } from '../../src/database/migrate.js';
import { administer } from '../setup/template.js';

export interface PlainDatabase {
  readonly name: string;
  /** As the superuser. */
  readonly url: string;
  /** The role that migrated it and owns its tables; it may not create extensions. */
  readonly owner: string;
  readonly ownerUrl: string;
}

/** A database that was migrated before it had TimescaleDB: by a role that may not create the extension. */
export async function createPlainDatabase(): Promise<PlainDatabase> {
  const name = `storage_${randomUUID().replaceAll('-', '')}`;
  const server = new URL(inject('serverUrl'));
  const own = server.pathname.slice(1);
  const password = `PASSWORD '${decodeURIComponent(server.password)}'`;
  await asSuperuser(own, `CREATE ROLE ${name} LOGIN ${server.password && password}`, `CREATE DATABASE ${name}`);
  await asSuperuser(name, `GRANT CREATE, USAGE ON SCHEMA public TO ${name}`);
  onTestFinished(() => asSuperuser(own, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`, `DROP ROLE ${name}`));
  const url = new URL(inject('serverUrl'));
  url.pathname = name;
  const ownerUrl = new URL(url);
  ownerUrl.username = name;
  await applyMigrations({ connectionString: ownerUrl.href });
  return { name, url: url.href, owner: name, ownerUrl: ownerUrl.href };
}

export async function openDatabase(url: string): Promise<Database> {
  const database = await Database.open(readConfig({ databaseUrl: url }));
  onTestFinished(() => database.close());
  return database;
}

async function asSuperuser(database: string, ...statements: string[]): Promise<void> {
  const url = new URL(inject('serverUrl'));
  url.pathname = database;
  await administer(url.href, ...statements);
}
