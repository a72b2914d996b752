import { onTestFinished } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import { examine } from '../../src/database/doctor/examine.js';
import type { Difference, DoctorReport, GroupName } from '../../src/database/doctor/report.js';
import { createTestDatabase } from './test-database.js';

/** A migrated database of its own, gone when the test ends. */
export async function cloneDatabase(): Promise<string> {
  const created = await createTestDatabase();
  onTestFinished(() => created.drop());
  return created.url;
}

/** What `wyckoff doctor` finds, as the user of the URL. */
export async function examined(
  databaseUrl: string,
  { full = true, environment = {} }: { full?: boolean; environment?: Record<string, string> } = {},
): Promise<DoctorReport> {
  const config = readConfig({ databaseUrl }, environment);
  const database = await Database.open(config, 'ignore');
  try {
    return await examine(database, { config, full });
  } finally {
    await database.close();
  }
}

/** Every difference, as `group: object`. */
export function named({ groups }: DoctorReport): string[] {
  return groups.flatMap(({ name, differences }) => differences.map(({ object }) => `${name}: ${object}`));
}

export function differencesOf({ groups }: DoctorReport, group: GroupName): readonly Difference[] {
  return groups.find(({ name }) => name === group)!.differences;
}
