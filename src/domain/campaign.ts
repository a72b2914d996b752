import type { CampaignEntry } from './campaign-entry.js';
import { type CampaignStatus, isLive } from './campaign-status.js';
import { type CampaignTotals, openOf, totalsOf } from './campaign-totals.js';
import { refuseComputed } from './computed-fields.js';
import { type CampaignId, readOptionalId, readOrMakeId, type TradingRangeId } from './identifier.js';
import type { Report } from './problem.js';
import { readSeriesKey, type SeriesInput, type SeriesKey } from './series.js';
import { type InstantInput, readInstant } from './time.js';

export {
  CAMPAIGN_MOVES,
  CAMPAIGN_STATUSES,
  type CampaignStatus,
  canMoveCampaign,
  isLive,
} from './campaign-status.js';

/** The positions taken on one idea. */
export interface Campaign extends SeriesKey, CampaignTotals {
  readonly id: CampaignId;
  /** The range that it trades; null for one without. */
  readonly tradingRangeId: TradingRangeId | null;
  /** ACTIVE, MARKUP, COMPLETED or INVALIDATED. */
  readonly status: CampaignStatus;
  /** In the order in which they were added. */
  readonly entries: readonly CampaignEntry[];
  /** From 1, raised by each change. */
  readonly version: number;
  /** UTC. */
  readonly startedAt: Date;
  /** When it was completed or invalidated; null while it is live. */
  readonly completedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A campaign as a caller opens it. */
export interface NewCampaign extends SeriesInput {
  /** Default: a new one. */
  readonly id?: string | undefined;
  /** A range of the same series, without another live campaign. */
  readonly tradingRangeId?: string | null | undefined;
  /** Market time. */
  readonly startedAt: InstantInput;
}

/** A campaign that is right and ready to be opened. */
export type CampaignDraft = Omit<Campaign, 'createdAt' | 'updatedAt'>;

const COMPUTED = ['status', 'entries', 'totalAllocation', 'currentRisk', 'averageEntry', 'version', 'completedAt'];

/** Reads a campaign that is to be opened: ACTIVE, without entries. */
export function readNewCampaign(input: NewCampaign, report: Report): CampaignDraft | undefined {
  const key = readSeriesKey(input, report);
  if (typeof input !== 'object' || input === null) return undefined;
  const id = readOrMakeId<CampaignId>(input.id, 'id', report);
  const tradingRangeId = readOptionalId<TradingRangeId>(input.tradingRangeId, 'tradingRangeId', report);
  const startedAt = readInstant(input.startedAt, 'startedAt', report);
  const refused = refuseComputed(input, COMPUTED, report);
  if (!key || !id || tradingRangeId === undefined || !startedAt || refused) return undefined;
  const none = { entries: [], ...totalsOf([]) };
  return { id, ...key, tradingRangeId, status: 'ACTIVE', ...none, version: 1, startedAt, completedAt: null };
}

/** Reports what keeps a campaign from being one of this trading range. */
export function checkCampaignInRange(
  campaign: Pick<Campaign, 'symbol' | 'timeframe' | 'tradingRangeId'>,
  range: SeriesKey & { readonly deletedAt: Date | null },
  report: Report,
): boolean {
  let sound = true;
  for (const path of ['symbol', 'timeframe'] as const) {
    if (campaign[path] === range[path]) continue;
    const rule = `a campaign has the ${path} of its trading range, ${range[path]}`;
    report({ code: 'RANGE_OTHER_SERIES', path, value: campaign[path], rule });
    sound = false;
  }
  if (range.deletedAt !== null) {
    const rule = 'a campaign is not opened on a deleted trading range';
    const hint = 'restore the range first';
    report({ code: 'RANGE_DELETED', path: 'tradingRangeId', value: campaign.tradingRangeId, rule, hint });
    sound = false;
  }
  return sound;
}

/** Reports what keeps a signal from belonging to this campaign. */
export function checkSignalInCampaign(
  signal: SeriesKey,
  campaignId: CampaignId,
  campaign: Pick<Campaign, 'symbol' | 'timeframe' | 'status'> | undefined,
  report: Report,
): void {
  const refuse = (code: string, rule: string) => {
    report({ code, path: 'campaignId', value: campaignId, rule });
  };
  if (!campaign) refuse('CAMPAIGN_UNKNOWN', 'there is no such campaign');
  else if (!isLive(campaign.status)) refuse('CAMPAIGN_TERMINAL', `the campaign is ${campaign.status}`);
  if (campaign && (campaign.symbol !== signal.symbol || campaign.timeframe !== signal.timeframe))
    refuse('CAMPAIGN_OTHER_SERIES', `the campaign is of ${campaign.symbol} ${campaign.timeframe}`);
}

/** Reports the entries that keep a campaign from being completed. */
export function checkNoOpenEntry(campaign: Pick<Campaign, 'entries'>, report: Report): boolean {
  const open = openOf(campaign.entries).map((entry) => entry.position_id);
  if (open.length === 0) return true;
  const rule = 'a campaign is completed when every entry is closed';
  report({
    code: 'CAMPAIGN_HAS_OPEN_ENTRIES',
    path: 'entries',
    value: open,
    rule,
    hint: 'close them, or invalidate it',
  });
  return false;
}
