import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The bin directory of a PostgreSQL on this machine that has TimescaleDB installed, newest first. */
export function timescaleBinaries(): string | undefined {
  return candidates().find((directory) => {
    try {
      const shared = execFileSync(join(directory, 'pg_config'), ['--sharedir'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
      return existsSync(join(shared, 'extension', 'timescaledb.control')) && existsSync(join(directory, 'initdb'));
    } catch {
      return false;
    }
  });
}

function candidates(): string[] {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const onPath = (process.env.PATH ?? '').split(':').filter((directory) => existsSync(join(directory, 'pg_config')));
  return [...versions.map((version) => join(debian, version, 'bin')), ...onPath];
}
