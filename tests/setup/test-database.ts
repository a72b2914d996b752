import { randomUUID } from 'node:crypto';
import { inject, onTestFinished } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import { openStore, type Store, type StoreOptions } from '../../src/store.js';
import { administer, stopWorkers } from './template.js';

/** A migrated database of its own, for a test file or a test. */
export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = inject('serverUrl');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await administer(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${inject('template')} STRATEGY ${inject('strategy')}`);
  const url = new URL(serverUrl);
  url.pathname = name;
  if (inject('givenServer')) await stopWorkers(url.href);
  return { url: url.href, drop: () => administer(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** A store on a database of its own; both are gone when the test ends. */
export async function openTestStore(options: StoreOptions = {}): Promise<{ store: Store; url: string }> {
  const database = await createTestDatabase();
  const store = await openStore({ databaseUrl: database.url, ...options });
  onTestFinished(async () => {
    await store.close();
    await database.drop();
  });
  return { store, url: database.url };
}

/** The database layer alone, likewise. */
export async function openTestDatabase(): Promise<Database> {
  const created = await createTestDatabase();
  const database = await Database.open(readConfig({ databaseUrl: created.url }));
  onTestFinished(async () => {
    await database.close();
    await created.drop();
  });
  return database;
}
