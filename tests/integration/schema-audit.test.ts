import { createHash, randomUUID } from 'node:crypto';
import type pg from 'pg';
import { expect, test } from 'vitest';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const CHAIN = '00000000-0000-4000-8000-0000000000aa';

async function append(client: pg.Client, chain = CHAIN, change: Record<string, unknown> = {}): Promise<void> {
  const row = {
    event_type: 'PATTERN_DETECTED',
    entity_type: 'PATTERN',
    entity_id: randomUUID(),
    actor: 'test',
    action: 'found "a spring", ü',
    metadata: JSON.stringify({ price: '101.50', nested: { a: [1, null] } }),
    correlation_id: chain,
    ...change,
  };
  const names = Object.keys(row);
  await client.query(
    `INSERT INTO audit_trail (${names}) VALUES (${names.map((_, index) => `$${index + 1}`)})`,
    Object.values(row),
  );
}

/** Walks a chain against its head, with a hash computed here; answers its length. */
async function walk(client: pg.Client, chain = CHAIN): Promise<number> {
  const { rows } = await client.query(
    `SELECT seq, prev_hash, row_hash, jsonb_build_array(correlation_id, seq, id, event_type, entity_type, entity_id,
       (extract(epoch FROM "timestamp") * 1000000)::bigint, actor, action, metadata,
       (extract(epoch FROM created_at) * 1000000)::bigint)::text AS said
     FROM audit_trail WHERE correlation_id = $1 ORDER BY seq`,
    [chain],
  );
  let previous: Buffer | null = null;
  for (const [index, row] of rows.entries()) {
    expect(row.seq).toBe(String(index + 1));
    expect(row.prev_hash).toEqual(previous);
    const hash = createHash('sha256');
    hash.update(previous ?? '').update(row.said, 'utf8');
    expect(row.row_hash).toEqual(hash.digest());
    previous = row.row_hash;
  }
  const head = await client.query('SELECT length, last_hash FROM audit_chains WHERE correlation_id = $1', [chain]);
  expect(head.rows).toEqual([{ length: String(rows.length), last_hash: previous }]);
  return rows.length;
}

test('each event is chained to the one before it, whatever its writer says of place and hash', async () => {
  const { url } = await openTestStore();
  const raw = await openRawClient(url);
  for (let event = 0; event < 3; event += 1) await append(raw);
  await append(raw, CHAIN, { seq: 99, prev_hash: Buffer.from('forged'), row_hash: Buffer.from('forged') });
  await raw.query(`INSERT INTO audit_trail (event_type, entity_type, entity_id, actor, action, correlation_id)
    SELECT 'E', 'T', gen_random_uuid(), 'a', 'of many rows', '${CHAIN}' FROM generate_series(1, 5)`);
  expect(await walk(raw)).toBe(9);
  // No session setting reaches the hash.
  await raw.query(
    "SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'; SET extra_float_digits = 0; SET bytea_output = 'escape'",
  );
  await append(raw, CHAIN, { timestamp: '2024-07-01T00:00:00.123456Z' });
  await raw.query('RESET ALL');
  expect(await walk(raw)).toBe(10);
});

test('nobody changes, deletes or truncates it, the owner neither, nor writes a head', async () => {
  const { url } = await openTestStore();
  const raw = await openRawClient(url);
  await append(raw);
  const statements = [
    "UPDATE audit_trail SET actor = 'other'",
    "UPDATE audit_trail SET actor = 'other' WHERE false",
    'DELETE FROM audit_trail',
    'TRUNCATE audit_trail',
    'TRUNCATE audit_trail, audit_chains',
    'DELETE FROM audit_chains',
    'TRUNCATE audit_chains',
    'UPDATE audit_chains SET length = 0',
    `INSERT INTO audit_chains (correlation_id) VALUES ('${randomUUID()}')`,
    `INSERT INTO audit_trail (id, event_type, entity_type, entity_id, actor, action, correlation_id)
       SELECT id, 'E', 'T', entity_id, 'a', 'b', correlation_id FROM audit_trail
       ON CONFLICT (id) DO UPDATE SET actor = 'other'`,
    `MERGE INTO audit_trail USING (SELECT 1) one ON true WHEN MATCHED THEN UPDATE SET actor = 'other'`,
  ];
  for (const statement of statements)
    await expect(raw.query(statement), statement).rejects.toMatchObject({
      code: '23001',
      message: expect.stringMatching(/append-only/),
    });
  expect(await walk(raw)).toBe(1);
});

