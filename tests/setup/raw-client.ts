import pg from 'pg';
import { onTestFinished } from 'vitest';

/** A connection that knows nothing of the store, closed when the test ends. */
export async function openRawClient(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, options: '-c timezone=UTC' });
  client.on('error', () => {}); // a test may terminate it
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}
