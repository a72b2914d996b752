/** `wyckoff doctor` as a user runs it. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { cloneDatabase } from '../setup/examined.js';
import { openRawClient } from '../setup/raw-client.js';
import { WYCKOFF } from '../setup/wyckoff-program.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

function doctor(environment: Record<string, string>, ...args: string[]): Promise<Outcome> {
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...WYCKOFF, 'doctor', ...args],
      { cwd: ROOT, env: { PATH, HOME, ...environment } },
      (error, output, errors) => resolve({ code: error ? Number(error.code ?? -1) : 0, output, errors }),
    );
  });
}

test('one line for each group that passed, and exit status 0', async () => {
  const { code, output, errors } = await doctor({ WYCKOFF_DATABASE_URL: await cloneDatabase() });
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  expect(output).toMatch(/^PostgreSQL 1\d.*, database test_\w+, as wyckoff\.$/m);
  expect(output).toMatch(/^constraints {2}ok {2}\d+ constraints$/m);
  expect(output).toMatch(/^catalog {6}ok {2}all of 0 series; --full looks at all, and for rows of no series$/m);
  expect(output).toMatch(/^Nothing differs, .*1 not checked\.$/m);
});

test('a difference with its mend below, and exit status 1', async () => {
  const url = await cloneDatabase();
  const raw = await openRawClient(url);
  await raw.query('ALTER TABLE audit_trail DISABLE TRIGGER audit_trail_refuse; DROP INDEX idx_signals_status');
  const text = await doctor({ WYCKOFF_DATABASE_URL: url });
  expect(text).toMatchObject({ code: 1, errors: '' });
  expect(text.output).toContain(`
  - audit_trail.audit_trail_refuse
      expected  it fires for every write
      found     it is disabled
      means     the audit trail can be changed unseen: run \`wyckoff audit verify\` once it is mended
      mend      ALTER TABLE public.audit_trail ENABLE TRIGGER audit_trail_refuse;
`);
  expect(text.output).toMatch(
    /^2 differences, .*not checked\.\nMend from the top down, and look again: wyckoff doctor\n$/m,
  );
  const { code, output } = await doctor({ WYCKOFF_DATABASE_URL: url }, '--json', '--full');
  expect(code).toBe(1);
  const report = JSON.parse(output);
  expect(Object.keys(report)).toEqual([
    ...['passed', 'serverVersion', 'database', 'user', 'extensionVersion', 'layout', 'embedded', 'groups'],
  ]);
  expect(report.groups.map(({ name }: { name: string }) => name)).toHaveLength(15);
  expect(report.groups.find(({ name }: { name: string }) => name === 'indexes')).toEqual({
    ...{
      name: 'indexes',
      status: 'differs',
      checked: expect.stringMatching(/^\d+ indexes$/),
      warnings: [],
      notChecked: [],
    },
    differences: [
      {
        object: 'signals.idx_signals_status',
        expected: 'CREATE INDEX idx_signals_status ON public.signals USING btree (status, generated_at DESC)',
        found: 'no such index',
        meaning: 'reads that need it look through the whole table',
        mend: 'CREATE INDEX idx_signals_status ON public.signals USING btree (status, generated_at DESC);',
      },
    ],
  });
});

test('it makes no database where there is none', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'wyckoff-doctor-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const { code, errors } = await doctor({ WYCKOFF_DATA_DIR: join(directory, 'data') });
  expect(code).toBe(1);
  expect(errors).toMatch(
    /^error: there is no database in .* yet \[EMBEDDED_ABSENT\]\nhint: "wyckoff migrate" makes it/,
  );
  expect(await readdir(directory)).toEqual([]);
});

test('a server that does not answer', async () => {
  const { code, errors } = await doctor({ WYCKOFF_DATABASE_URL: 'postgresql://wyckoff@127.0.0.1:1/wyckoff' }, '--json');
  expect(code).toBe(1);
  expect(errors).toContain('[DATABASE_UNREACHABLE]');
});