test.each(['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'])(
  'concurrent writers at %s leave one whole chain',
  async (level) => {
    const { url } = await openTestStore();
    const writers = await Promise.all(Array.from({ length: 4 }, () => openRawClient(url)));
    const write = async (raw: pg.Client) => {
      let refused = 0;
      for (let event = 0; event < 12; ) {
        await raw.query(`BEGIN ISOLATION LEVEL ${level}`);
        try {
          await raw.query('SELECT count(*) FROM audit_chains'); // the snapshot is taken before the lock
          await append(raw);
          await raw.query('COMMIT');
          event += 1;
        } catch (error) {
          await raw.query('ROLLBACK');
          expect((error as pg.DatabaseError).code).toBe('40001'); // to be run again; anything else is wrong
          refused += 1;
        }
      }
      return refused;
    };
    const refused = (await Promise.all(writers.map(write))).reduce((sum, each) => sum + each);
    expect(await walk(writers[0]!)).toBe(48);
    if (level === 'READ COMMITTED') expect(refused).toBe(0);
  },
);

test('a row that ON CONFLICT leaves out, and a transaction that rolls back, leave the chain whole', async () => {
  const { url } = await openTestStore();
  const raw = await openRawClient(url);
  await append(raw);
  const { rows } = await raw.query('SELECT id FROM audit_trail');
  const again = (id: string) => `('${id}', 'E', 'T', gen_random_uuid(), 'a', 'b', '${CHAIN}')`;
  const columns = 'id, event_type, entity_type, entity_id, actor, action, correlation_id';
  const { rowCount } = await raw.query(`INSERT INTO audit_trail (${columns})
    VALUES ${again(rows[0].id)}, ${again(randomUUID())}, ${again(rows[0].id)}, ${again(randomUUID())} ON CONFLICT DO NOTHING`);
  expect(rowCount).toBe(2);
  expect(await walk(raw)).toBe(3);
  const { rowCount: none } = await raw.query(
    `INSERT INTO audit_trail (${columns}) VALUES ${again(rows[0].id)} ON CONFLICT DO NOTHING`,
  );
  expect([none, await walk(raw)]).toEqual([0, 3]);
  await raw.query('BEGIN');
  await append(raw);
  await raw.query('ROLLBACK');
  expect(await walk(raw)).toBe(3);
  await raw.query('BEGIN');
  await append(raw);
  await raw.query('SAVEPOINT inner_part');
  await append(raw);
  await raw.query('ROLLBACK TO inner_part');
  await append(raw);
  await raw.query('COMMIT');
  expect(await walk(raw)).toBe(5);
});

test('temporary tables and functions of those names do not catch it', async () => {
  const { url } = await openTestStore();
  const raw = await openRawClient(url);
  await append(raw);
  await raw.query(`
    CREATE TEMPORARY TABLE audit_chains (correlation_id uuid PRIMARY KEY, length bigint DEFAULT 0, last_hash bytea);
    CREATE TEMPORARY TABLE audit_trail_copy AS SELECT * FROM public.audit_trail;
    ALTER TABLE audit_trail_copy RENAME TO audit_trail;
    SET search_path = pg_temp, public`);
  await raw.query(`INSERT INTO public.audit_trail (event_type, entity_type, entity_id, actor, action, correlation_id)
    VALUES ('E', 'T', gen_random_uuid(), 'a', 'b', '${CHAIN}')`);
  expect((await raw.query('SELECT FROM pg_temp.audit_chains')).rowCount).toBe(0);
  await raw.query('DROP TABLE pg_temp.audit_chains, pg_temp.audit_trail; RESET search_path');
  expect(await walk(raw)).toBe(2);
});

test('a role that may only insert and read appends whole chains, and cannot touch the heads', async () => {
  const { url } = await openTestStore();
  const owner = await openRawClient(url);
  const role = `writer_${randomUUID().replaceAll('-', '')}`;
  await owner.query(`CREATE ROLE ${role}; GRANT INSERT, SELECT ON audit_trail TO ${role}`);
  try {
    await owner.query(`SET ROLE ${role}`);
    await append(owner);
    await expect(owner.query('SELECT FROM audit_chains')).rejects.toMatchObject({ code: '42501' });
    await expect(owner.query('SELECT audit_trail_place()')).rejects.toMatchObject({
      code: expect.stringMatching(/^42501|0A000$/),
    });
    await owner.query('RESET ROLE');
    expect(await walk(owner)).toBe(1);
  } finally {
    await owner.query(`RESET ROLE; DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});
