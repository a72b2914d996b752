import type { Session } from '../database/session.js';
import type { AuditContext } from './audit/append.js';
import { AuditRepository } from './audit/audit-repository.js';
import { BacktestResultRepository } from './backtest-results.js';
import { BarRepository } from './bars/bar-repository.js';
import type { Aggregates } from './bars/buckets.js';
import { CampaignRepository } from './campaigns.js';
import { INDICATORS, type IndicatorRepository } from './indicators.js';
import type { LedgerSession } from './ledger/ledger-session.js';
import { ORDER_BOOKS, type OrderBookRepository } from './order-books.js';
import { PatternRepository, type PatternSettings } from './patterns.js';
import { QUOTES, type QuoteRepository } from './quotes.js';
import { SignalRepository } from './signals.js';
import { TimeSeriesRepository } from './time-series/repository.js';
import { TRADES, type TradeRepository } from './trades.js';
import { TradingRangeRepository } from './trading-ranges.js';

/** Everything that a store keeps, whether each write is a transaction of its own or all are part of one. */
export interface Repositories {
  readonly bars: BarRepository;
  readonly trades: TradeRepository;
  readonly quotes: QuoteRepository;
  readonly orderBooks: OrderBookRepository;
  readonly indicators: IndicatorRepository;
  readonly tradingRanges: TradingRangeRepository;
  readonly patterns: PatternRepository;
  readonly signals: SignalRepository;
  readonly campaigns: CampaignRepository;
  readonly backtests: BacktestResultRepository;
  readonly audit: AuditRepository;
}

export function createRepositories(
  session: Session,
  ledger: LedgerSession,
  context: AuditContext,
  settings: PatternSettings,
  aggregates: () => Aggregates,
): Repositories {
  const { schemas } = settings;
  return {
    bars: new BarRepository(session, context, aggregates),
    trades: new TimeSeriesRepository(TRADES, session, context),
    quotes: new TimeSeriesRepository(QUOTES, session, context),
    orderBooks: new TimeSeriesRepository(ORDER_BOOKS, session, context),
    indicators: new TimeSeriesRepository(INDICATORS, session, context),
    tradingRanges: new TradingRangeRepository(ledger),
    patterns: new PatternRepository(ledger, settings),
    signals: new SignalRepository(ledger, schemas),
    campaigns: new CampaignRepository(ledger, schemas),
    backtests: new BacktestResultRepository(ledger, schemas),
    audit: new AuditRepository(session, ledger, schemas),
  };
}
