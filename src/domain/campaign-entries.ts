import { isDeepStrictEqual } from 'node:util';
import { type Campaign, isLive } from './campaign.js';
import {
  CAMPAIGN_LIMIT,
  type CampaignEntry,
  type EntryDraft,
  type EntryExit,
  type PositionId,
  readEntry,
} from './campaign-entry.js';
import { allocationOf, type CampaignTotals, totalsOf } from './campaign-totals.js';
import { type Decimal, LARGEST_MONEY } from './decimal.js';
import { toJson } from './json.js';
import type { JsonSchemas } from './json-schemas.js';
import type { PatternType } from './pattern-types.js';
import type { Report } from './problem.js';
import { allocationPct, type Signal } from './signal.js';

/** The largest NUMERIC(12,2). */

/** What an entry comes from. */
export interface EntryOrigin {
  readonly signal: Pick<Signal, 'id' | 'symbol' | 'status' | 'campaignId' | 'campaignAllocation'>;
  /** Of the signal's pattern; null where the signal has none, and then the entry must say it. */
  readonly patternType: PatternType | null;
}

/** A campaign's entries after a change. `changed` is false where the very same change was there already, and nothing is to be written. */
export interface EntriesChange {
  readonly changed: boolean;
  readonly entries: readonly CampaignEntry[];
  readonly totals: CampaignTotals;
}

/**
 * Adds an entry to a campaign; reports every rule that it breaks. The very entry that is there already, closed since or not, is recognised: the
 * reply to the first call may have been lost.
 */
export function addEntryTo(
  campaign: Campaign,
  draft: EntryDraft,
  origin: EntryOrigin,
  schemas: JsonSchemas,
  report: Report,
): EntriesChange | undefined {
  const entry = completeEntry(draft, origin, schemas, report);
  if (entry === undefined || !areKnown(campaign.entries, schemas, report)) return undefined;
  const known = campaign.entries.find(({ position_id }) => position_id === entry.position_id);
  if (known && isDeepStrictEqual(asAdded(known), asAdded(entry))) return unchanged(campaign);
  let sound = true;
  const refuse = (code: string, path: string, value: unknown, rule: string, hint?: string) => {
    report({ code, path, value, rule, ...(hint && { hint }) });
    sound = false;
  };
  if (!isLive(campaign.status))
    refuse('CAMPAIGN_TERMINAL', 'status', campaign.status, `a campaign that is ${campaign.status} takes no entries`);
  if (known)
    refuse('ENTRY_POSITION_TWICE', 'position_id', entry.position_id, 'the campaign has another entry of this position');
  else if (campaign.entries.some(({ signal_id }) => signal_id === entry.signal_id))
    refuse('ENTRY_SIGNAL_TWICE', 'signal_id', entry.signal_id, 'the campaign has an entry of this signal already');
  checkSignal(campaign, origin.signal, refuse);
  const room = CAMPAIGN_LIMIT.minus(allocationOf(campaign.entries));
  if (entry.allocation_pct.gt(room)) {
    const limit = CAMPAIGN_LIMIT.toFixed(2);
    const rule = `${percent(entry.allocation_pct)} is more than the ${percent(room)} that is left of ${limit}`;
    refuse('CAMPAIGN_LIMIT', 'allocation_pct', entry.allocation_pct, rule, 'close an entry first');
  }
  const entries = [...campaign.entries, entry];
  const totals = totalsOf(entries);
  if (totals.currentRisk.gt(LARGEST_MONEY)) {
    const rule = `the campaign's risk would be ${totals.currentRisk.toFixed(2)}, and is at most ${LARGEST_MONEY}`;
    refuse('CAMPAIGN_RISK_TOO_LARGE', 'size', entry.size, rule);
  }
  return sound ? { changed: true, entries, totals } : undefined;
}

/**
 * Closes an entry; reports what keeps it from being closed. An entry that was closed by the very same exit is recognised. A terminal campaign's
 * may be closed too: it takes no entries, but one that was invalidated may still hold positions.
 */
