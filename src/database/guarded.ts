import type { Client } from './session.js';

/**
 * Uses a connection, which is cut when that takes longer than `longest` milliseconds, or when `stopped` is aborted. One that a firewall forgot says
 * nothing at all: whoever asks on it would wait for hours.
 */
export async function guarded<C extends Client, T>(
  client: C,
  longest: number,
  stopped: AbortSignal | undefined,
  use: (client: C) => Promise<T>,
): Promise<T> {
  const cut = () => void (client as unknown as { end(): Promise<void> }).end().catch(() => {});
  const timer = setTimeout(cut, longest);
  stopped?.addEventListener('abort', cut);
  try {
    return await use(client);
  } finally {
    clearTimeout(timer);
    stopped?.removeEventListener('abort', cut);
  }
}
