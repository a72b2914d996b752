import { counted } from '../../../domain/counted.js';
import { InvalidInputError } from '../../../errors.js';
import type { FeedEvent } from '../../../ingest/adapters/adapter.js';
import { BinanceRecording } from '../../../ingest/adapters/binance/recording.js';
import type { TickBatch, TickInputs, TickKind, TickSource } from './tick-source.js';

/** A line of a recorded stream: perhaps nanoseconds, then a message. */
export const RECORDED_LINE = /^(?:\d{10,20} )?\{"(?:stream|e|lastUpdateId)":/;

const KIND_OF_EVENT = { trade: 'trades', quote: 'quotes', orderBook: 'order-books' } as const;
const EVENTS = Object.keys(KIND_OF_EVENT) as (keyof typeof KIND_OF_EVENT)[];
const BATCH = 2_000;

/** A recording of Binance's streams, as the ingest reads it: trades, quotes, and the book after every message, its best 20 levels. */
export function recordingSource(path: string): TickSource {
  let recording = new BinanceRecording({ path });
  let silent = 0;
  return {
    layout: 'binance-recording',
    kinds: ['trades', 'quotes', 'order-books'],
    leftOut: [],
    mapping: {},
    async *batches(tally, { signal }, wanted) {
      recording = new BinanceRecording({ path });
      const waiting = new Map<TickKind, object[]>();
      let events = 0;
      const only = wanted && EVENTS.find((event) => KIND_OF_EVENT[event] === wanted);
      for await (const { kind: event, row } of told(recording.events({ signal, only }))) {
        events += 1;
        const kind = KIND_OF_EVENT[event];
        const rows = waiting.get(kind) ?? [];
        waiting.set(kind, rows);
        rows.push(row);
        if (rows.length < BATCH) continue;
        yield batchOf(kind, rows);
        waiting.delete(kind);
      }
      signal?.throwIfAborted();
      tally.rows = recording.stats.messages;
      // Read for one kind, the messages of the others are not taken apart.
      if (only === undefined) silent = recording.stats.messages - recording.stats.ignored - events;
      for (const [kind, rows] of waiting) yield batchOf(kind, rows);
    },
    notices() {
      const { ignored, missedTrades, gaps } = recording.stats;
      return [
        ...(silent > 0
          ? [
              `${counted(silent, 'message makes', 'messages make')} no row: book snapshots, and changes of a book that none has come for`,
            ]
          : []),
        ...(ignored > 0 ? [`${counted(ignored, 'message')} of other streams left out`] : []),
        ...(missedTrades > 0 ? [`${counted(missedTrades, 'trade is', 'trades are')} missing, by their ids`] : []),
        ...(gaps > 0
          ? [`the book lost its stream ${counted(gaps, 'time')}, and has nothing until the next snapshot`]
          : []),
      ];
    },
  };
}

/** What is wrong, by line; the path that the recording knows may be that of an unpacked copy. */
async function* told(events: AsyncIterable<FeedEvent>): AsyncGenerator<FeedEvent, void> {
  try {
    yield* events;
  } catch (error) {
    throw error instanceof InvalidInputError ? new InvalidInputError(error.problems, 'file') : error;
  }
}

/** The reader of messages says the line only where one is wrong. */
function batchOf<Kind extends TickKind>(kind: Kind, rows: readonly object[]): TickBatch {
  return { kind, rows: rows as TickInputs[Kind][], lines: rows.map(() => 0) } as unknown as TickBatch;
}
