import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ENVIRONMENT_VARIABLES } from '../../src/config.js';
import { enoughLocks, hasRoom } from '../../src/database/layouts/locks.js';
import { compose, composeText, DOCKER, service, setting, settings } from '../setup/docker-files.js';

/** https://hub.docker.com/_/postgres, https://github.com/timescale/timescaledb-docker */
const IMAGE_VARIABLES = [
  'POSTGRES_PASSWORD',
  'POSTGRES_USER',
  'POSTGRES_DB',
  'POSTGRES_INITDB_ARGS',
  'NO_TS_TUNE',
  'TIMESCALEDB_TELEMETRY',
];

/** A password may be given as a file in all of it: by the image itself, by init.sql and by entrypoint.sh. */
const known = (name: string) =>
  [...ENVIRONMENT_VARIABLES, ...IMAGE_VARIABLES].some((variable) => name === variable) ||
  ['POSTGRES_PASSWORD_FILE', 'DB_PASSWORD_FILE'].includes(name);

const services = Object.entries(compose.services);
/** What is not ours and sees no database. */
const MONITORING = ['prometheus', 'grafana', 'jaeger'];
const PORTS = { db: 'DB_PORT', prometheus: 'PROMETHEUS_PORT', grafana: 'GRAFANA_PORT', jaeger: 'JAEGER_PORT' };
const withDatabase = services.filter(([name]) => !MONITORING.includes(name));

