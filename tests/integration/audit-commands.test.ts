import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { openRawClient } from '../setup/raw-client.js';
import { createTestDatabase } from '../setup/test-database.js';
import { WYCKOFF } from '../setup/wyckoff-program.js';

const [A, B] = ['00000000-0000-4000-8000-0000000000a0', '00000000-0000-4000-8000-0000000000b0'] as const;

async function open() {
  const database = await createTestDatabase();
  const directory = await mkdtemp(join(tmpdir(), 'wyckoff-audit-'));
  onTestFinished(async () => {
    await database.drop();
    await rm(directory, { recursive: true, force: true });
  });
  const raw = await openRawClient(database.url);
  const audit = async (...args: string[]) => {
    const child = spawn(process.execPath, [...WYCKOFF, 'audit', ...args], {
      env: { PATH: process.env.PATH, WYCKOFF_DATABASE_URL: database.url },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const code = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await code, output, errors };
  };
  return { audit, raw, directory };
}

async function append(raw: pg.Client, chain: string, count: number): Promise<void> {
  await raw.query(
    `INSERT INTO audit_trail (event_type, entity_type, entity_id, timestamp, actor, action, metadata, correlation_id)
     SELECT 'PATTERN_DETECTED', 'PATTERN', $1, '2024-01-02T00:00:00Z'::timestamptz + n * interval '1 minute', 'detector/1.4',
            'found a spring' || E'\\nin line ' || n, '{"after": {"entry_price": "101.50"}}', $1 FROM generate_series(1, $2) n`,
    [chain, count],
  );
}

test('verify: from clean, over saved heads, to a chain that was removed with its head', async () => {
  const { audit, raw, directory } = await open();
  await append(raw, A, 3);
  await append(raw, B, 2);
  const file = join(directory, 'heads.json');
  const clean = await audit('verify', '--save-heads', file);
  expect(clean).toMatchObject({ code: 0, errors: '' });
  expect(clean.output).toMatch(
    /^Read 5 events in 2 chains\.\nEvery event has .*\nDigest: [0-9a-f]{64}\nThe heads are in .*heads\.json\. Keep it/,
  );
  const digest = /Digest: (\w+)/.exec(clean.output)![1]!;
  const { rows } = await raw.query(
    "SELECT correlation_id, length, encode(last_hash, 'hex') AS hash FROM audit_chains ORDER BY 1",
  );
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    ...{ format: 'wyckoff audit heads 1', taken_at: expect.stringMatching(/Z$/), heads: rows, digest },
  });
  const json = await audit('verify', '--json', '--heads', file);
  expect(JSON.parse(json.output)).toEqual({
    ...{ passed: true, chains: 2, events: 5, digest, complete: true, compared: 2, problems: [] },
  });

  await raw.query(`SET session_replication_role = replica; DELETE FROM audit_trail WHERE correlation_id = '${B}';
    DELETE FROM audit_chains WHERE correlation_id = '${B}'; UPDATE audit_trail SET actor = 'x' WHERE seq = 2`);
  const before = await readFile(file, 'utf8');
  const broken = await audit('verify', '--heads', file, '--save-heads', file);
  expect(broken.code).toBe(1);
  expect(broken.output).toBe(`Read 3 events in 1 chain.\nCompared with the 2 heads of ${file}.\n`);
  expect(broken.errors).toMatch(
    new RegExp(
      `^FAIL: chain ${A}, event 2 \\([0-9a-f-]{36}\\): does not say what its hash was made of.* \\[EVENT_CHANGED\\]\n` +
        `FAIL: chain ${B}: it had 2 events, and its head is gone \\[CHAIN_REMOVED\\]\nhint: `,
    ),
  );
  expect(await readFile(file, 'utf8')).toBe(before);
  expect(await readdir(directory)).toEqual(['heads.json']);
  const one = await audit('verify', '--correlation', A, '--json');
  expect([one.code, JSON.parse(one.output)]).toMatchObject([
    1,
    { passed: false, events: 3, problems: [{ kind: 'EVENT_CHANGED', correlationId: A, seq: '2' }] },
  ]);
});

test('verify refuses a file of heads that is not whole, and wrong usage', async () => {
  const { audit, raw, directory } = await open();
  await append(raw, A, 3);
  await append(raw, B, 2);
  const file = join(directory, 'heads.json');
  await audit('verify', '--save-heads', file);
  const whole = await readFile(file, 'utf8');
  const { heads, ...rest } = JSON.parse(whole);
  const refusals: [string, RegExp][] = [
    [whole.slice(0, 100), /not what --save-heads wrote: .*\[HEADS_FILE_BROKEN\]\nhint: /],
    ['null', /its format is not "wyckoff audit heads 1"/],
    [JSON.stringify({ ...rest, heads: heads.slice(1) }), /the digest in it is not that of its heads/],
    [JSON.stringify({ ...rest, heads: [{ ...heads[0], length: -1 }] }), /heads\[0\] is not a head/],
  ];
  for (const [content, message] of refusals) {
    await writeFile(file, content);
    const refused = await audit('verify', '--heads', file);
    expect([refused.code, refused.output]).toEqual([1, '']);
    expect(refused.errors).toMatch(message);
  }
  const missing = await audit('verify', '--heads', join(directory, 'none.json'));
  expect(missing).toMatchObject({ code: 1, errors: expect.stringContaining('[HEADS_FILE_UNREADABLE]') });
  const unwritable = await audit('verify', '--save-heads', join(directory, 'none', 'heads.json'));
  expect(unwritable).toMatchObject({ code: 1, errors: expect.stringContaining('[HEADS_FILE_UNWRITABLE]') });
  expect((await audit('verify', '--correlation', 'x')).code).toBe(2);
  expect((await audit('verify', '--correlation', A, '--save-heads', file)).code).toBe(2);
});

test('list shows the newest events, one a line', async () => {
  const { audit, raw } = await open();
  expect(await audit('list')).toEqual({ code: 0, output: '', errors: 'The audit trail has no such event.\n' });
  await append(raw, A, 60);
  await append(raw, B, 2);
  const { output, errors } = await audit('list');
  expect(errors).toBe('');
  const lines = output.trimEnd().split('\n');
  expect(lines).toHaveLength(52);
  expect(lines[0]).toMatch(/^time +event +entity +actor +action +correlation$/);
  expect(lines.at(-1)).toMatch(
    new RegExp(`^2024-01-02T01:00:00Z +PATTERN_DETECTED +PATTERN ${A} +detector/1.4 +found a spring in line 60 +${A}$`),
  );
  const some = await audit('list', '--correlation', B, '--limit', '1', '--json');
  const { rows } = await raw.query(
    "SELECT id, encode(row_hash, 'hex') AS hash FROM audit_trail WHERE correlation_id = $1 ORDER BY seq DESC",
    [B],
  );
  expect(JSON.parse(some.output)).toMatchObject([
    {
      ...{
        id: rows[0].id,
        event_type: 'PATTERN_DETECTED',
        entity_type: 'PATTERN',
        entity_id: B,
        actor: 'detector/1.4',
      },
      ...{ timestamp: '2024-01-02T00:02:00Z', action: 'found a spring\nin line 2', correlation_id: B, seq: '2' },
      ...{ metadata: { after: { entry_price: '101.50' } }, row_hash: rows[0].hash },
    },
  ]);
  expect(JSON.parse((await audit('list', '--entity', A, '--actor', 'detector/1.4', '--json')).output)).toHaveLength(50);
  expect((await audit('list', '--actor', 'nobody', '--json')).output).toBe('[]\n');
});
