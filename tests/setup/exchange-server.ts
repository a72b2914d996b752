import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';

/** The reply to a request for a snapshot. */
type Reply = (symbol: string) => object | number | Promise<object | number>;

/** A real WebSocket and HTTP server on the loopback, gone when the test ends. */
export class ExchangeServer {
  readonly #http = createServer();
  readonly #sockets: WebSocketServer;
  /** What is done with each new connection. */
  onConnection: (socket: WebSocket) => void = () => {};
  /** A number is a status. */
  reply: Reply = () => 404;
  /** Symbols of which snapshots were asked for. */
  readonly asked: string[] = [];
  connections = 0;

  private constructor(autoPong: boolean) {
    this.#sockets = new WebSocketServer({ server: this.#http, autoPong });
    this.#sockets.on('connection', (socket) => {
      this.connections += 1;
      this.onConnection(socket);
    });
    this.#http.on('request', async (request, response) => {
      const symbol = new URL(request.url!, 'http://localhost').searchParams.get('symbol') ?? '';
      this.asked.push(symbol);
      const reply = await this.reply(symbol);
      response.statusCode = typeof reply === 'number' ? reply : 200;
      response.end(typeof reply === 'number' ? '' : JSON.stringify(reply));
    });
  }

  /** `autoPong: false`: it answers no ping. */
  static async open({ autoPong = true } = {}): Promise<ExchangeServer> {
    const server = new ExchangeServer(autoPong);
    server.#http.listen(0, '127.0.0.1');
    await once(server.#http, 'listening');
    onTestFinished(async () => {
      for (const socket of server.#sockets.clients) socket.terminate();
      server.#sockets.close();
      server.#http.closeAllConnections();
      server.#http.close();
      await once(server.#http, 'close');
    });
    return server;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/stream`;
  }

  get snapshotUrl(): string {
    return `http://127.0.0.1:${this.#port}/depth?limit=1000`;
  }

  send(messages: readonly string[]): void {
    for (const socket of this.#sockets.clients) for (const message of messages) socket.send(message);
  }

  /** Cuts every connection without a word. */
  drop(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  get #port(): number {
    return (this.#http.address() as AddressInfo).port;
  }
}
