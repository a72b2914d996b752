import type { Client, Session } from '../../../database/session.js';
import type { BarInput } from '../../../domain/bar.js';
import type { Timeframe } from '../../../domain/timeframe.js';
import type { UpsertCounts } from '../../../repositories/bars/bar-repository.js';
import { requireFolder } from '../../cutover/phase.js';
import type { PlainBar } from '../files/checked-bars.js';
import type { FileWriter } from '../files/file-writer.js';

/** A write as it waits in the outbox. To make it again changes nothing. */
export type Operation =
  | {
      readonly operation: 'upsert';
      readonly bars: readonly PlainBar[];
      readonly scales: Readonly<Record<string, number>>;
    }
  | {
      readonly operation: 'delete';
      readonly symbol: string;
      readonly timeframe: Timeframe;
      readonly from: string;
      readonly to: string;
    };

/** What was deleted from the files after a cutover was rolled back: the database still has it. */
export type Deleted = Omit<Operation & { operation: 'delete' }, 'operation'> & { readonly operation: 'deleted' };

/** Notes a write of this transaction that the files are to have as well; answers its place. */
export async function enqueue(client: Client, { operation, ...document }: Operation | Deleted): Promise<string> {
  const { rows } = await client.query<{ id: string }>({
    name: 'cutover.enqueue',
    text: 'INSERT INTO cutover_outbox (operation, document) VALUES ($1, $2) RETURNING id',
    values: [operation, JSON.stringify(document)],
  });
  return rows[0]!.id;
}

export async function dequeue(session: Session, id: string): Promise<void> {
  await session.withClient((client) =>
    client.query({ name: 'cutover.dequeue', text: 'DELETE FROM cutover_outbox WHERE id = $1', values: [id] }),
  );
}

export async function pendingWrites(session: Session): Promise<number> {
  const { rows } = await session.withClient((client) =>
    client.query<{ count: number }>("SELECT count(*)::int AS count FROM cutover_outbox WHERE operation <> 'deleted'"),
  );
  return rows[0]!.count;
}

export function applyToFiles(writer: FileWriter, operation: Operation & { operation: 'upsert' }): Promise<UpsertCounts>;
export function applyToFiles(writer: FileWriter, operation: Operation): Promise<UpsertCounts | number>;
export async function applyToFiles(writer: FileWriter, operation: Operation): Promise<UpsertCounts | number> {
  if (operation.operation === 'delete') return writer.delete(operation);
  const scales = new Map(Object.entries(operation.scales));
  const bars = operation.bars as readonly BarInput[];
  return writer.write(await writer.check(bars, { allowNonPositive: true }, scales));
}

/**
 * Makes the writes in the files that others could not: a process died, or the disk was full. Whoever holds the folder's lock is the only one that
 * enqueues and applies, so the order is that of the database.
 */
export async function drainOutbox(session: Session, writer: FileWriter): Promise<number> {
  for (let drained = 0; ; drained += 1) {
    const { rows } = await session.withClient((client) =>
      client.query<{ id: string; operation: Operation['operation']; document: object; cutover: string }>({
        name: 'cutover.next',
        text: `SELECT outbox.id, operation, document, cutovers.id AS cutover FROM cutover_outbox outbox, cutovers
               WHERE operation <> 'deleted' AND scope = 'bars' ORDER BY outbox.id LIMIT 1`,
      }),
    );
    const [next] = rows;
    if (!next) return drained;
    await requireFolder(writer.folder, next.cutover); // in another one the write would be lost
    await applyToFiles(writer, { operation: next.operation, ...next.document } as Operation);
    await dequeue(session, next.id);
  }
}
