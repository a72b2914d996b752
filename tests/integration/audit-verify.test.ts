import { createHash, randomUUID } from 'node:crypto';
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { loadSeeds } from '../../seeds/load.js';
import type { Database } from '../../src/database/database.js';
import { EVENT_HASH } from '../../src/repositories/audit/chain-walk.js';
import { type AuditHead, readHeads } from '../../src/repositories/audit/heads.js';
import { verifyAuditTrail } from '../../src/repositories/audit/verify.js';
import { insertAll, PATTERN_ID, RANGE_ID } from '../setup/ledger-rows.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestDatabase } from '../setup/test-database.js';

const CHAINS = ['a', 'b', 'c'].map((letter) => `00000000-0000-4000-8000-0000000000${letter}0`);
const [A, B, C] = CHAINS as [string, string, string];

async function appendEvents(client: pg.ClientBase, chain: string, count: number): Promise<void> {
  await client.query({
    text: `INSERT INTO audit_trail (event_type, entity_type, entity_id, actor, action, metadata, correlation_id)
           SELECT 'PATTERN_DETECTED', 'PATTERN', gen_random_uuid(), 'detector/1.4', 'found "a spring", ü', $3, $1
           FROM generate_series(1, $2)`,
    values: [chain, count, { after: { entry_price: '101.50', nested: { a: [1, null] } } }],
  });
}

interface Trail {
  readonly database: Database;
  readonly raw: pg.Client;
  readonly verify: (
    options?: Parameters<typeof verifyAuditTrail>[1],
  ) => Promise<Awaited<ReturnType<typeof verifyAuditTrail>>>;
  /** Runs SQL as somebody who may turn the triggers off. */
  readonly tamper: (sql: string, values?: unknown[]) => Promise<void>;
  readonly eventId: (chain: string, seq: number) => Promise<string>;
}

async function openTrail(events = 5, chains: readonly string[] = CHAINS): Promise<Trail> {
  const database = await openTestDatabase();
  const raw = await openRawClient(database.pool.pg.options.connectionString!);
  for (const chain of chains) await appendEvents(raw, chain, events);
  return {
    database,
    raw,
    verify: (options) => verifyAuditTrail(database.pool, options),
    async tamper(sql, values) {
      await raw.query('SET session_replication_role = replica');
      const { rowCount } = await raw.query(sql, values);
      await raw.query('RESET session_replication_role');
      expect(rowCount, sql).not.toBe(0);
    },
    async eventId(chain, seq) {
      const { rows } = await raw.query('SELECT id FROM audit_trail WHERE correlation_id = $1 AND seq = $2', [
        chain,
        seq,
      ]);
      return rows[0].id;
    },
  };
}

