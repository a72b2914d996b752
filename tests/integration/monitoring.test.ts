import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { minuteBar, temporaryDirectory } from '../setup/ingest.js';
import { readMetrics } from '../setup/metrics-text.js';
import { readBlocks } from '../setup/page-blocks.js';
import { alerts, dashboard, queries, selectorsOf } from '../setup/promql.js';
import { openTestStore } from '../setup/test-database.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Prometheus makes these itself. */
const OF_PROMETHEUS = ['up', 'ALERTS'];
const LABELS_OF_PROMETHEUS = ['instance', 'job', 'le', 'alertname', 'alertstate'];

/** What /metrics answers once a store has written, refused and been refused. */
async function scrape(): Promise<string> {
  const directory = await temporaryDirectory();
  const { store } = await openTestStore({ metrics: true, logLevel: 'silent', ingest: { directory } });
  await store.ingest.add([minuteBar('AAPL', 0), minuteBar('AAPL', 1)]);
  const trade = { symbol: 'AAPL', timestamp: '2024-01-02T15:00:00Z', price: 10, size: 1, tradeId: '1' };
  await store.ingest.addTrade(trade);
  await store.ingest.flush();
  await store.ingest.addTrade({ ...trade, price: 11 });
  await store.ingest.flush();
  await expect(store.ingest.add({ ...minuteBar('AAPL', 2), open: 0.1 })).rejects.toThrow();
  const url = await store.serve({ port: 0 });
  const response = await fetch(`${url}/metrics`);
  expect(response.status).toBe(200);
  return response.text();
}

test('what the rules and the dashboard ask for is exported, with the labels that they ask by', async () => {
  const text = await scrape();
  const types = new Map([...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]));
  const exported = new Set(
    [...types].flatMap(([name, type]) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => `${name}${suffix}`) : [name],
    ),
  );
  const labels = new Map<string, Set<string>>();
  for (const [, name = '', list = ''] of text.matchAll(/^(\w+)\{(.*)\} \S+$/gm)) {
    const known = labels.get(name) ?? new Set<string>();
    labels.set(name, known);
    for (const [, label = ''] of list.matchAll(/(\w+)="/g)) known.add(label);
  }
  const asked = [...alerts.map(({ expr }) => expr), ...queries].flatMap(selectorsOf);
  for (const { query } of dashboard.templating.list)
    asked.push(...selectorsOf(/label_values\((.+), \w+\)/.exec(query.query)![1]!));
  const wanted = new Set(asked.map(({ metric }) => metric).filter((metric) => !OF_PROMETHEUS.includes(metric)));
  expect(wanted.size).toBeGreaterThan(35);
  expect([...wanted].filter((metric) => !exported.has(metric))).toEqual([]);
  for (const { metric, labels: by } of asked) {
    if (metric.startsWith('wyckoff_job_') && !labels.has(metric)) continue; // jobs are there on TimescaleDB alone
    const known = [...LABELS_OF_PROMETHEUS, ...(labels.get(metric) ?? [])];
    expect(
      by.filter((label) => !known.includes(label)),
      metric,
    ).toEqual([]);
  }
  // Prometheus would rename them: they say which target a sample is of.
  for (const [metric, known] of labels)
    expect(
      [...known].filter((label) => ['job', 'instance'].includes(label)),
      metric,
    ).toEqual([]);
  // https://prometheus.io/docs/practices/naming/
  for (const [name, type] of types)
    if (/^(wyckoff|timescale)_/.test(name)) expect(name.endsWith('_total'), name).toBe(type === 'counter');
  expect(readMetrics(text)('timescale_write_total{kind="bar"}')).toBe(2);
});

test('the runbook names every metric that is exported, and none else', async () => {
  const exported = [...(await scrape()).matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name!);
  const [, section = ''] = readFileSync(join(ROOT, 'docs/runbook.md'), 'utf8').split('\n## What to watch\n');
  const tables = section.split('\n## ')[0]!;
  const documented = [...tables.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
  );
  expect(
    exported
      .filter((name) => !documented.includes(name))
      .map((name) => `docs/runbook.md lacks a line in a table of "What to watch": | \`${name}\` | what it says |`),
  ).toEqual([]);
  expect(
    documented
      .filter((name) => !exported.includes(name))
      .map((name) => `docs/runbook.md has ${name}, which is not exported`),
  ).toEqual([]);
});

test('with the SDK of the runbook, a program sends its spans to where Jaeger takes them', async () => {
  const [block] = readBlocks('docs/runbook.md').filter(
    ({ heading, language }) => heading === 'Spans' && language === 'js',
  );
  // Where the packages are found.
  const folder = await mkdtemp(join(ROOT, 'node_modules/.tracing-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'tracing.mjs'), block!.source);
  await writeFile(
    join(folder, 'feed.mts'),
    `import { openStore } from '../../src/index.js';
     const store = await openStore({ ingest: { directory: ${JSON.stringify(join(folder, 'ingest'))} } });
     await store.ingest.add({ symbol: 'AAPL', timeframe: '1d', timestamp: '2024-01-02', open: 1, high: 2, low: 1, close: 2, volume: 1 });
     await store.close();`,
  );
  const received: { path: string; body: string }[] = [];
  const jaeger = createServer(async (request, response) => {
    received.push({ path: request.url!, body: await bodyOf(request) });
    response.setHeader('content-type', 'application/json').end('{}');
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void jaeger.close());
  const { url } = await openTestStore();
  const env = {
    ...process.env,
    WYCKOFF_DATABASE_URL: url,
    OTEL_SERVICE_NAME: 'feed',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(jaeger.address() as AddressInfo).port}`,
  };
  const args = ['--import', 'tsx', '--import', join(folder, 'tracing.mjs'), join(folder, 'feed.mts')];
  await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
  expect(new Set(received.map(({ path }) => path))).toEqual(new Set(['/v1/traces']));
  const { resourceSpans } = JSON.parse(received[0]!.body);
  const [{ resource, scopeSpans }] = resourceSpans;
  expect(resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'feed' } });
  const names = received.flatMap(({ body }) => [...body.matchAll(/"name":"(ingest\.\w+)"/g)].map(([, name]) => name));
  expect(new Set(names)).toEqual(new Set(['ingest.open', 'ingest.add', 'ingest.write', 'ingest.close']));
  expect(JSON.stringify(scopeSpans)).toContain('{"key":"db.symbol","value":{"stringValue":"AAPL"}}');
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
