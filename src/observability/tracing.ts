import { type Attributes, context, isSpanContextValid, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { WyckoffError } from '../errors.js';
import { type Call, type CallObserver, UNOBSERVED } from './calls.js';

const tracer = trace.getTracer('wyckoff-store');
const CLIENT = { kind: SpanKind.CLIENT };

/**
 * One OpenTelemetry span a call, named as the operation, e.g. `bars.range`; the spans of what is called inside lie below it. Without an SDK in
 * the process the API makes none, and the attributes are not even read.
 */
export const traceCall: CallObserver = (call) => {
  const span = tracer.startSpan(call.operation, CLIENT);
  // Without an SDK a span has no trace. One that is merely not sampled has, for the spans below it to know.
  if (!isSpanContextValid(span.spanContext())) return UNOBSERVED;
  if (span.isRecording()) span.setAttributes(attributesOf(call));
  // Once a call: an iteration runs in it for every row.
  const within = trace.setSpan(context.active(), span);
  return {
    run: (use) => context.with(within, use),
    end: ({ error, rows }) => {
      if (rows !== undefined) span.setAttribute('db.bars_count', rows);
      if (error !== undefined) {
        const { code, message } =
          error instanceof WyckoffError ? error : { code: 'UNEXPECTED', message: String(error) };
        span.setAttribute('error.type', code);
        span.setStatus({ code: SpanStatusCode.ERROR, message });
      }
      span.end();
    },
  };
};

function attributesOf({ operation, arguments: [input] }: Call): Attributes {
  const given = Array.isArray(input) ? sameIn(input) : fieldsOf(input);
  return {
    'db.system': 'postgresql',
    'db.operation': operation,
    'db.symbol': textOf(given.symbol),
    'db.timeframe': textOf(given.timeframe),
    'db.source': textOf(given.source),
    'db.start_date': instantOf(given.from ?? given.start),
    'db.end_date': instantOf(given.to ?? given.end ?? given.at),
    'db.bars_count': /^ingest\.add/.test(operation) ? (Array.isArray(input) ? input.length : 1) : undefined,
  };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** What all rows of a batch have in common. */
function sameIn(rows: readonly unknown[]): Fields {
  const first = fieldsOf(rows[0]);
  const same = (key: string) => (rows.every((row) => fieldsOf(row)[key] === first[key]) ? first[key] : undefined);
  return { symbol: same('symbol'), timeframe: same('timeframe'), source: same('source') };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** As it was given: what it means is for the call to say, which has not read it yet. */
function instantOf(value: unknown): string | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  if (typeof value === 'string' || typeof value === 'bigint') return String(value);
  return value === undefined || value === null ? undefined : String(value);
}
