import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError } from '../errors.js';

/** What the server answers with. */
export interface Endpoints {
  /** Undefined: nothing is counted, and the path is not there. */
  readonly metrics: (() => Promise<{ readonly contentType: string; readonly text: string }>) | undefined;
  /** Answers with what to show; throws where the process cannot do its work now. */
  readonly ready: () => Promise<Readonly<Record<string, unknown>>>;
}

export interface HttpServerOptions {
  /** Default 127.0.0.1: what is served is meant for this machine unless somebody decides otherwise. */
  readonly host?: string;
  /** 0: a free one. Default 9464, as other exporters of this kind have. */
  readonly port?: number;
}

export interface HttpServer {
  /** E.g. `http://127.0.0.1:9464`. */
  readonly url: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export const DEFAULT_PORT = 9464;
/** Milliseconds; a probe that waits longer has its own timeout by then. */
const LONGEST_ANSWER = 5_000;
/** Further ones are closed at once. A client that asks and does not read keeps an answer in memory. */
const MOST_CONNECTIONS = 500;
/** Milliseconds after which one that neither sends nor reads is cut. */
const LONGEST_SILENCE = 20_000;
/** Milliseconds for a request to arrive, and how often that is looked after. */
const LIMITS = { requestTimeout: 10_000, headersTimeout: 10_000, connectionsCheckingInterval: 5_000 };

/**
 * Serves `/metrics`, `/health/live` (this process answers) and `/health/ready` (it can do its work: 200, otherwise 503).
 * @throws ConfigError PORT_TAKEN, ADDRESS_NOT_AVAILABLE
 */
export async function startHttpServer(endpoints: Endpoints, options: HttpServerOptions = {}): Promise<HttpServer> {
  const { host = '127.0.0.1', port = DEFAULT_PORT } = options;
  const ready = onceAtATime(endpoints.ready);
  const routes = new Map<string, () => Promise<Answer>>([
    ['/health/live', async () => json(200, { status: 'ok' })],
    ['/health/ready', () => readyAnswer(ready)],
  ]);
  if (endpoints.metrics) {
    const metrics = onceAtATime(endpoints.metrics);
    routes.set('/metrics', () => metricsAnswer(metrics));
  }
  const server = createServer(LIMITS, async ({ method, url = '/' }, response) => {
    const route = routes.get(url.split('?', 1)[0]!);
    if (!route) send(response, json(404, { error: 'not found', paths: [...routes.keys()] }));
    else if (method !== 'GET' && method !== 'HEAD') send(response, json(405, { error: 'only GET' }));
    else send(response, await route());
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.setTimeout(LONGEST_SILENCE);
  server.listen({ host, port, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw describeListenError(error, host, port);
  }
  const { address, family, port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close').catch(() => {});
    },
  };
}

async function metricsAnswer(metrics: NonNullable<Endpoints['metrics']>): Promise<Answer> {
  try {
    const { contentType, text } = await within(metrics());
    return { status: 200, contentType, body: text };
  } catch (error) {
    return json(500, { error: describe(error) });
  }
}

async function readyAnswer(ready: Endpoints['ready']): Promise<Answer> {
  try {
    return json(200, { status: 'ok', ...(await within(ready())) });
  } catch (error) {
    return json(503, { status: 'unavailable', error: describe(error) });
  }
}

/**
 * However many ask at the same time, the question is put to the database once. Also those who ask while it has not answered for long: each new question
 * would take one more connection of the pool.
 */
function onceAtATime<T>(ask: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return () => {
    underWay ??= ask().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

async function within<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${LONGEST_ANSWER / 1000} s`)), LONGEST_ANSWER);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function json(status: number, value: unknown): Answer {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}

function send(response: ServerResponse, { status, contentType, body }: Answer): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body);
}

function describe(error: unknown): { readonly code?: unknown; readonly message: string } {
  if (!(error instanceof Error)) return { message: String(error) };
  return { ...('code' in error && { code: error.code }), message: error.message };
}

function describeListenError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return new ConfigError('PORT_TAKEN', `port ${port} of ${host} is taken`, {
      hint: 'name another one, or 0 for any that is free',
      cause: error,
    });
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EACCES') {
    return new ConfigError('ADDRESS_NOT_AVAILABLE', `this machine cannot listen on ${host}:${port} (${code})`, {
      hint: '127.0.0.1 is this machine alone, 0.0.0.0 every network that it is in; ports below 1024 need a right of their own',
      cause: error,
    });
  }
  return error;
}
