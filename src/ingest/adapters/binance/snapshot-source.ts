import { readSnapshot, type Snapshot } from './messages.js';

/** Answers what `GET /depth` of the REST interface does, for a symbol. */
export type SnapshotSource = (symbol: string, signal: AbortSignal) => Promise<unknown>;

/** Milliseconds. */
const LONGEST_FETCH = 10_000;

/** Asks `url` with the symbol added to its parameters. */
export function snapshotsAt(url: string): SnapshotSource {
  return async (symbol, signal) => {
    const address = new URL(url);
    address.searchParams.set('symbol', symbol);
    const response = await fetch(address, { signal });
    if (!response.ok) throw new Error(`${address.href}: HTTP ${response.status} ${response.statusText}`);
    return response.json();
  };
}

/** @throws InvalidInputError MESSAGE_INVALID, the signal's reason, and whatever the source throws */
export async function fetchSnapshot(source: SnapshotSource, symbol: string, signal: AbortSignal): Promise<Snapshot> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_FETCH)]);
  over.throwIfAborted();
  const answer = source(symbol, over);
  // A function need not listen to the signal: the next connection would wait for it for ever.
  const aborted = new Promise<never>((_, reject) => over.addEventListener('abort', () => reject(over.reason)));
  return readSnapshot(await Promise.race([answer, aborted]));
}
