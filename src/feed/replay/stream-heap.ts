import type { EventStream } from './event-stream.js';

/** The streams that still have an event, the one whose event comes next on top. */
export class StreamHeap {
  readonly #streams: EventStream[] = [];

  get top(): EventStream | undefined {
    return this.#streams[0];
  }

  add(stream: EventStream): void {
    const streams = this.#streams;
    let place = streams.push(stream) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (comesBefore(streams[above]!, stream)) break;
      streams[place] = streams[above]!;
      place = above;
    }
    streams[place] = stream;
  }

  /** Puts the top where its next event belongs. */
  sink(): void {
    const streams = this.#streams;
    const { length } = streams;
    const stream = streams[0]!;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= length) break;
      if (below + 1 < length && comesBefore(streams[below + 1]!, streams[below]!)) below += 1;
      if (comesBefore(stream, streams[below]!)) break;
      streams[place] = streams[below]!;
      place = below;
    }
    streams[place] = stream;
  }

  removeTop(): EventStream {
    const top = this.#streams[0]!;
    const last = this.#streams.pop()!;
    if (last !== top) {
      this.#streams[0] = last;
      this.sink();
    }
    return top;
  }
}

function comesBefore(one: EventStream, other: EventStream): boolean {
  if (one.millisecond !== other.millisecond) return one.millisecond < other.millisecond;
  if (one.microsecond !== other.microsecond) return one.microsecond < other.microsecond;
  return one.rank < other.rank;
}
