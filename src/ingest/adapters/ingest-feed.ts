import type { Ingest } from '../ingest.js';
import type { FeedAdapter } from './adapter.js';
import { EventQueue } from './event-queue.js';
import { FeedWriter, type IngestFeedOptions, type IngestFeedReport } from './feed-writer.js';

/**
 * Hands what an adapter gives to the ingest, until the adapter ends or the signal is aborted. What has come while the ingest was busy goes in
 * together; where the ingest makes its callers wait, the adapter waits. The ingest stays open.
 *
 * Bars that are unfinished at the end are not added: what comes next may belong to them.
 *
 * @throws what the adapter throws, when what came before is added; IngestClosedError, SpoolError, and what the callbacks throw
 */
export async function ingestFeed(
  ingest: Ingest,
  adapter: FeedAdapter,
  options: IngestFeedOptions = {},
): Promise<IngestFeedReport> {
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const queue = new EventQueue();
  const writer = new FeedWriter(ingest, options);
  const reading = read(adapter, queue, signal);
  try {
    for (let events = await queue.take(); events; events = await queue.take()) await writer.write(events);
  } finally {
    stop.abort();
    queue.end();
    await reading;
  }
  return writer.report;
}

async function read(adapter: FeedAdapter, queue: EventQueue, signal: AbortSignal): Promise<void> {
  try {
    for await (const event of adapter.events({ signal })) {
      queue.push(event);
      if (queue.full) await queue.room();
    }
    queue.end();
  } catch (error) {
    queue.end({ error });
  }
}
