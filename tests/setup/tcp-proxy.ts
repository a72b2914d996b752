import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Where a COMMIT gets lost: on its way to the server, or its answer on the way back. */
export type Loss = 'commit' | 'answer';

/** A network between a store and its server, which loses what a test tells it to lose. */
export interface TcpProxy {
  /** The server's URL by way of the proxy. */
  readonly url: string;
  /** The statements that clients sent, in their order. What was prepared before comes by its text too. */
  readonly statements: string[];
  /** How often a client sent something and waited for the answer. */
  readonly roundTrips: number;
  /** Cuts the connection at the next COMMIT: on the side that sent what is lost, and, after `meanwhile`, on the other. */
  loseCommit(loss: Loss, meanwhile?: () => unknown): void;
  /** Lets nobody in any more, and cuts who is. */
  close(): void;
  /** Leads new connections to the server of another URL. */
  leadTo(url: string): void;
  /** As {@link leadTo}, after {@link close}, at the same port. */
  reopen(url: string): Promise<void>;
  /** Cuts every connection; new ones are let in. */
  cut(): void;
  /** Nothing passes for so many milliseconds, in either direction. */
  hold(milliseconds: number): void;
  /** Tells one end of every connection that the other has ended; what that end still says passes. */
  halfClose(end: 'client' | 'server'): void;
  /** Cuts every connection at the server's end; the client's end stays open, and never hears anything again. */
  silence(): void;
}

interface Message {
  readonly type: string;
  readonly body: Buffer;
}

/** Takes messages of PostgreSQL's protocol from a stream: a type, the length of the rest, the rest. */
class MessageReader {
  #rest: Buffer = Buffer.alloc(0);
  #untyped: boolean;

  /** A client's first message has no type. */
  constructor(untyped: boolean) {
    this.#untyped = untyped;
  }

  read(chunk: Buffer): Message[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const messages: Message[] = [];
    for (;;) {
      const start = this.#untyped ? 0 : 1;
      if (this.#rest.length < start + 4) return messages;
      const end = start + this.#rest.readUInt32BE(start);
      if (this.#rest.length < end) return messages;
      const type = this.#untyped ? 'startup' : String.fromCharCode(this.#rest[0]!);
      messages.push({ type, body: this.#rest.subarray(start + 4, end) });
      this.#rest = this.#rest.subarray(end);
      this.#untyped = false;
    }
  }
}

const textsOf = ({ body }: Message): string[] => body.toString('utf8').split('\0');

/** Starts a proxy before the server of this URL; it is gone when the test ends. */
export async function openTcpProxy(serverUrl: string): Promise<TcpProxy> {
  let target = new URL(serverUrl);
  let armed: { readonly loss: Loss; readonly meanwhile: () => unknown } | undefined;
  let roundTrips = 0;
  const statements: string[] = [];
  const sockets = new Set<Socket>();
  const connections = new Set<{ readonly client: Socket; readonly upstream: Socket; silent: boolean }>();
  let held = 0;

  const server = createServer((client) => {
    const upstream = connect(Number(target.port || 5432), target.hostname);
    const prepared = new Map<string, string>();
    const [requests, answers] = [new MessageReader(true), new MessageReader(false)];
    let lost: typeof armed;
    const connection = { client, upstream, silent: false };
    connections.add(connection);
    for (const socket of [client, upstream]) {
      if (performance.now() < held) hold(socket);
      sockets.add(socket);
      socket.on('error', () => {}); // one that is cut says so
    }

    client.on('data', (chunk) => {
      if (lost || connection.silent) return;
      for (const message of requests.read(chunk)) {
        const [first = '', second = ''] = textsOf(message);
        if (message.type === 'P') prepared.set(first, second);
        if (message.type === 'B') statements.push(prepared.get(second) ?? second);
        if (message.type === 'Q') statements.push(first);
        if (message.type === 'Q' || message.type === 'S') roundTrips += 1;
        if (message.type === 'Q' && first === 'COMMIT' && armed) [lost, armed] = [armed, undefined];
      }
      if (lost?.loss === 'commit') void lose(lost);
      else upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      const complete = answers.read(chunk).some(({ type }) => type === 'Z');
      if (!lost) client.write(chunk);
      else if (lost.loss === 'answer' && complete) void lose(lost);
    });
    const lose = async ({ loss, meanwhile }: NonNullable<typeof armed>) => {
      const [first, second] = loss === 'commit' ? [client, upstream] : [upstream, client];
      first.destroy();
      await meanwhile();
      second.destroy();
    };
    client.on('close', () => {
      connections.delete(connection);
      if (!lost) upstream.destroy();
    });
    upstream.on('close', () => {
      if (!lost && !connection.silent) client.destroy();
    });
    for (const socket of [client, upstream]) socket.on('close', () => sockets.delete(socket));
  });

  const hold = (socket: Socket) => {
    socket.pause();
    setTimeout(() => socket.resume(), held - performance.now());
  };
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const close = () => {
    server.close();
    cut();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(close);
  const url = new URL(serverUrl);
  const address = server.address();
  url.hostname = '127.0.0.1';
  url.port = typeof address === 'object' ? `${address?.port}` : '';
  return {
    url: url.href,
    statements,
    get roundTrips() {
      return roundTrips;
    },
    loseCommit: (loss, meanwhile = () => {}) => {
      armed = { loss, meanwhile };
    },
    close,
    leadTo: (other) => {
      target = new URL(other);
    },
    reopen: async (other) => {
      target = new URL(other);
      await new Promise<void>((resolve) => server.listen(Number(url.port), '127.0.0.1', resolve));
    },
    cut,
    hold: (milliseconds) => {
      held = performance.now() + milliseconds;
      for (const socket of sockets) hold(socket);
    },
    halfClose: (end) => {
      for (const { client, upstream } of connections) (end === 'client' ? client : upstream).end();
    },
    silence: () => {
      for (const connection of connections) {
        connection.silent = true;
        connection.upstream.destroy();
      }
    },
  };
}
