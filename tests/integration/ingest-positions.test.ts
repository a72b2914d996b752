import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { bindTransaction } from '../../src/ingest/bind-transaction.js';
import { movePosition, readPositions, registerSpool } from '../../src/ingest/positions.js';
import { minuteBar, openIngest } from '../setup/ingest.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestDatabase } from '../setup/test-database.js';

const LIMITS = { lock: 18_000, idle: 30_000 };
const SERIES = { symbol: 'A', timeframe: '1m' } as const;

test('two that move a lane from one place queue, and the second is told where it is', async () => {
  const { pool } = await openTestDatabase();
  const spool = randomUUID();
  await registerSpool(pool, spool);
  const answers: unknown[] = [];
  let second: Promise<unknown> | undefined;
  await pool.transaction(async (client) => {
    answers.push(await movePosition(client, spool, 3, 0, 5, LIMITS));
    // A process that died left this transaction; the next one comes before it is committed.
    second = pool.transaction(async (other) => answers.push(await movePosition(other, spool, 3, 0, 8, LIMITS)));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(answers).toEqual([undefined]);
  });
  await second;
  expect(answers).toEqual([undefined, 5]);
  expect(await readPositions(pool, spool)).toEqual([0, 0, 0, 5, 0, 0, 0, 0]);
  expect(await readPositions(pool, randomUUID())).toBeUndefined();
});

test('what is acknowledged is on the disk when it is committed, whatever the session is set to', async () => {
  const { pool } = await openTestDatabase();
  const spool = randomUUID();
  const setting = async (client: { query(text: string): Promise<{ rows: { value: string }[] }> }) =>
    (await client.query(`SELECT current_setting('synchronous_commit') AS value`)).rows[0]!.value;
  await pool.withClient(async (client) => {
    await client.query('SET synchronous_commit = off; BEGIN');
    await bindTransaction(client, LIMITS);
    expect(await setting(client)).toBe('on');
    await client.query('COMMIT');
    expect(await setting(client)).toBe('off');
    await registerSpool(pool, spool);
    await client.query('SET synchronous_commit = off; BEGIN');
    await movePosition(client, spool, 0, 0, 1, LIMITS);
    expect(await setting(client)).toBe('on');
    await client.query('COMMIT; SET synchronous_commit = local; BEGIN');
    await bindTransaction(client, LIMITS);
    expect(await setting(client)).toBe('local');
    await client.query('COMMIT; RESET synchronous_commit');
  });
});

test('what another one has written of a batch is not written again', async () => {
  const { store, url } = await openIngest({ durability: 'spool', interval: 3_600_000 });
  const client = await openRawClient(url);
  await store.ingest.add([0, 1, 2].map((minute) => minuteBar('A', minute)));
  const { rows } = await client.query('SELECT lane FROM ingest_positions ORDER BY lane');
  expect(rows).toHaveLength(8);
  await client.query('UPDATE ingest_positions SET position = 2');
  await store.ingest.flush();
  expect(await store.bars.existingTimestamps(SERIES)).toEqual([minuteBar('A', 2).timestamp]);
});

test('a database that has forgotten a spool takes what comes next', async () => {
  const { store, url } = await openIngest({ durability: 'spool', interval: 0 });
  const client = await openRawClient(url);
  await store.ingest.add(minuteBar('A', 0));
  await store.ingest.flush();
  await client.query('DELETE FROM ingest_positions');
  await store.ingest.add([minuteBar('A', 1), minuteBar('A', 1, 6)]);
  await store.ingest.flush();
  expect(await store.bars.count(SERIES)).toBe(2);
  const { rows } = await client.query('SELECT position::int FROM ingest_positions');
  expect(rows).toEqual([{ position: 3 }]);
});
