import type { OrderBookInput } from '../../../domain/order-book.js';
import type { Tally, TickBatch } from './tick-source.js';

/** A book stands for its instant: of several of one instant, which follow each other, the last one is kept and the others are counted. */
export async function* lastOfInstants(
  batches: AsyncIterable<TickBatch>,
  tally: Tally,
): AsyncGenerator<TickBatch, void> {
  let held: { readonly row: OrderBookInput; readonly line: number } | undefined;
  for await (const batch of batches) {
    if (batch.kind !== 'order-books') {
      yield batch;
      continue;
    }
    const rows: OrderBookInput[] = [];
    const lines: number[] = [];
    for (const [index, row] of batch.rows.entries()) {
      if (held && held.row.timestamp === row.timestamp && held.row.symbol === row.symbol) tally.note('superseded');
      else if (held) {
        rows.push(held.row);
        lines.push(held.line);
      }
      held = { row, line: batch.lines[index]! };
    }
    yield { kind: 'order-books', rows, lines };
  }
  if (held) yield { kind: 'order-books', rows: [held.row], lines: [held.line] };
}
