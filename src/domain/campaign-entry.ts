import { z } from 'zod';
import { readPositionSize } from './amount.js';
import { readChoice } from './choice.js';
import { Decimal, type DecimalInput, type DecimalKind, fromScaled, readScaled } from './decimal.js';
import { type Id, newId, readId, type SignalId } from './identifier.js';
import { DEFAULT_TYPE, type JsonSchema, JsonSchemas, schemaVersionOf } from './json-schemas.js';
import { PATTERN_TYPES, type PatternType } from './pattern-types.js';
import type { Report } from './problem.js';
import { instantSchema, priceSchema, schemaOf } from './schemas.js';
import { allocationPct } from './signal.js';
import type { InstantInput } from './time.js';

/** One position, made by the client or by `newId`. */
export type PositionId = Id<'POSITION'>;

export const ENTRY_STATUSES = ['OPEN', 'CLOSED'] as const;
export type EntryStatus = (typeof ENTRY_STATUSES)[number];

interface EntryFields {
  readonly schema_version?: number;
  readonly position_id: PositionId;
  /** The FILLED signal that it came from. */
  readonly signal_id: SignalId;
  readonly pattern_type: PatternType;
  /** What was paid. */
  readonly price: Decimal;
  /** Above zero, at most 8 decimals. */
  readonly size: Decimal;
  /** When it was filled, UTC. */
  readonly timestamp: Date;
  readonly stop_loss: Decimal;
  /** Per cent of the portfolio: 5.00 x the signal's campaign allocation, so up to 4 decimals. */
  readonly allocation_pct: Decimal;
  readonly status: EntryStatus;
  /** Together with `exit_price`, where the entry is CLOSED. */
  readonly closed_at?: Date;
  readonly exit_price?: Decimal;
}

/** One position of a campaign, spelled as in `campaigns.entries`. Keys of the caller's own are kept. */
export interface CampaignEntry extends EntryFields {
  readonly [key: string]: unknown;
}

/** An entry as a caller adds it; it is OPEN. Its pattern type and allocation follow from its signal: one that is given must equal it. */
export interface NewCampaignEntry {
  /** Default: a new one. */
  readonly position_id?: string | undefined;
  /** A FILLED signal of this campaign, in no other entry. */
  readonly signal_id: string;
  /** What was paid. */
  readonly price: DecimalInput;
  /** Above zero, at most 8 decimals. */
  readonly size: DecimalInput;
  /** When it was filled. */
  readonly timestamp: InstantInput;
  /** What the risk is counted to. */
  readonly stop_loss: DecimalInput;
  readonly pattern_type?: PatternType | undefined;
  readonly allocation_pct?: DecimalInput | undefined;
  readonly [key: string]: unknown;
}

/** An entry that was read, before its signal is known. */
export interface EntryDraft extends Omit<EntryFields, 'pattern_type' | 'allocation_pct'> {
  readonly pattern_type?: PatternType;
  readonly allocation_pct?: Decimal;
  readonly [key: string]: unknown;
}

/** How a position was left, as a caller writes it. */
export interface NewEntryExit {
  /** What was got. */
  readonly exit_price: DecimalInput;
  /** Not before the entry. */
  readonly closed_at: InstantInput;
}

export interface EntryExit {
  readonly exit_price: Decimal;
  /** UTC. */
  readonly closed_at: Date;
}

/** What a campaign may use, in per cent of the portfolio: the allocation of a signal that takes all of it. */
export const CAMPAIGN_LIMIT = allocationPct(new Decimal(1));

const ALLOCATION: DecimalKind = { name: 'percentage', integerDigits: 3, scale: 4 };

const SHAPE = z.looseObject({
  schema_version: z.int().min(1).optional(),
  position_id: schemaOf(readId<PositionId>),
  signal_id: schemaOf(readId<SignalId>),
  pattern_type: schemaOf((value, path, report) => readChoice(value, PATTERN_TYPES, 'a pattern type', path, report)),
  price: priceSchema,
  size: schemaOf(readPositionSize),
  timestamp: instantSchema,
  stop_loss: priceSchema,
  allocation_pct: schemaOf(readAllocation),
  status: schemaOf((value, path, report) => readChoice(value, ENTRY_STATUSES, 'a status', path, report)),
  closed_at: instantSchema.optional(),
  exit_price: priceSchema.optional(),
});

