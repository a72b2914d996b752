/** The sample data: `sample-ohlcv.json` and `sample-ledger.json`, read and checked. seeds/generate made them. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { TIMEFRAMES } from '../src/domain/timeframe.js';
import { ConfigError } from '../src/errors.js';

const id = z.uuid();
const instant = z.iso.datetime().transform((text) => new Date(text));
const date = z.iso.date().transform((text) => new Date(`${text}T00:00:00Z`));
const decimal = z.string().regex(/^\d{1,10}(\.\d{1,8})?$/, 'a decimal as a string, at most 8 decimals');
const count = z.int().min(0);
const text = z.string().min(1);
const json = z.json();
const series = { symbol: text.max(20), timeframe: z.enum(TIMEFRAMES) };

const bar = z.strictObject({
  ...series,
  timestamp: z.iso.datetime(),
  ...{ open: decimal, high: decimal, low: decimal, close: decimal },
  volume: count,
  vwap: decimal,
  source: text.max(32),
});

const ledger = z.strictObject({
  trading_ranges: rows({
    ...{ id, ...series, start_time: instant, end_time: instant.nullable(), duration_bars: count },
    ...{ creek_level: decimal, ice_level: decimal, jump_target: decimal, cause_factor: decimal, range_width: decimal },
    ...{ phase: text, strength_score: count, touch_count_creek: count, touch_count_ice: count },
    ...{ deleted_at: instant.nullable(), version: count, created_at: instant, updated_at: instant },
  }),
  patterns: rows({
    ...{ id, pattern_type: text, ...series, detection_time: instant, pattern_bar_timestamp: instant },
    ...{ confidence_score: count, phase: text, trading_range_id: id.nullable() },
    ...{ entry_price: decimal, stop_loss: decimal, invalidation_level: decimal },
    ...{ volume_ratio: decimal, spread_ratio: decimal, test_confirmed: z.boolean() },
    ...{ test_bar_timestamp: instant.nullable(), rejection_reason: text.nullable() },
    ...{ metadata: z.record(text, json), metadata_version: count, created_at: instant },
  }),
  campaigns: rows({
    ...{ id, ...series, trading_range_id: id, status: text, total_allocation: decimal, current_risk: decimal },
    ...{ entries: z.array(json), average_entry: decimal.nullable(), version: count },
    ...{ started_at: instant, completed_at: instant.nullable(), created_at: instant, updated_at: instant },
  }),
  signals: rows({
    ...{ id, signal_type: text, pattern_id: id, ...series, generated_at: instant },
    ...{ entry_price: decimal, stop_loss: decimal, target_1: decimal, target_2: decimal },
    ...{ position_size: decimal, risk_amount: decimal, r_multiple: decimal, confidence_score: count },
    ...{ campaign_id: id.nullable(), campaign_allocation: decimal, status: text, notification_sent: z.boolean() },
    ...{ approval_chain: z.record(text, json), created_at: instant, updated_at: instant },
  }),
  backtest_results: rows({
    ...{ id, backtest_run_id: id, ...series, start_date: date, end_date: date, total_patterns_detected: count },
    ...{ true_positives: count, false_positives: count, false_negatives: count, precision: decimal, recall: decimal },
    ...{ total_signals_generated: count, winning_signals: count, losing_signals: count, win_rate: decimal },
    ...{ average_r_multiple: z.string().regex(/^-?\d+\.\d\d$/), max_drawdown: decimal, config: z.record(text, json) },
    ...{ look_ahead_bias_check: z.boolean(), created_at: instant },
  }),
  /** Without seq and hashes, which the database's trigger sets. */
  audit_trail: rows({
    ...{ id, event_type: text.max(50), entity_type: text.max(50), entity_id: id, timestamp: instant },
    ...{ actor: text.max(100), action: text, metadata: z.record(text, json), correlation_id: id },
  }),
});

export type SampleBar = z.infer<typeof bar>;
/** Rows by table, keyed as Prisma names the columns. Each foreign key's row comes in an earlier table. */
export type SampleLedger = z.infer<typeof ledger>;

/** @throws ConfigError SAMPLE_DATA_INVALID */
export function readSampleBars(): Promise<SampleBar[]> {
  return readSample('sample-ohlcv.json', z.array(bar).min(1));
}

/** @throws ConfigError SAMPLE_DATA_INVALID */
export function readSampleLedger(): Promise<SampleLedger> {
  return readSample('sample-ledger.json', ledger);
}

async function readSample<T>(name: string, schema: z.ZodType<T>): Promise<T> {
  // A package may import itself by name: so the files are found from the source and from the compiled form alike.
  const root = pathToFileURL(createRequire(import.meta.url).resolve('wyckoff-store/package.json'));
  try {
    return schema.parse(JSON.parse(await readFile(new URL(`seeds/${name}`, root), 'utf8')));
  } catch (error) {
    const [issue] = error instanceof z.ZodError ? error.issues : [];
    const reason = issue ? `${issue.path.join('.')}: ${issue.message}` : (error as Error).message;
    throw new ConfigError('SAMPLE_DATA_INVALID', `seeds/${name} cannot be used: ${reason}`, {
      hint: 'install wyckoff-store again, or make the file anew: npx tsx seeds/generate/main.ts',
      cause: error,
    });
  }
}

/** Rows of these columns and no others, with the columns' names in camel case afterwards. */
function rows<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.array(z.strictObject(shape).transform((row) => camelKeys(row)));
}

type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;
type CamelKeys<Row> = { [Name in keyof Row as Name extends string ? Camel<Name> : never]: Row[Name] };

function camelKeys<Row extends object>(row: Row): CamelKeys<Row> {
  const entries = Object.entries(row).map(([name, value]) => [
    name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(entries) as CamelKeys<Row>;
}
