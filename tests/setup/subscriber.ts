import { onTestFinished } from 'vitest';
import type { Arrival } from '../../src/feed/subscribe/arrival.js';
import type { SubscribeOptions } from '../../src/feed/subscribe/subscriptions.js';
import type { Store } from '../../src/index.js';

/** A subscription that a test takes arrivals from. */
export interface Following {
  /** The next `count`. */
  take(count: number): Promise<Arrival[]>;
  stop(): Promise<void>;
}

/** Subscribes from this very moment on. */
export async function follow(
  store: Store,
  symbols: '*' | readonly string[],
  options: SubscribeOptions = {},
): Promise<Following> {
  const from = options.from ?? (await store.feed.cursor());
  const stopped = new AbortController();
  const iterator = store.feed.subscribe(symbols, { signal: stopped.signal, ...options, from });
  const stop = async () => {
    stopped.abort();
    await iterator.return(undefined).catch(() => {});
  };
  onTestFinished(stop);
  return {
    take: async (count) => {
      const taken: Arrival[] = [];
      while (taken.length < count) {
        const { value, done } = await iterator.next();
        if (done) throw new Error(`the subscription ended after ${taken.length} of ${count}`);
        taken.push(value);
      }
      return taken;
    },
    stop,
  };
}