/** One element of `campaigns.entries`, version 1. A later version must keep these keys: what a campaign sums up is made of them. */
export const CAMPAIGN_ENTRY: JsonSchema = {
  kind: 'campaign_entry',
  type: DEFAULT_TYPE,
  version: 1,
  schema: SHAPE.extend({ schema_version: z.literal(1).optional() }).superRefine(checkExit),
};

const NEW_ENTRY = SHAPE.extend({
  position_id: SHAPE.shape.position_id.default(() => newId<PositionId>()),
  pattern_type: SHAPE.shape.pattern_type.optional(),
  allocation_pct: SHAPE.shape.allocation_pct.optional(),
  status: schemaOf((value, path, report) =>
    readChoice(value, ['OPEN'] as const, 'the status of a new entry', path, report),
  ).default('OPEN'),
}).superRefine(checkExit);

const EXIT = z.strictObject({ exit_price: priceSchema, closed_at: instantSchema });

/** What callers give, by what it is for. */
const INPUTS = new JsonSchemas([
  { ...CAMPAIGN_ENTRY, type: 'NEW', schema: NEW_ENTRY },
  { ...CAMPAIGN_ENTRY, type: 'EXIT', schema: EXIT },
]);

/** Reads an entry that is to be added. Its position's id is made here, so that a transaction that is run again adds the same entry. */
export function readNewEntry(input: NewCampaignEntry, report: Report): EntryDraft | undefined {
  return INPUTS.read('campaign_entry', 'NEW', 1, input, '', report) as EntryDraft | undefined;
}

/** Reads how a position was left. That it was not before its entry is the entry's own rule. */
export function readExit(input: NewEntryExit, report: Report): EntryExit | undefined {
  return INPUTS.read('campaign_entry', 'EXIT', 1, input, '', report) as EntryExit | undefined;
}

/** Reads an entry that is to be written, by the schema of its own version. */
export function readEntry(entry: unknown, schemas: JsonSchemas, report: Report, path = ''): CampaignEntry | undefined {
  const version = schemaVersionOf(entry);
  return schemas.read('campaign_entry', DEFAULT_TYPE, version, entry, path, report) as CampaignEntry | undefined;
}

function readAllocation(value: unknown, path: string, report: Report): Decimal | undefined {
  const scaled = readScaled(value, ALLOCATION, path, report);
  const allocation = scaled === undefined ? undefined : fromScaled(scaled, ALLOCATION.scale);
  if (allocation === undefined || (!allocation.isNegative() && allocation.lte(CAMPAIGN_LIMIT))) return allocation;
  const rule = `an allocation is from 0 to ${CAMPAIGN_LIMIT.toFixed(2)} per cent`;
  report({ code: 'ALLOCATION_OUT_OF_RANGE', path, value, rule });
  return undefined;
}

type Exit = Pick<EntryFields, 'status' | 'timestamp'> & {
  closed_at?: Date | undefined;
  exit_price?: Decimal | undefined;
};

function checkExit(entry: Exit, context: z.core.$RefinementCtx): void {
  const add = (code: string, path: keyof Exit, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message, params: { code }, input: entry[path] });
  for (const path of ['closed_at', 'exit_price'] as const) {
    const given = entry[path] !== undefined;
    if (entry.status === 'OPEN' && given) add('ENTRY_NOT_CLOSED', path, `an OPEN entry has no ${path}`);
    if (entry.status === 'CLOSED' && !given) add('ENTRY_EXIT_MISSING', path, `a CLOSED entry has ${path}`);
  }
  if (entry.closed_at && entry.closed_at < entry.timestamp)
    add('EXIT_BEFORE_ENTRY', 'closed_at', 'a position is not left before its entry');
}