describe('compose.yaml', () => {
  it('uses only variables that the store or the image knows, outside of the containers and inside', () => {
    const outside = [...composeText.matchAll(/\$\{(\w+)/g)].map((found) => found[1]!);
    expect(new Set(outside)).toEqual(
      new Set([
        ...['POSTGRES_PASSWORD_FILE', 'DB_PASSWORD_FILE', 'WYCKOFF_CHUNK_INTERVAL', 'OTLP_PORT'],
        ...Object.values(PORTS),
      ]),
    );
    const inside = withDatabase.flatMap(([, { environment }]) => Object.keys(environment));
    const ports = ['OTLP_PORT', ...Object.values(PORTS)];
    expect([...outside, ...inside].filter((name) => !known(name) && !ports.includes(name))).toEqual([]);
    expect(composeText.match(/\$(?!\{\w+(?::[-?]|\}))/g)).toBeNull(); // no other form, none without a default or a message
  });

  it('takes passwords from files alone, and says which is missing', () => {
    for (const [name, { file }] of Object.entries(compose.secrets))
      expect(file, name).toMatch(
        /^\$\{\w+_FILE:\?it names the file with the password of .+, see docs\/deployment\.md\}$/,
      );
    for (const [name, { environment, secrets }] of withDatabase) {
      const passwords = Object.entries(environment).filter(([variable]) => /PASSWORD|SECRET|URL/.test(variable));
      expect(passwords.length, name).toBeGreaterThan(0);
      for (const [variable, path] of passwords) {
        expect(variable).toMatch(/_FILE$/);
        expect(secrets.map((secret) => `/run/secrets/${secret}`)).toContain(path);
      }
      expect(secrets.filter((secret) => !(secret in compose.secrets))).toEqual([]);
    }
    // Only what migrates is told the superuser's password.
    const told = services.filter(([, { secrets }]) => secrets.includes('postgres_password')).map(([name]) => name);
    expect(told).toEqual(['db', 'migrate']);
  });

  it('pins its images, and listens on the loopback alone', () => {
    const [, major] = /^timescale\/timescaledb:2\.\d+\.\d+-pg(\d+)$/.exec(service('db').image)!;
    expect(Number(major)).toBeGreaterThanOrEqual(17);
    // From 18 on the image keeps its data in a folder of /var/lib/postgresql.
    expect(Number(major)).toBeLessThan(18);
    for (const [name, { ports = [] }] of services) {
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:\$\{[A-Z]+_PORT:-(\d+)\}:\1$/);
      const variable = Object.entries(PORTS).find(([of]) => of === name)?.[1];
      expect(ports.filter((port) => port.includes(`{${variable}:`))).toHaveLength(variable ? 1 : 0);
    }
    for (const [name, { image, build }] of services)
      expect(build !== undefined || /:v?\d+\.\d+\.\d+/.test(image), name).toBe(true);
  });

  it('keeps what watches away from the database, and starts it only where it is asked for', () => {
    for (const name of MONITORING) {
      const { networks, profiles, secrets, healthcheck } = service(name);
      expect({ networks, profiles, secrets }, name).toEqual({
        networks: ['monitoring'],
        profiles: ['monitoring'],
        secrets: [],
      });
      expect(healthcheck!.test[0], name).toBe('CMD');
    }
    expect(service('serve')).toMatchObject({ networks: ['default', 'monitoring'], profiles: ['monitoring'] });
    expect(service('serve').ports).toBeUndefined();
    const named = services.flatMap(([, { networks = [] }]) => networks);
    expect(named.filter((name) => name !== 'default' && !(name in compose.networks))).toEqual([]);
  });

  it('names files, folders, volumes and services that are there', () => {
    const mounts = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')));
    expect(mounts.length).toBeGreaterThan(2);
    for (const [source = ''] of mounts)
      expect(source.startsWith('.') ? existsSync(join(DOCKER, source)) : source in compose.volumes, source).toBe(true);
    for (const [, { build }] of services)
      if (build) expect(existsSync(join(DOCKER, build.context, build.dockerfile))).toBe(true);
    const waits = services.flatMap(([, { depends_on = {} }]) => Object.keys(depends_on));
    expect(waits.filter((name) => !(name in compose.services))).toEqual([]);
  });

  it('has everything wait for the migrations, and them for a database that is healthy', () => {
    expect(service('migrate').depends_on).toEqual({ db: { condition: 'service_healthy' } });
    const others = withDatabase.filter(([name]) => !['db', 'migrate'].includes(name));
    expect(others.length).toBeGreaterThan(1);
    for (const [, { depends_on }] of others)
      expect(depends_on).toEqual({ migrate: { condition: 'service_completed_successfully' } });
  });

  it('is what docker compose takes', () => {
    if (!hasCompose()) {
      process.stderr.write('docker compose is not installed here: compose.yaml is read by the tests alone\n');
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'wyckoff-compose-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'password'), 'secret');
    const config = (environment: NodeJS.ProcessEnv) =>
      execFileSync('docker', ['compose', '--profile', 'cli', '--profile', 'monitoring', 'config', '--format', 'json'], {
        cwd: DOCKER,
        env: { PATH: process.env.PATH, HOME: process.env.HOME, COMPOSE_DISABLE_ENV_FILE: '1', ...environment },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    const file = join(folder, 'password');
    const read = JSON.parse(config({ POSTGRES_PASSWORD_FILE: file, DB_PASSWORD_FILE: file }));
    expect(Object.keys(read.services).sort()).toEqual(Object.keys(compose.services).sort());
    expect(() => config({ POSTGRES_PASSWORD_FILE: file })).toThrow(
      /DB_PASSWORD_FILE.*the password of the user wyckoff/,
    );
  });
});

function hasCompose(): boolean {
  try {
    execFileSync('docker', ['compose', 'version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('postgresql.conf', () => {
  it('gives a reason for each setting', () => {
    expect(settings.length).toBeGreaterThan(20);
    expect(settings.filter(({ name, value }) => name === '' || value === '')).toEqual([]);
    const without = settings.filter(({ reason }) => reason.length < 10).map(({ name }) => name);
    // These two have the lines above them.
    expect(without).toEqual(['log_timezone', 'max_locks_per_transaction', 'max_parallel_workers']);
  });

  it('has locks for ten years of daily chunks, as the store counts them', () => {
    const perTransaction = Number(setting('max_locks_per_transaction'));
    const sessions = Number(setting('max_connections'));
    const locks = { perTransaction, sessions, capacity: perTransaction * sessions };
    expect(hasRoom(locks, 3_650)).toBe(true);
    expect(enoughLocks(locks, 3_650)).toBe(`ALTER SYSTEM SET max_locks_per_transaction = ${perTransaction};`);
  });

  it('has a worker for each of those that it lets run', () => {
    const jobs = Number(setting('timescaledb.max_background_workers'));
    expect(Number(setting('max_worker_processes'))).toBe(jobs + Number(setting('max_parallel_workers')) + 1 + 3);
  });

  it('fits into the memory that compose.yaml gives', () => {
    const megabytes = (name: string) => {
      const [, count, unit] = /^(\d+)(MB|GB)$/.exec(setting(name))!;
      return Number(count) * (unit === 'GB' ? 1024 : 1);
    };
    const sorts = megabytes('work_mem') * Number(setting('max_connections'));
    expect(megabytes('shared_buffers') + sorts + megabytes('maintenance_work_mem')).toBeLessThan(4096);
    expect(megabytes('effective_cache_size')).toBeLessThan(4096);
    expect(composeText).toContain('limits: { memory: 4g }');
  });
});

describe('entrypoint.sh', () => {
  it('may be run, as git has it', () => {
    expect(statSync(join(DOCKER, 'entrypoint.sh')).mode & 0o111).toBe(0o111);
  });
});