describe('a trail that nobody touched', () => {
  test('verifies clean, with a digest that anybody can compute and that every event changes', async () => {
    const { verify, raw } = await openTrail(100);
    const first = await verify();
    expect(first).toEqual({ chains: 3, events: 300, digest: expect.any(String), problems: [], complete: true });
    const { rows } = await raw.query(
      `SELECT string_agg(concat_ws(' ', correlation_id, length, encode(last_hash, 'hex')) || E'\\n', '' ORDER BY correlation_id) AS text
       FROM audit_chains`,
    );
    expect(first.digest).toBe(createHash('sha256').update(rows[0].text).digest('hex'));
    expect((await verify()).digest).toBe(first.digest);
    await appendEvents(raw, B, 1);
    const second = await verify();
    expect(second).toMatchObject({ chains: 3, events: 301, problems: [] });
    expect(second.digest).not.toBe(first.digest);
    await appendEvents(raw, randomUUID(), 1);
    expect((await verify()).digest).not.toBe(second.digest);
  });

  test('so does an empty one, one with an empty chain, and one whose ledger rows are all told of', async () => {
    const { verify, raw, database } = await openTrail(0, []);
    expect(await verify()).toMatchObject({ chains: 0, events: 0, problems: [], complete: true });
    await appendEvents(raw, A, 1);
    // The head of a chain is made before ON CONFLICT leaves its only event out.
    await raw.query(
      `INSERT INTO audit_trail (id, event_type, entity_type, entity_id, actor, action, correlation_id)
       SELECT id, event_type, entity_type, entity_id, actor, action, $1 FROM audit_trail ON CONFLICT DO NOTHING`,
      [B],
    );
    expect(await verify()).toMatchObject({ chains: 2, events: 1, problems: [] });
    expect(await verify({ heads: await readHeads(database.pool) })).toMatchObject({ problems: [] });
    await loadSeeds(database);
    expect(await verify()).toMatchObject({ problems: [] });
  });

  test('is read as it was at one moment, while it grows', async () => {
    const { verify, raw } = await openTrail();
    const heads: AuditHead[] = [];
    const { digest } = await verify({
      async onHeads(part) {
        await appendEvents(raw, A, 1); // after the snapshot was taken
        heads.push(...part);
      },
    });
    expect(heads.map(({ correlationId, length }) => [correlationId, length])).toEqual(
      CHAINS.map((chain) => [chain, 5n]),
    );
    const lines = heads.map(({ correlationId, length, hash }) => `${correlationId} ${length} ${hash}\n`).join('');
    expect(createHash('sha256').update(lines).digest('hex')).toBe(digest);
    expect(await verify({ heads })).toMatchObject({ events: 16, problems: [] });
  });

  test('can be verified one chain at a time; one that is not there is a problem', async () => {
    const { verify, tamper, raw } = await openTrail();
    await insertAll(raw); // rows that no event tells of: not asked for
    await tamper("UPDATE audit_trail SET actor = 'x' WHERE correlation_id = $1 AND seq = 2", [B]);
    expect(await verify({ correlationId: A.toUpperCase() })).toMatchObject({ chains: 1, events: 5, problems: [] });
    expect((await verify({ correlationId: B })).problems).toMatchObject([{ kind: 'EVENT_CHANGED', correlationId: B }]);
    const unknown = randomUUID();
    expect((await verify({ correlationId: unknown })).problems).toEqual([
      { kind: 'CHAIN_NOT_FOUND', correlationId: unknown, message: `chain ${unknown}: there is no such chain` },
    ]);
    await expect(verify({ correlationId: 'A' })).rejects.toMatchObject({ code: 'ID_INVALID' });
  });

  test('is walked by pages, and stops where it is told to', async () => {
    const { verify, raw, tamper, eventId } = await openTrail(15_000);
    expect(await verify()).toMatchObject({ chains: 3, events: 45_000, problems: [] });
    // The first event of the second page, which begins in the middle of a chain.
    const changed = await eventId(B, 5_001);
    await tamper("UPDATE audit_trail SET actor = 'x' WHERE id = $1", [changed]);
    expect((await verify()).problems).toMatchObject([{ kind: 'EVENT_CHANGED', seq: 5001n, eventId: changed }]);
    await tamper('DELETE FROM audit_trail WHERE correlation_id = $1 AND seq = 5000', [B]);
    await tamper('DELETE FROM audit_trail WHERE correlation_id = $1 AND seq = 5000', [C]);
    expect((await verify()).problems).toMatchObject([
      { kind: 'SEQ_BROKEN', correlationId: B, seq: 5001n },
      { kind: 'SEQ_BROKEN', correlationId: C, seq: 5001n },
    ]);
    await expect(verify({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    await raw.query('SELECT 1');
  });

  test('its hashes are computed here as the database computes them', async () => {
    const { raw } = await openTrail(2);
    const strange = ['', '\\', '"\'\n\t', '😀 ü', '{"a": 1}', '\u0001'];
    for (const [index, text] of strange.entries()) {
      await raw.query({
        text: `INSERT INTO audit_trail (event_type, entity_type, entity_id, timestamp, actor, action, metadata, correlation_id, created_at)
               VALUES ($1::text, $1::text, gen_random_uuid(), $2, $1::text, $1::text, $3, $4, $2)`,
        values: [
          text,
          ['0001-01-01T00:00:00Z', '1969-12-31T23:59:59.999999Z', '9999-12-31T00:00:00.000001Z'][index % 3],
          [null, JSON.stringify({ [text]: text, n: [1.1, 1e300, -0, null] }), '[]'][index % 3],
          CHAINS[index % 3],
        ],
      });
    }
    await raw.query("SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'; SET bytea_output = 'escape'");
    const { rows } = await raw.query(
      `SELECT count(*)::int AS events, count(*) FILTER (WHERE ${EVENT_HASH} = row_hash AND row_hash = audit_trail_hash(audit_trail))::int AS equal
       FROM audit_trail`,
    );
    expect(rows).toEqual([{ events: 12, equal: 12 }]);
  });
});

describe('one row that was changed', () => {
  const BYTE = 'set_byte(%, 0, get_byte(%, 0) # 1)';
  const CHANGES: Record<string, string> = {
    id: "overlay(id::text PLACING CASE WHEN left(id::text, 1) = '0' THEN '1' ELSE '0' END FROM 1)::uuid",
    event_type: "'PATTERN_DETECTEE'",
    entity_type: "'PATTERM'",
    entity_id:
      "overlay(entity_id::text PLACING CASE WHEN left(entity_id::text, 1) = '0' THEN '1' ELSE '0' END FROM 1)::uuid",
    timestamp: "timestamp + interval '1 microsecond'",
    actor: "'detector/1.5'",
    action: "action || ' '",
    metadata: `jsonb_set(metadata, '{after,entry_price}', '"101.51"')`,
    correlation_id: `'${randomUUID()}'`,
    seq: '99',
    prev_hash: BYTE.replaceAll('%', 'prev_hash'),
    row_hash: BYTE.replaceAll('%', 'row_hash'),
    created_at: "created_at - interval '1 microsecond'",
  };

  test('there is a change for each column', async () => {
    const { raw } = await openTrail(0, []);
    const { rows } = await raw.query(
      "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'audit_trail'",
    );
    expect(Object.keys(CHANGES).sort()).toEqual(rows.map(({ name }) => name).sort());
  });

  test.each(Object.entries(CHANGES))('in %s', async (column, value) => {
    const { verify, tamper, raw, eventId } = await openTrail();
    const heads = await verify();
    await tamper(`UPDATE audit_trail SET ${column} = ${value} WHERE correlation_id = $1 AND seq = 3`, [B]);
    const { problems, digest } = await verify();
    if (column === 'seq' || column === 'correlation_id') {
      // It is no longer at its place: what came after it is the first that does not fit, and where it went it does not fit either.
      const next = { correlationId: B, kind: 'SEQ_BROKEN', seq: 4n, eventId: await eventId(B, 4) };
      expect(problems[problems.findIndex((problem) => problem.correlationId === B)]).toMatchObject(next);
      expect(problems).toHaveLength(column === 'seq' ? 1 : 2);
    } else {
      const kind = column === 'prev_hash' ? 'PREV_HASH_BROKEN' : 'EVENT_CHANGED';
      const { rows } = await raw.query('SELECT id FROM audit_trail WHERE correlation_id = $1 AND seq = 3', [B]);
      expect(problems).toMatchObject([{ kind, correlationId: B, seq: 3n, eventId: rows[0].id }]);
      expect(problems[0]!.message).toContain(`chain ${B}, event 3 (${rows[0].id})`);
    }
    expect(digest).toBe(heads.digest); // the heads are as they were
  });

  test.each([
    ['timestamp', "'infinity'"],
    ['created_at', "'-infinity'"],
    ['metadata', 'NULL'],
    ['prev_hash', "''"],
    ['row_hash', "''"],
    ['seq', '9223372036854775807'],
    ['seq', '-9223372036854775808'],
    ['seq', '0'],
  ])('to a %s of %s', async (column, value) => {
    const { verify, tamper } = await openTrail();
    await tamper(`UPDATE audit_trail SET ${column} = ${value} WHERE correlation_id = $1 AND seq = 1`, [B]);
    expect((await verify()).problems).toMatchObject([{ correlationId: B }]);
  });

  test('and given a new hash: the next one does not follow it', async () => {
    const { verify, tamper, eventId } = await openTrail();
    const change = async (chain: string, seq: number) => {
      const event = `WHERE correlation_id = '${chain}' AND seq = ${seq}`;
      await tamper(`UPDATE audit_trail SET actor = 'x' ${event}`);
      await tamper(`UPDATE audit_trail SET row_hash = audit_trail_hash(audit_trail) ${event}`);
    };
    await change(B, 2);
    await change(C, 5);
    expect((await verify()).problems).toMatchObject([
      { kind: 'PREV_HASH_BROKEN', correlationId: B, seq: 3n, eventId: await eventId(B, 3) },
      { kind: 'HEAD_CHANGED', correlationId: C, seq: 5n, eventId: await eventId(C, 5) },
    ]);
  });

  test('whatever audit_trail_hash() says by then', async () => {
    const { verify, tamper, raw } = await openTrail();
    await tamper("UPDATE audit_trail SET actor = 'x' WHERE correlation_id = $1 AND seq = 2", [B]);
    await raw.query(
      'CREATE OR REPLACE FUNCTION audit_trail_hash(event audit_trail) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$SELECT event.row_hash$$',
    );
    expect((await verify()).problems).toMatchObject([{ kind: 'EVENT_CHANGED', seq: 2n }]);
  });
});

describe('rows and heads that are gone or were put in', () => {
  const of = (chain: string, more = '') => `WHERE correlation_id = '${chain}' ${more}`;

  test('a row in the middle, the last row, all rows, a head', async () => {
    const { verify, tamper, eventId } = await openTrail(5, [A, B, C, randomUUID()].sort());
    await tamper(`DELETE FROM audit_trail ${of(A, 'AND seq = 3')}`);
    await tamper(`DELETE FROM audit_trail ${of(B, 'AND seq = 5')}`);
    await tamper(`DELETE FROM audit_trail ${of(C)}`);
    const { problems } = await verify();
    expect(problems.map(({ message: _, ...problem }) => problem)).toEqual([
      { kind: 'SEQ_BROKEN', correlationId: A, seq: 4n, eventId: await eventId(A, 4) },
      { kind: 'TAIL_MISSING', correlationId: B, seq: 4n, eventId: await eventId(B, 4) },
      { kind: 'EVENTS_MISSING', correlationId: C },
    ]);
    expect(problems.map(({ message }) => message)).toEqual([
      `chain ${A}, event 4 (${await eventId(A, 4)}): event 3 is missing before this one`,
      `chain ${B}: its head counts 5 events, and the last one there is event 4 (${await eventId(B, 4)})`,
      `chain ${C}: its head counts 5 events, and none is there`,
    ]);
    await tamper(`DELETE FROM audit_chains ${of(A)}`);
    await tamper(`DELETE FROM audit_chains ${of(B)}`);
    expect((await verify()).problems).toMatchObject([
      { kind: 'HEAD_MISSING', correlationId: A, seq: 1n },
      { kind: 'HEAD_MISSING', correlationId: B, seq: 1n, eventId: await eventId(B, 1) },
      { kind: 'EVENTS_MISSING', correlationId: C },
    ]);
  });

  test('a head that was changed', async () => {
    const { verify, tamper, eventId } = await openTrail();
    await tamper(`UPDATE audit_chains SET length = 3 ${of(A)}`);
    await tamper(`UPDATE audit_chains SET length = 8 ${of(B)}`);
    await tamper(`UPDATE audit_chains SET last_hash = set_byte(last_hash, 31, get_byte(last_hash, 31) # 1) ${of(C)}`);
    expect((await verify()).problems).toMatchObject([
      { kind: 'EVENT_BEYOND_HEAD', correlationId: A, seq: 4n, eventId: await eventId(A, 4) },
      { kind: 'TAIL_MISSING', correlationId: B, seq: 5n },
      { kind: 'HEAD_CHANGED', correlationId: C, seq: 5n },
    ]);
  });

  test('a chain with its head: the rows that it told of, and former heads, show it', async () => {
    const { verify, tamper, raw, database } = await openTrail();
    await insertAll(raw);
    const unrecorded = await verify();
    expect(unrecorded.problems.map(({ kind, table, id }) => [kind, table, id])).toEqual([
      ['ROW_UNRECORDED', 'trading_ranges', RANGE_ID],
      ['ROW_UNRECORDED', 'patterns', PATTERN_ID],
      ['ROW_UNRECORDED', 'signals', expect.any(String)],
      ['ROW_UNRECORDED', 'campaigns', expect.any(String)],
      ['ROW_UNRECORDED', 'backtest_results', expect.any(String)],
    ]);
    expect(unrecorded.problems[0]!.message).toBe(
      `trading_ranges ${RANGE_ID}: no event of the audit trail tells of its creation`,
    );
    const tell = (verb: string, type: string, table: string, chain: string) =>
      raw.query(
        `INSERT INTO audit_trail (event_type, entity_type, entity_id, actor, action, correlation_id)
         SELECT '${type}_${verb}', '${type}', id, 'test', 'told', $1 FROM ${table}`,
        [chain],
      );
    await tell('CREATED', 'TRADING_RANGE', 'trading_ranges', A);
    await tell('DETECTED', 'PATTERN', 'patterns', B);
    await tell('GENERATED', 'SIGNAL', 'signals', A);
    await tell('OPENED', 'CAMPAIGN', 'campaigns', A);
    await tell('RECORDED', 'BACKTEST_RESULT', 'backtest_results', A);
    // A later event of another chain does not make up for its creation's.
    await tell('REJECTED', 'PATTERN', 'patterns', A);
    expect((await verify()).problems).toEqual([]);
    const heads = await readHeads(database.pool);
    await tamper(`DELETE FROM audit_trail ${of(B)}`);
    await tamper(`DELETE FROM audit_chains ${of(B)}`);
    expect((await verify()).problems).toMatchObject([{ kind: 'ROW_UNRECORDED', table: 'patterns', id: PATTERN_ID }]);
    expect((await verify({ heads })).problems).toEqual([
      {
        kind: 'CHAIN_REMOVED',
        correlationId: B,
        seq: 6n,
        message: `chain ${B}: it had 6 events, and its head is gone`,
      },
      expect.objectContaining({ kind: 'ROW_UNRECORDED' }),
    ]);
    expect((await verify({ heads, correlationId: A })).problems).toEqual([]);
    expect((await verify({ heads, correlationId: B })).problems).toMatchObject([{ kind: 'CHAIN_REMOVED' }]);
  });

  test('a tail with its head, or a chain written anew: former heads show it', async () => {
    const { verify, tamper, database, eventId, raw } = await openTrail();
    const heads = await readHeads(database.pool);
    await appendEvents(raw, A, 3);
    expect((await verify({ heads })).problems).toEqual([]);
    await tamper(`DELETE FROM audit_trail ${of(B, 'AND seq > 3')}`);
    await tamper(
      `UPDATE audit_chains SET length = 3, last_hash = (SELECT row_hash FROM audit_trail ${of(B, 'AND seq = 3')}) ${of(B)}`,
    );
    await tamper(`DELETE FROM audit_trail ${of(C)}`);
    await tamper(`DELETE FROM audit_chains ${of(C)}`);
    await appendEvents(raw, C, 7);
    expect((await verify()).problems).toEqual([]);
    expect((await verify({ heads })).problems).toEqual([
      { kind: 'CHAIN_SHORTENED', correlationId: B, seq: 5n, message: `chain ${B}: it had 5 events, and has 3 now` },
      {
        ...{ kind: 'CHAIN_REWRITTEN', correlationId: C, seq: 5n, eventId: await eventId(C, 5) },
        message: `chain ${C}: event 5 (${await eventId(C, 5)}) had another hash: the chain was written anew`,
      },
    ]);
  });

  test('two events that changed places', async () => {
    const { verify, tamper, eventId } = await openTrail();
    await tamper(`UPDATE audit_trail SET seq = 99 ${of(B, 'AND seq = 2')}`);
    await tamper(`UPDATE audit_trail SET seq = 2 ${of(B, 'AND seq = 4')}`);
    await tamper(`UPDATE audit_trail SET seq = 4 ${of(B, 'AND seq = 99')}`);
    expect((await verify()).problems).toMatchObject([
      { kind: 'PREV_HASH_BROKEN', correlationId: B, seq: 2n, eventId: await eventId(B, 2) },
    ]);
  });

  test('a forged event: at the end, in the middle, twice at one place', async () => {
    const { verify, tamper, eventId, raw } = await openTrail();
    const forge = async (chain: string, seq: number) => {
      const forged = randomUUID();
      await tamper(
        `INSERT INTO audit_trail (id, event_type, entity_type, entity_id, actor, action, correlation_id, seq, prev_hash)
         SELECT '${forged}', event_type, entity_type, entity_id, actor, 'forged', correlation_id, ${seq}, row_hash
         FROM audit_trail ${of(chain, `AND seq = ${seq - 1}`)}`,
      );
      await tamper(`UPDATE audit_trail SET row_hash = audit_trail_hash(audit_trail) WHERE id = '${forged}'`);
    };
    await forge(A, 6);
    expect((await verify()).problems).toMatchObject([
      { kind: 'EVENT_BEYOND_HEAD', correlationId: A, seq: 6n, eventId: await eventId(A, 6) },
    ]);
    await raw.query('DROP INDEX idx_audit_correlation');
    await forge(B, 3);
    const [, second] = (await verify()).problems;
    expect(second).toMatchObject({ correlationId: B, seq: 3n });
    expect(['SEQ_BROKEN', 'PREV_HASH_BROKEN']).toContain(second!.kind);
  });

  test('a trail that is broken everywhere ends the verification', async () => {
    const { verify, raw, tamper } = await openTrail(0, []);
    await raw.query(`INSERT INTO audit_trail (event_type, entity_type, entity_id, actor, action, correlation_id)
      SELECT 'E', 'T', gen_random_uuid(), 'a', 'b', gen_random_uuid() FROM generate_series(1, 10001)`);
    await tamper("UPDATE audit_trail SET actor = 'x'");
    const { problems, complete } = await verify();
    expect([problems.length, complete]).toEqual([10_000, false]);
  });
});

describe.each(['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'])('eight writers at once at %s', (level) => {
  test.each([
    ['one chain', [A]],
    ['several chains', [A, B, C]],
  ])('to %s leave every chain whole', async (_, chains) => {
    const { database, verify } = await openTrail(0, []);
    const url = database.pool.pg.options.connectionString!;
    const write = async (raw: pg.Client, writer: number) => {
      for (let event = 0; event < 12; ) {
        await raw.query(`BEGIN ISOLATION LEVEL ${level}`);
        try {
          await raw.query('SELECT count(*) FROM audit_chains'); // the snapshot is taken before the lock
          await appendEvents(raw, chains[(writer + event) % chains.length]!, 1 + (event % 3));
          await raw.query('COMMIT');
          event += 1;
        } catch (error) {
          await raw.query('ROLLBACK');
          expect((error as pg.DatabaseError).code).toBe('40001'); // to be run again; anything else is wrong
        }
      }
    };
    const writers = await Promise.all(Array.from({ length: 8 }, () => openRawClient(url)));
    const watch = Array.from({ length: 4 }, () => verify());
    await Promise.all(writers.map(write));
    for (const seen of await Promise.all(watch)) expect(seen.problems).toEqual([]);
    expect(await verify()).toMatchObject({ chains: chains.length, events: 8 * 12 * 2, problems: [] });
  });
});
