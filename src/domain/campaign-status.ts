export const CAMPAIGN_STATUSES = ['ACTIVE', 'MARKUP', 'COMPLETED', 'INVALIDATED'] as const;
/** MARKUP is the markdown, for short campaigns. */
export type CampaignStatus = (typeof CAMPAIGN_STATUSES)[number];

/** What a campaign of each status may become. One that may become nothing is terminal. */
export const CAMPAIGN_MOVES: Readonly<Record<CampaignStatus, readonly CampaignStatus[]>> = {
  ACTIVE: ['MARKUP', 'INVALIDATED'],
  MARKUP: ['COMPLETED', 'INVALIDATED'],
  COMPLETED: [],
  INVALIDATED: [],
};

export function canMoveCampaign(from: CampaignStatus, to: CampaignStatus): boolean {
  return CAMPAIGN_MOVES[from].includes(to);
}

export function isLive(status: CampaignStatus): boolean {
  return CAMPAIGN_MOVES[status].length > 0;
}
