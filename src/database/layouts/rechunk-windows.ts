/** A chunk `[from, to)`, in microseconds since the epoch. */
export interface ChunkRange {
  readonly from: bigint;
  readonly to: bigint;
  readonly compressed: boolean;
}

/** What one step cuts anew: everything from the first of these chunks to the last. */
export interface RechunkWindow {
  readonly from: bigint;
  readonly to: bigint;
  readonly chunks: readonly ChunkRange[];
}

/**
 * The steps that bring chunks, given oldest first, to an interval. TimescaleDB cuts a new chunk at multiples of the interval since the epoch,
 * and shorter where it meets another chunk. So a window is the chunks that overlap one such range, or one chunk that is longer; where the last of
 * them reaches into the next range, what sticks out becomes a short chunk that belongs to the next window. A window that closed at ranges of
 * both intervals would be smaller in number only: from 7 to 365 days it would have seven years.
 */
export function rechunkWindows(chunks: readonly ChunkRange[], interval: bigint): RechunkWindow[] {
  const windows: RechunkWindow[] = [];
  let rest = chunks;
  for (;;) {
    const at = rest.findIndex((chunk) => !fits(chunk, interval));
    if (at < 0) return windows;
    const first = rest[at]!;
    const nextRange = floor(first.from, interval) + interval;
    const end = first.to > nextRange ? first.to : nextRange;
    const beyond = rest.findIndex((chunk, index) => index > at && chunk.from >= end);
    const taken = rest.slice(at, beyond < 0 ? rest.length : beyond);
    const { to, compressed } = taken.at(-1)!;
    windows.push({ from: first.from, to, chunks: taken });
    rest = beyond < 0 ? [] : rest.slice(beyond);
    const border = floor(to, interval);
    if (rest.length > 0 && rest[0]!.from < border + interval && border < to)
      rest = [{ from: border, to: rest[0]!.from, compressed }, ...rest];
  }
}

function fits({ from, to }: ChunkRange, interval: bigint): boolean {
  return to - from === interval && floor(from, interval) === from;
}

function floor(at: bigint, interval: bigint): bigint {
  const remainder = at % interval;
  return at - (remainder < 0n ? remainder + interval : remainder);
}
