import type { EntityType } from '../../domain/audit-event.js';

/** The table whose rows an event is about, by what the event calls them. */
export const ENTITY_TABLES = {
  TRADING_RANGE: 'trading_ranges',
  PATTERN: 'patterns',
  SIGNAL: 'signals',
  CAMPAIGN: 'campaigns',
  BACKTEST_RESULT: 'backtest_results',
  BAR_SERIES: 'bar_series',
  TIME_SERIES: 'time_series',
  CUTOVER: 'cutovers',
} as const satisfies Readonly<Record<EntityType, string>>;