export function closeEntryIn(
  campaign: Campaign,
  positionId: PositionId,
  exit: EntryExit,
  schemas: JsonSchemas,
  report: Report,
): EntriesChange | undefined {
  const known = campaign.entries.find(({ position_id }) => position_id === positionId);
  if (known === undefined) {
    const rule = 'the campaign has no entry of this position';
    report({ code: 'ENTRY_UNKNOWN', path: 'position_id', value: positionId, rule });
    return undefined;
  }
  const closed = { ...known, status: 'CLOSED', ...exit };
  if (known.status === 'CLOSED') {
    if (isDeepStrictEqual(toJson(closed), toJson(known))) return unchanged(campaign);
    const { closed_at, exit_price } = toJson(known) as Readonly<Record<string, string>>;
    const rule = `the entry was closed at ${closed_at}, for ${exit_price}`;
    report({ code: 'ENTRY_CLOSED', path: 'position_id', value: positionId, rule });
    return undefined;
  }
  const entry = readEntry(closed, schemas, report);
  if (entry === undefined || !areKnown(campaign.entries, schemas, report)) return undefined;
  const entries = campaign.entries.map((other) => (other === known ? entry : other));
  return { changed: true, entries, totals: totalsOf(entries) };
}

/** The entry with what follows from its signal. */
function completeEntry(draft: EntryDraft, origin: EntryOrigin, schemas: JsonSchemas, report: Report) {
  const allocation = allocationPct(origin.signal.campaignAllocation);
  const patternType = origin.patternType ?? draft.pattern_type;
  let sound = true;
  if (patternType !== draft.pattern_type && draft.pattern_type !== undefined) {
    const rule = `the pattern of the entry's signal is ${patternType}`;
    report({
      code: 'ENTRY_PATTERN_TYPE_WRONG',
      path: 'pattern_type',
      value: draft.pattern_type,
      rule,
      hint: 'leave it out',
    });
    sound = false;
  }
  if (patternType === undefined) {
    const rule = 'the signal has no pattern, so that the entry must say its type';
    report({ code: 'ENTRY_PATTERN_TYPE_MISSING', path: 'pattern_type', value: undefined, rule });
    sound = false;
  }
  if (draft.allocation_pct !== undefined && !draft.allocation_pct.eq(allocation)) {
    const rule = `the allocation of the entry's signal is ${percent(allocation)}`;
    report({
      code: 'ENTRY_ALLOCATION_WRONG',
      path: 'allocation_pct',
      value: draft.allocation_pct,
      rule,
      hint: 'leave it out',
    });
    sound = false;
  }
  return sound
    ? readEntry({ ...draft, pattern_type: patternType, allocation_pct: allocation }, schemas, report)
    : undefined;
}

type Refuse = (code: string, path: string, value: unknown, rule: string, hint?: string) => void;

function checkSignal(campaign: Campaign, signal: EntryOrigin['signal'], refuse: Refuse): void {
  if (signal.status !== 'FILLED')
    refuse('SIGNAL_NOT_FILLED', 'signal_id', signal.id, `the signal is ${signal.status}, not FILLED`, 'fill it first');
  if (signal.campaignId !== campaign.id) {
    const place = signal.campaignId === null ? 'in no campaign' : `in campaign ${signal.campaignId}`;
    refuse('SIGNAL_OTHER_CAMPAIGN', 'signal_id', signal.id, `the signal is ${place}, not in this one`);
  }
  if (signal.symbol !== campaign.symbol)
    refuse('SIGNAL_OTHER_SYMBOL', 'signal_id', signal.id, `the signal is of ${signal.symbol}, not ${campaign.symbol}`);
}

/** Another process may have written an entry of a version that this one has no schema for: then nobody here can sum up. */
function areKnown(entries: readonly CampaignEntry[], schemas: JsonSchemas, report: Report): boolean {
  return !entries.map((entry, index) => readEntry(entry, schemas, report, `entries.${index}`)).includes(undefined);
}

/** An entry without what closing it adds. */
function asAdded(entry: CampaignEntry) {
  const { status: _, closed_at, exit_price, ...added } = entry;
  return toJson(added);
}

function unchanged(campaign: Campaign): EntriesChange {
  const { entries, totalAllocation, currentRisk, averageEntry } = campaign;
  return { changed: false, entries, totals: { totalAllocation, currentRisk, averageEntry } };
}

/** With 2 decimals, or as many as it has. */
function percent(value: Decimal): string {
  return value.toFixed(Math.max(2, value.decimalPlaces()));
}
