/** How an idea ended, or how it stands. */

import { type Campaign, isLive } from '../../domain/campaign.js';
import { counted } from '../../domain/counted.js';
import { SIGNAL_MOVES, SIGNAL_STATUSES, type Signal } from '../../domain/signal.js';
import type { TradingRange } from '../../domain/trading-range.js';
import { CAMPAIGNS } from './campaigns.js';
import { shortId } from './format.js';
import { RANGES } from './ranges.js';

export interface Standing {
  readonly ranges: readonly TradingRange[];
  readonly patterns: readonly unknown[];
  readonly signals: readonly Signal[];
  readonly campaigns: readonly Campaign[];
}

/** Nothing of it waits for anything any more. */
export function isOver({ ranges, patterns, signals, campaigns }: Standing): boolean {
  const lasting = ranges.some(({ endTime, deletedAt }) => endTime === null && deletedAt === null);
  const ended = new Set(campaigns.filter(({ status }) => !isLive(status)).map(({ id }) => id));
  // A position that was left otherwise than by its stop or target leaves its signal FILLED.
  const waiting = signals.some(
    ({ status, campaignId }) =>
      SIGNAL_MOVES[status].length > 0 && !(status === 'FILLED' && campaignId && ended.has(campaignId)),
  );
  const seenOnly = patterns.length > 0 && ranges.length + signals.length + campaigns.length === 0;
  return !lasting && !waiting && !seenOnly && ended.size === campaigns.length;
}

/** `range 7d02d6de accumulation, phase E, ended; campaign 73c2bd2e COMPLETED, ...; signals: 3 TARGET_HIT`. */
export function describeStanding({ ranges, patterns, signals, campaigns }: Standing): string {
  const byStatus = SIGNAL_STATUSES.flatMap((status) => {
    const count = signals.filter((signal) => signal.status === status).length;
    return count > 0 ? `${count} ${status}` : [];
  });
  return [
    ...campaigns.map((campaign) => `campaign ${shortId(campaign.id)} ${CAMPAIGNS.summary(campaign)}`),
    ...(byStatus.length > 0 ? [`signals: ${byStatus.join(', ')}`] : []),
    ...ranges.map((range) => `range ${shortId(range.id)} ${RANGES.summary(range)}`),
    ...(patterns.length > 0 ? [counted(patterns.length, 'pattern')] : []),
  ].join('; ');
}
