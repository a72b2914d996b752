import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { DatabaseError as ServerError, type Client as WholeClient } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { BinaryRowReader } from './copy-reader.js';
import { BinaryRowWriter } from './copy-writer.js';
import type { Client } from './session.js';
import { holdsSnapshot } from './snapshot.js';

/**
 * COPY in PostgreSQL's binary format, the fastest way in and out. https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4
 */

/** 64 to 256 KB a message measured alike; smaller ones cost calls, larger ones only memory. */
const CHUNK = 128 * 1024;
/** A bar takes about 200 bytes. */
const ROOM_FOR_A_ROW = 256;

/**
 * Runs `COPY ... TO STDOUT` and gives its bytes as they come, no quicker than they are taken. COPY takes no parameters: literals in the statement
 * must have been escaped. When `signal` is aborted, or the caller leaves before the end, the connection is cut: the server stops, and the pool
 * makes another. Answers how many rows there were.
 */
export async function* copyChunks(
  client: Client,
  statement: string,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, number, undefined> {
  signal?.throwIfAborted();
  const stream = client.query(copyTo(statement, { highWaterMark: CHUNK }));
  const stop = () => stream.destroy();
  signal?.addEventListener('abort', stop, { once: true });
  stream.on('error', () => {}); // the loop throws the first; cutting the connection makes a second
  let over = false;
  try {
    for await (const chunk of stream) yield chunk as Buffer;
    signal?.throwIfAborted();
    over = true;
    return stream.rowCount;
  } catch (error) {
    over = error instanceof ServerError;
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    // Rows are still on their way, and whatever is asked next would wait behind them: this connection has served its time.
    if (!over) await (client as WholeClient).end();
  }
}

/**
 * Runs `COPY (query) TO STDOUT (FORMAT binary)` and calls `onRow` for each row, with the reader standing before its first field; see
 * {@link copyChunks}.
 */
export async function copyOut(
  client: Client,
  query: string,
  onRow: (row: BinaryRowReader) => void,
  signal?: AbortSignal,
): Promise<void> {
  const reader = new BinaryRowReader();
  for await (const chunk of copyChunks(client, `COPY (${query}) TO STDOUT (FORMAT binary)`, signal)) {
    reader.push(chunk, onRow);
  }
}

/**
 * As {@link copyOut}, from tables that another connection may cut into chunks, compress, decompress or drop from. COPY takes its snapshot before
 * it waits for locks: when it has them, the rows that the other one moved are gone from where they were and not yet to be seen where they are,
 * and the answer would lack them without an error. So the locks are taken first, in the transaction of the COPY, by planning the same query.
 */
export async function copyStored(
  client: Client,
  query: string,
  onRow: (row: BinaryRowReader) => void,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const alone = (client as WholeClient).getTransactionStatus() === 'I';
  try {
    const lock = `DO $lock$ BEGIN PERFORM FROM (${query}) AS stored LIMIT 0; END $lock$`;
    // Whoever holds a snapshot already does not wait either.
    if (!holdsSnapshot(client)) await client.query(alone ? `BEGIN; ${lock}` : lock);
    await copyOut(client, query, onRow, signal);
    if (alone) await client.query('COMMIT');
  } catch (error) {
    // Where the connection was cut there is nothing left to roll back, and the first error is the one to tell.
    if (alone) await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

/** Runs `COPY target FROM STDIN (FORMAT binary)`, calling `writeRow` for each index below `count` to append that row. */
export async function copyIn(
  client: Client,
  target: string,
  count: number,
  writeRow: (row: BinaryRowWriter, index: number) => void,
): Promise<void> {
  const stream = client.query(copyFrom(`COPY ${target} FROM STDIN (FORMAT binary)`));
  const done = finished(stream);
  done.catch(() => {}); // handled below; a refusal may come while a chunk waits to drain
  const writer = new BinaryRowWriter(Math.min(count * ROOM_FOR_A_ROW, CHUNK + ROOM_FOR_A_ROW));
  writer.header();
  for (let index = 0; index < count; index += 1) {
    writeRow(writer, index);
    if (writer.length >= CHUNK && !stream.write(writer.take())) await Promise.race([once(stream, 'drain'), done]);
  }
  writer.trailer();
  stream.end(writer.take());
  await done;
}
