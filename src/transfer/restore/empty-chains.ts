import type { Client } from '../../database/session.js';

/**
 * Makes the heads of chains without an event again, the way they came to be: by an event that ON CONFLICT left out after its trigger. Nothing
 * else may write a head. Takes the lines of audit-chains.
 */
export async function restoreEmptyChains(client: Client, lines: AsyncIterable<Buffer>): Promise<void> {
  const empty: string[] = [];
  for await (const line of lines) if (line.includes('"length":"0"')) empty.push(line.toString('utf8'));
  if (empty.length === 0) return;
  await client.query(
    `INSERT INTO audit_trail (id, event_type, entity_type, entity_id, actor, action, correlation_id)
     SELECT event.id, event.event_type, event.entity_type, event.entity_id, event.actor, event.action, empty.correlation_id
     FROM json_to_recordset($1::json) AS empty (correlation_id uuid)
     CROSS JOIN (SELECT * FROM audit_trail ORDER BY correlation_id, seq LIMIT 1) AS event
     ON CONFLICT (id) DO NOTHING`,
    [`[${empty.join(',')}]`],
  );
}
