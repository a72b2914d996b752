import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openIngest } from '../setup/ingest.js';
import { openTestStore } from '../setup/test-database.js';

const spans = new InMemorySpanExporter();

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
});

afterAll(() => {
  trace.disable();
  context.disable();
});

beforeEach(() => spans.reset());

const BAR = { symbol: 'AAPL', timeframe: '1d', open: 1, high: 2, low: 1, close: 2, volume: 1, source: 'test' } as const;
const BARS = ['2024-01-02', '2024-01-03', '2024-01-04'].map((timestamp) => ({ ...BAR, timestamp }));

test('each call is a span that says what was asked for, below the span of its caller', async () => {
  const { store } = await openTestStore();
  const window = { symbol: 'AAPL', timeframe: '1d', from: '2024-01-01', to: new Date('2024-02-01') } as const;
  const caller = trace.getTracer('test').startSpan('detector');
  await context.with(trace.setSpan(context.active(), caller), async () => {
    await store.bars.upsert(BARS);
    await store.bars.range(window);
    for await (const _ of store.bars.iterate(window));
    await store.transaction({ actor: 'test' }, (tx) => tx.bars.latest({ symbol: 'AAPL', timeframe: '1d' }));
  });
  const finished = spans.getFinishedSpans();
  expect(finished.map(({ name }) => name)).toEqual(['bars.upsert', 'bars.range', 'bars.iterate', 'bars.latest']);
  for (const span of finished) expect(span.parentSpanContext?.spanId).toBe(caller.spanContext().spanId);
  const common = { 'db.system': 'postgresql', 'db.symbol': 'AAPL', 'db.timeframe': '1d' };
  const [upsert, range, iterate, latest] = finished.map(({ attributes }) => attributes);
  expect(upsert).toEqual({ ...common, 'db.operation': 'bars.upsert', 'db.source': 'test', 'db.bars_count': 3 });
  const asked = { 'db.start_date': '2024-01-01', 'db.end_date': '2024-02-01T00:00:00.000Z', 'db.bars_count': 3 };
  expect(range).toEqual({ ...common, ...asked, 'db.operation': 'bars.range' });
  expect(iterate).toEqual({ ...common, ...asked, 'db.operation': 'bars.iterate' });
  expect(latest).toEqual({ ...common, 'db.operation': 'bars.latest', 'db.bars_count': 1 });
});

test('a span of a call that failed has the error and its code', async () => {
  const { store } = await openTestStore();
  await expect(store.bars.upsert([{ ...BAR, timestamp: '2024-01-02', high: 0.5 }])).rejects.toThrow();
  await expect(store.bars.range({ symbol: 'AAPL', timeframe: '1d', from: 'never' })).rejects.toThrow();
  const [upsert, range] = spans.getFinishedSpans();
  expect(upsert!.status).toMatchObject({ code: SpanStatusCode.ERROR, message: expect.stringContaining('high') });
  expect(range!.attributes).toMatchObject({ 'error.type': 'INSTANT_INVALID', 'db.start_date': 'never' });
});

test('each call of the ingest is a span, and so is each attempt to write a batch, with what its rows have in common', async () => {
  const { store } = await openIngest({ durability: 'database' });
  const trade = { symbol: 'MSFT', timestamp: '2024-01-02T15:00:00Z', price: 10, size: 1, tradeId: '1' };
  await store.ingest.add(BARS);
  await store.ingest.addTrades([trade, { ...trade, tradeId: '2' }]);
  await expect(store.ingest.addTrade({ ...trade, price: 11 })).rejects.toThrow();
  await store.ingest.flush();
  await store.ingest.close();
  const named = (name: string) =>
    spans
      .getFinishedSpans()
      .filter((span) => span.name === name)
      .map(({ attributes, status }) => ({ ...attributes, failed: status.code === SpanStatusCode.ERROR }));
  const common = { 'db.system': 'postgresql', failed: false };
  const bars = { 'db.symbol': 'AAPL', 'db.timeframe': '1d', 'db.source': 'test', 'db.bars_count': 3 };
  const trades = { 'db.symbol': 'MSFT', 'db.bars_count': 2 };
  expect(named('ingest.add')).toEqual([{ ...common, ...bars, 'db.operation': 'ingest.add' }]);
  expect(named('ingest.addTrades')).toEqual([{ ...common, ...trades, 'db.operation': 'ingest.addTrades' }]);
  expect(named('ingest.addTrade')).toMatchObject([
    { 'db.bars_count': 1, 'error.type': 'ROWS_NOT_WRITTEN', failed: true },
  ]);
  expect(named('ingest.flush')).toHaveLength(1);
  expect(named('ingest.close')).toHaveLength(1);
  const written = named('ingest.write');
  expect(written.slice(0, 2)).toEqual([
    { ...common, ...bars, 'db.operation': 'ingest.write' },
    { ...common, ...trades, 'db.operation': 'ingest.write' },
  ]);
  // The row that is refused, and the batch without it.
  expect(written[2]).toMatchObject({ 'error.type': 'ROW_DIFFERS', failed: true });
});

test('metrics time every call by its outcome and show the pool; without being asked for there are none', async () => {
  const { store } = await openTestStore({ metrics: true, maxConnections: 7 });
  await store.bars.upsert(BARS);
  await store.bars.series();
  await store.bars.series();
  await store.transaction({ actor: 'test' }, (tx) => tx.bars.series());
  await expect(store.bars.range({ symbol: 'a b', timeframe: '1d' })).rejects.toThrow();
  const text = await store.metrics!.metrics();
  expect(text).toContain('wyckoff_query_duration_seconds_count{operation="bars.upsert",outcome="ok"} 1\n');
  expect(text).toContain('wyckoff_query_duration_seconds_count{operation="bars.series",outcome="ok"} 3\n');
  expect(text).toContain('wyckoff_query_duration_seconds_count{operation="bars.range",outcome="error"} 1\n');
  expect(text).toMatch(/^wyckoff_pool_connections_max 7$/m);
  expect(text).toMatch(/^wyckoff_pool_connections_used 0$/m);
  expect(text).toMatch(/^wyckoff_pool_connections_idle [1-7]$/m);
  expect(text).toMatch(/^wyckoff_pool_waiting 0$/m);
  const { store: quiet } = await openTestStore();
  expect(quiet.metrics).toBeUndefined();
});
