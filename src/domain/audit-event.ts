import { z } from 'zod';
import { CAMPAIGN_ENTRY } from './campaign-entry.js';
import type { JsonSchema } from './json-schemas.js';
import { decimalSchema } from './schemas.js';

/** What an event may tell of. Market data are told of by their series in the catalog. */
export const ENTITY_TYPES = [
  'TRADING_RANGE',
  'PATTERN',
  'SIGNAL',
  'CAMPAIGN',
  'BACKTEST_RESULT',
  'BAR_SERIES',
  'TIME_SERIES',
  'CUTOVER',
] as const;
/** What an event is about. */
export type EntityType = (typeof ENTITY_TYPES)[number];

/** The events of each entity. */
export const EVENT_TYPES = {
  TRADING_RANGE: [
    'TRADING_RANGE_CREATED',
    'TRADING_RANGE_UPDATED',
    'TRADING_RANGE_CLOSED',
    'TRADING_RANGE_DELETED',
    'TRADING_RANGE_RESTORED',
  ],
  PATTERN: ['PATTERN_DETECTED', 'PATTERN_TEST_CONFIRMED', 'PATTERN_REJECTED'],
  SIGNAL: [
    'SIGNAL_GENERATED',
    'SIGNAL_APPROVED',
    'SIGNAL_REJECTED',
    'SIGNAL_EXPIRED',
    'SIGNAL_FILLED',
    'SIGNAL_STOPPED',
    'SIGNAL_TARGET_HIT',
    'SIGNAL_NOTIFIED',
  ],
  CAMPAIGN: [
    'CAMPAIGN_OPENED',
    'CAMPAIGN_ENTRY_ADDED',
    'CAMPAIGN_ENTRY_CLOSED',
    'CAMPAIGN_MARKUP_STARTED',
    'CAMPAIGN_COMPLETED',
    'CAMPAIGN_INVALIDATED',
  ],
  BACKTEST_RESULT: ['BACKTEST_RESULT_RECORDED'],
  BAR_SERIES: ['BARS_IMPORTED', 'BARS_IMPORT_UNDONE', 'BARS_DELETED', 'BARS_RETAINED'],
  TIME_SERIES: [
    'TIME_SERIES_ROWS_IMPORTED',
    'TIME_SERIES_IMPORT_UNDONE',
    'TIME_SERIES_ROWS_DELETED',
    'TIME_SERIES_ROWS_RETAINED',
  ],
  CUTOVER: [
    'CUTOVER_STARTED',
    'CUTOVER_BACKFILLED',
    'CUTOVER_VERIFIED',
    'CUTOVER_REFUTED',
    'CUTOVER_SWITCHED',
    'CUTOVER_STOPPED',
    'CUTOVER_ARCHIVING',
    'CUTOVER_ARCHIVED',
    'CUTOVER_RESTORING',
    'CUTOVER_ROLLED_BACK',
  ],
} as const satisfies Readonly<Record<EntityType, readonly string[]>>;
/** A type that the store writes itself: ENTITY_VERB. */
export type AuditEventType = (typeof EVENT_TYPES)[EntityType][number];

/** A line of the audit trail: who did what to which entity, and when. */
export interface AuditEvent {
  readonly id: string;
  /** ENTITY_VERB: one of {@link EVENT_TYPES}, or of a newer version of the store. */
  readonly eventType: string;
  readonly entityType: string;
  readonly entityId: string;
  /** When it happened. */
  readonly timestamp: Date;
  readonly actor: string;
  /** What happened, as a sentence. */
  readonly action: string;
  /** `before` and `after` for the columns that changed, by their names; decimals are Decimals where the store knows the event's type. */
  readonly metadata: unknown;
  /** One id through detection, signal and campaign; the events that share it are a chain. */
  readonly correlationId: string;
  /** The place in the chain. */
  readonly seq: bigint;
  /** SHA-256 of the event before it, in hexadecimal; null for the first. */
  readonly prevHash: string | null;
  /** Its own SHA-256, in hexadecimal. */
  readonly rowHash: string;
  readonly createdAt: Date;
}

/** The NUMERIC columns of the ledger: what the snapshot of a row gives out as Decimal. The rules of the columns were the row's, not the record's. */
const NUMERIC_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  TRADING_RANGE: ['creek_level', 'ice_level', 'jump_target', 'cause_factor', 'range_width'],
  PATTERN: ['entry_price', 'stop_loss', 'invalidation_level', 'volume_ratio', 'spread_ratio'],
  SIGNAL: [
    'entry_price',
    'stop_loss',
    'target_1',
    'target_2',
    'position_size',
    'risk_amount',
    'r_multiple',
    'campaign_allocation',
  ],
  CAMPAIGN: ['total_allocation', 'current_risk', 'average_entry'],
  BACKTEST_RESULT: ['precision', 'recall', 'win_rate', 'average_r_multiple', 'max_drawdown'],
};

/** An entry of version 1 by its schema, one of a later version as it stands. */
const ENTRIES = z.array(z.union([z.looseObject({ schema_version: z.int().min(2) }), CAMPAIGN_ENTRY.schema]));

/** The metadata of the ledger's events. Those of market data carry no row, and are any object. */
export const AUDIT_METADATA: readonly JsonSchema[] = Object.entries(NUMERIC_COLUMNS).flatMap(
  ([entityType, columns]) => {
    const snapshot = z.looseObject({
      ...Object.fromEntries(columns.map((column) => [column, decimalSchema.nullable().optional()])),
      ...(entityType === 'CAMPAIGN' && { entries: ENTRIES.optional() }),
    });
    const schema = z.looseObject({ before: snapshot.optional(), after: snapshot.optional() });
    return EVENT_TYPES[entityType as EntityType].map((type) => ({
      kind: 'audit_metadata' as const,
      type,
      version: 1,
      schema,
    }));
  },
);
