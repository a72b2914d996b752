/** Events of the audit trail as sentences that a trader can read. */
import type { AuditEvent } from '../../domain/audit-event.js';
import { Decimal } from '../../domain/decimal.js';
import { isJsonObject, type Json, type JsonObject, toJson } from '../../domain/json.js';
import { minute, percentOf, price, shortId } from './format.js';

/** What one thing is called in a story. */
export interface Subject {
  /** `LONG SPRING` of a signal, `SPRING` of a pattern, empty of others. */
  readonly name: string;
  /** `AAPL 1d`, where it is known. */
  readonly series: string | undefined;
}

type Write = (value: string) => string;
/** A column that matters to a trader, what a story calls it, and how it writes its value. */
type Fact = readonly [column: string, label: string, write: Write];

const asPrice: Write = (value) => price(new Decimal(value));
const asMoney: Write = (value) => new Decimal(value).toFixed(2);
const asAmount: Write = (value) => new Decimal(value).toFixed();
const asPercent: Write = (value) => `${asMoney(value)}%`;
const asFraction: Write = (value) => percentOf(new Decimal(value));
const asInstant: Write = (value) => minute(new Date(value)).replace(' 00:00', '');
const asItIs: Write = (value) => value;

const INSTANT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

const KINDS: Readonly<Record<string, { readonly word: string; readonly facts: readonly Fact[] }>> = {
  TRADING_RANGE: {
    word: 'range',
    facts: [
      ['creek_level', 'support', asPrice],
      ['ice_level', 'resistance', asPrice],
      ['jump_target', 'target', asPrice],
      ['phase', 'phase', asItIs],
      ['end_time', 'end', asInstant],
    ],
  },
  PATTERN: {
    word: 'pattern',
    facts: [
      ['phase', 'phase', asItIs],
      ['entry_price', 'entry', asPrice],
      ['stop_loss', 'stop', asPrice],
      ['volume_ratio', 'volume ratio', asAmount],
      ['confidence_score', 'score', asItIs],
    ],
  },
  SIGNAL: {
    word: 'signal',
    facts: [
      ['entry_price', 'entry', asPrice],
      ['stop_loss', 'stop', asPrice],
      ['target_1', 'first target', asPrice],
      ['target_2', 'target', asPrice],
      ['position_size', 'size', asAmount],
      ['risk_amount', 'risk', asMoney],
      ['r_multiple', 'R', asMoney],
    ],
  },
  CAMPAIGN: {
    word: 'campaign',
    facts: [
      ['total_allocation', 'allocation', asPercent],
      ['current_risk', 'risk', asMoney],
      ['average_entry', 'average entry', asPrice],
    ],
  },
  BACKTEST_RESULT: {
    word: 'backtest',
    facts: [
      ['win_rate', 'win rate', asFraction],
      ['average_r_multiple', 'mean R', asMoney],
      ['precision', 'precision', asFraction],
      ['recall', 'recall', asFraction],
      ['max_drawdown', 'drawdown', asFraction],
    ],
  },
  BAR_SERIES: { word: 'bars', facts: [] },
  TIME_SERIES: { word: 'series', facts: [] },
};

/** `signal 2258f886`. */
export function entityLabel({ entityType, entityId }: Pick<AuditEvent, 'entityType' | 'entityId'>): string {
  return `${KINDS[entityType]?.word ?? entityType} ${shortId(entityId)}`;
}

/** What happened to what, and the values that it set or changed: `SPRING rejected: the low broke; stop 160.44 -> 158.20`. */
export function sentence(event: AuditEvent, { name }: Subject): string {
  const facts = factsOf(event);
  return `${deed(event, name)}${facts.length > 0 ? `; ${facts.join(', ')}` : ''}`;
}

/** An action may be no more than a reason: then the event's type says what was done, and the name to what. */
function deed(event: AuditEvent, name: string): string {
  const { action, entityType, eventType } = event;
  const begins = tellingsOf(event).before === undefined;
  if (begins && name.split(' ').every((word) => action.includes(word))) return action;
  const verb = eventType.replace(`${entityType}_`, '').toLowerCase().replaceAll('_', ' ');
  const what = action.toLowerCase().startsWith(verb) ? action : `${verb}: ${action}`;
  return name === '' ? what : `${name} ${what}`;
}

/** Who a thing is, by its values: those of its row, or of the event that tells of its beginning. */
export function subjectOf(entityType: string, row: JsonObject, patternTypeOf: (id: string) => Json): Subject {
  const { symbol, timeframe } = row;
  const words = {
    PATTERN: [row.pattern_type],
    SIGNAL: [row.signal_type, typeof row.pattern_id === 'string' ? patternTypeOf(row.pattern_id) : undefined],
  }[entityType];
  const name = (words ?? []).filter((word) => typeof word === 'string').join(' ');
  return { name, series: typeof symbol === 'string' ? `${symbol} ${timeframe}` : undefined };
}

/** What a thing was by the event that tells of it: its values after it or, for market data, the event's own. */
export function beginning(event: AuditEvent): JsonObject {
  const { after, remarks } = tellingsOf(event);
  return after ?? remarks;
}

/** What an event tells: the values before and after it, and what it remarks beside them. */
function tellingsOf({ metadata }: AuditEvent) {
  const document = toJson(metadata ?? null);
  const { before, after, ...remarks } = isJsonObject(document) ? document : {};
  return {
    before: isJsonObject(before) ? before : undefined,
    after: isJsonObject(after) ? after : undefined,
    remarks: remarks as JsonObject,
  };
}

function factsOf(event: AuditEvent): string[] {
  const { before, after, remarks } = tellingsOf(event);
  if (!after) return [];
  const facts = (KINDS[event.entityType]?.facts ?? []).flatMap(([column, label, write]) => {
    const now = written(after[column], write);
    if (before) {
      const then = written(before[column], write);
      return column in after && now !== then ? `${label} ${then ?? 'none'} -> ${now ?? 'none'}` : [];
    }
    // A campaign begins with nothing.
    return now === undefined || /^0(\.0+)?%?$/.test(now) ? [] : `${label} ${now}`;
  });
  // The event has the time of the store; what the market did has its own.
  const instants = Object.entries(remarks).flatMap(([name, value]) =>
    typeof value === 'string' && INSTANT.test(value) ? `${name.replaceAll('_', ' ')} ${asInstant(value)}` : [],
  );
  return [...facts, ...instants];
}

/** What somebody else than the store wrote may be no number: it is shown as it is. */
function written(value: Json | undefined, write: Write): string | undefined {
  if (value === null || value === undefined) return undefined;
  try {
    return write(String(value));
  } catch {
    return String(value);
  }
}
