import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { expect, test } from 'vitest';
import type { AuditEvent } from '../../src/domain/audit-event.js';
import { readEvents } from '../../src/repositories/audit/read-events.js';
import type { Page, PageOptions } from '../../src/repositories/ledger/page.js';
import { openRawClient } from '../setup/raw-client.js';
import { openTestStore } from '../setup/test-database.js';

const [A, B] = ['00000000-0000-4000-8000-0000000000a0', '00000000-0000-4000-8000-0000000000b0'] as const;
const RANGE = { entityType: 'TRADING_RANGE', entityId: '00000000-0000-4000-8000-000000000001' };

async function append(client: pg.Client, action: string, change: Record<string, unknown> = {}): Promise<void> {
  const row = {
    ...{ event_type: 'TRADING_RANGE_UPDATED', entity_type: RANGE.entityType, entity_id: RANGE.entityId },
    ...{ timestamp: '2024-01-02T00:00:00.123456Z', actor: 'detector', action, correlation_id: A, ...change },
  };
  const names = Object.keys(row);
  const places = names.map((_, index) => `$${index + 1}`);
  await client.query(`INSERT INTO audit_trail (${names}) VALUES (${places})`, Object.values(row));
}

async function open(): Promise<pg.Client> {
  const { url } = await openTestStore();
  return openRawClient(url);
}

const actions = (events: readonly AuditEvent[]) => events.map(({ action }) => action);

/** All pages of `limit`, with `between` run after each. */
async function pages(
  read: (page: PageOptions) => Promise<Page<AuditEvent>>,
  limit: number,
  between: () => Promise<void> = async () => {},
): Promise<string[][]> {
  const all: string[][] = [];
  let cursor: string | null = null;
  do {
    const page: Page<AuditEvent> = await read({ limit, ...(cursor !== null && { cursor }) });
    all.push(actions(page.rows));
    cursor = page.next;
    await between();
  } while (cursor !== null);
  return all;
}

test('an event has every value of its row', async () => {
  const client = await open();
  const id = randomUUID();
  await append(client, 'first');
  await append(client, 'second', {
    id,
    metadata: { after: { ice_level: '110.5' } },
    created_at: '2024-01-02T00:00:01Z',
  });
  const { rows } = await client.query("SELECT seq, encode(row_hash, 'hex') AS hash FROM audit_trail ORDER BY seq");
  const { rows: events, next } = await readEvents(client, { correlationId: A });
  expect(next).toBeNull();
  expect(events[0]).toMatchObject({ seq: 1n, prevHash: null, rowHash: rows[0].hash, metadata: null });
  expect(events[1]).toEqual({
    ...{ id, eventType: 'TRADING_RANGE_UPDATED', ...RANGE, actor: 'detector', action: 'second', correlationId: A },
    ...{ timestamp: new Date('2024-01-02T00:00:00.123Z'), createdAt: new Date('2024-01-02T00:00:01Z') },
    ...{ metadata: { after: { ice_level: '110.5' } }, seq: 2n, prevHash: rows[0].hash, rowHash: rows[1].hash },
  });
});

test('a chain comes in its order, whatever the clocks said, and pages stay right while it grows', async () => {
  const client = await open();
  for (const [index, minute] of [3, 1, 2, 5, 4].entries())
    await append(client, `${index + 1}`, { timestamp: `2024-01-02T00:0${minute}:00Z` });
  await append(client, 'of another chain', { correlation_id: B });
  let added = 5;
  const found = await pages(
    (page) => readEvents(client, { correlationId: A }, page),
    2,
    async () => {
      if (added < 7) await append(client, `${++added}`, { timestamp: '2024-01-01T00:00:00Z' });
    },
  );
  expect(found).toEqual([['1', '2'], ['3', '4'], ['5', '6'], ['7']]);
});

test('the events of an entity and of an actor come oldest first; those of one microsecond in the order of their chain', async () => {
  const client = await open();
  for (let event = 1; event <= 5; event += 1) await append(client, `${event}`);
  await append(client, 'earlier', { timestamp: '2024-01-02T00:00:00.123455Z', correlation_id: B, actor: 'trader' });
  await append(client, 'of another', { entity_id: randomUUID() });
  const inOrder = ['earlier', '1', '2', '3', '4', '5'];
  expect((await pages((page) => readEvents(client, RANGE, page), 2)).flat()).toEqual(inOrder);
  expect((await pages((page) => readEvents(client, RANGE, page), 6)).length).toBe(1);
  expect(actions((await readEvents(client, { actor: 'trader' })).rows)).toEqual(['earlier']);
  expect(await pages((page) => readEvents(client, { actor: 'detector' }, page), 4)).toEqual([
    ['1', '2', '3', '4'],
    ['5', 'of another'],
  ]);
  const pattern = { entityType: 'PATTERN', entityId: RANGE.entityId };
  expect(await readEvents(client, pattern)).toEqual({ rows: [], next: null });
});

test('the latest come oldest first, of all or of what is asked for', async () => {
  const client = await open();
  for (let event = 1; event <= 4; event += 1)
    await append(client, `${event}`, { timestamp: `2024-01-02T00:0${event}:00Z`, correlation_id: event % 2 ? A : B });
  expect(actions((await readEvents(client, {}, { limit: 3 }, 'backward')).rows)).toEqual(['2', '3', '4']);
  expect(actions((await readEvents(client, { correlationId: A }, { limit: 1 }, 'backward')).rows)).toEqual(['3']);
  expect(
    actions((await readEvents(client, { entityId: RANGE.entityId, actor: 'detector' }, { limit: 9 }, 'backward')).rows),
  ).toHaveLength(4);
  expect((await readEvents(client, { actor: 'nobody' }, { limit: 9 }, 'backward')).rows).toEqual([]);
});

test('a wrong limit and a cursor of something else are refused', async () => {
  const client = await open();
  for (const limit of [0, 1.5, 10_001])
    await expect(readEvents(client, { correlationId: A }, { limit })).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
  await expect(readEvents(client, {}, { limit: 0 }, 'backward')).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
  for (let event = 1; event <= 3; event += 1) await append(client, `${event}`);
  const { next } = await readEvents(client, { correlationId: A }, { limit: 1 });
  const forged = (...place: string[]) => Buffer.from(JSON.stringify(['audit_trail', ...place])).toString('base64url');
  const cursors = [next!, 'x', forged('now()', '1', A), forged('2024-01-02 00:00:00+00', '1'), forged()];
  for (const cursor of cursors)
    await expect(readEvents(client, RANGE, { cursor })).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
      problems: [{ path: 'cursor' }],
    });
});
