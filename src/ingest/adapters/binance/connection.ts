import type { RawData } from 'ws';

export interface ConnectionOptions {
  readonly url: string;
  /** Milliseconds in which nothing was heard: then the connection is taken for dead. Half of it, and a ping asks. */
  readonly silence: number;
  readonly signal: AbortSignal;
  readonly onOpen: () => void;
  /** Answers a promise where nothing more is wanted until it resolves. */
  readonly onMessage: (text: string) => Promise<void> | undefined;
}

/** How a connection ended, or that it could not be made. */
export interface Disconnection {
  readonly code: number;
  readonly reason: string;
  readonly error: Error | undefined;
  /** Milliseconds for which it was open. */
  readonly lasted: number;
}

/** In bytes. */
const LONGEST_MESSAGE = 16 << 20;

/** Listens until the connection ends, by whoever's will. Pings of the server are answered by the library. */
export async function listen({ url, silence, signal, onOpen, onMessage }: ConnectionOptions): Promise<Disconnection> {
  const { WebSocket } = await import('ws');
  return new Promise((resolve) => {
    const options = { handshakeTimeout: silence, maxPayload: LONGEST_MESSAGE, perMessageDeflate: false };
    const socket = new WebSocket(url, options);
    let heard = performance.now();
    let opened: number | undefined;
    let asked: number | undefined;
    let error: Error | undefined;
    const hear = () => {
      heard = performance.now();
    };
    const watch = () => {
      // While we make it wait there is nothing to hear.
      if (socket.isPaused) hear();
      const now = performance.now();
      if (opened === undefined || now - heard < silence / 2) {
        asked = undefined;
      } else if (asked === undefined) {
        asked = now;
        socket.ping();
      } else if (now - asked >= silence / 2) {
        error = new Error(`nothing was heard for ${Math.round(now - heard)} ms`);
        socket.terminate();
      }
    };
    // After what has arrived is read: this process may have been busy for longer than the server was silent.
    const timer = setInterval(() => setImmediate(watch), silence / 4);
    const stop = () => socket.terminate();
    signal.addEventListener('abort', stop, { once: true });
    socket.on('open', () => {
      opened = performance.now();
      hear();
      onOpen();
    });
    for (const event of ['ping', 'pong'] as const) socket.on(event, hear);
    socket.on('message', (raw: RawData) => {
      hear();
      const room = onMessage(raw.toString());
      if (!room) return;
      socket.pause();
      void room.then(() => socket.resume());
    });
    socket.on('error', (cause) => {
      error ??= cause;
    });
    socket.on('close', (code, reason) => {
      clearInterval(timer);
      signal.removeEventListener('abort', stop);
      const lasted = opened === undefined ? 0 : performance.now() - opened;
      resolve({ code, reason: reason.toString(), error, lasted });
    });
    if (signal.aborted) stop();
  });
}
