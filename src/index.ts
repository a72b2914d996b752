/** The public API of wyckoff-store. What needs no database is also in `wyckoff-store/domain`. */

export type { Backend, ConfigOptions, LogLevel } from './config.js';
export type { MigrationPolicy } from './database/database.js';
export type { Health } from './database/health.js';
export type { PoolState } from './database/pool.js';
export type { Isolation } from './database/unit-of-work.js';
export type {
  ApprovalChain,
  ApprovalChainInput,
  RejectionInput,
  Stage,
  StageResult,
  Verdict,
} from './domain/approval-chain.js';
export type { AuditEvent, AuditEventType, EntityType } from './domain/audit-event.js';
export type { BacktestResult, BacktestRunId, NewBacktestResult } from './domain/backtest-result.js';
export type { Bar, BarInput } from './domain/bar.js';
export type { BarColumns, DecimalColumn } from './domain/bar-columns.js';
export type { BookImbalance, ImbalanceSeconds } from './domain/book-imbalance.js';
export type { Campaign, CampaignStatus, NewCampaign } from './domain/campaign.js';
export type { CampaignEntry, NewCampaignEntry, NewEntryExit, PositionId } from './domain/campaign-entry.js';
export { Decimal, type DecimalInput } from './domain/decimal.js';
export type { Execution } from './domain/execution.js';
export {
  type BacktestResultId,
  type CampaignId,
  newId,
  type PatternId,
  type SignalId,
  type TradingRangeId,
} from './domain/identifier.js';
export type { Indicator, IndicatorInput, IndicatorSeriesInput } from './domain/indicator.js';
export type { JsonKind, JsonSchema } from './domain/json-schemas.js';
export type { MicrosecondInput } from './domain/microseconds.js';
export type { BookLevel, OrderBookInput, OrderBookSnapshot } from './domain/order-book.js';
export type { NewPattern, Pattern } from './domain/pattern.js';
export { isPatternOf, type PatternMetadata } from './domain/pattern-metadata.js';
export type { PatternRules, PatternRulesInput } from './domain/pattern-rules.js';
export {
  type Direction,
  directionOf,
  needsTest,
  PATTERN_TYPES,
  type PatternType,
  usualPhases,
} from './domain/pattern-types.js';
export { PHASES, type Phase } from './domain/phase.js';
export type { Quote, QuoteInput } from './domain/quote.js';
export type { Fill, ResampledBar } from './domain/resampled-bar.js';
export type { Series, SeriesInput, SeriesKey } from './domain/series.js';
export type { NewSignal, Signal, SignalStatus } from './domain/signal.js';
export type { MarketSymbol } from './domain/symbol.js';
export type { TickInterval } from './domain/tick-interval.js';
export { formatInstant, type InstantInput } from './domain/time.js';
export { closeOf, TIMEFRAMES, type Timeframe } from './domain/timeframe.js';
export type { Trade, TradeInput, TradeSide } from './domain/trade.js';
export type { TradeBar } from './domain/trade-bar.js';
export {
  type NewTradingRange,
  projectRange,
  type RangeDirection,
  type RangeLevels,
  type RangeProjection,
  type TradingRange,
} from './domain/trading-range.js';
export {
  AuthenticationError,
  ConfigError,
  ConflictError,
  ConnectionError,
  ConstraintError,
  CutoverError,
  DatabaseError,
  describeProblem,
  EmbeddedServerError,
  FeedGapError,
  FilesError,
  IllegalMoveError,
  IngestClosedError,
  InvalidInputError,
  MigrationError,
  MissingDependencyError,
  NotFoundError,
  PoolExhaustedError,
  type Problem,
  QueueFullError,
  RowConflictError,
  RowsNotWrittenError,
  SpoolError,
  StaleVersionError,
  StatementTimeoutError,
  StoredValueError,
  type TouchedBars,
  TransactionConflictError,
  UndoRefusedError,
  UnsupportedServerError,
  type UnwrittenRow,
  WyckoffError,
} from './errors.js';
export type { AsOfFeed } from './feed/as-of-feed.js';
export type { CachedBarsInput, CachedBookOptions, CacheStats, MarketCache } from './feed/cache/market-cache.js';
export type { CacheOptions } from './feed/cache/settings.js';
export type { Feed } from './feed/feed.js';
export { parseFrame, serializeFrame } from './feed/frame-json.js';
export type { InferenceInput } from './feed/frame-request.js';
export type { LiveFeed } from './feed/live-feed.js';
export type { FrameStretch, MarketFrame } from './feed/market-frame.js';
export type { BookInput } from './feed/order-book-input.js';
export type { ReplayEvent, ReplayKind } from './feed/replay/replay-event.js';
export type { ReplayInput } from './feed/replay/replay-request.js';
export type { Arrival, Deletion } from './feed/subscribe/arrival.js';
export type { SubscribeOptions } from './feed/subscribe/subscriptions.js';
export type { FeedAdapter, FeedEvent } from './ingest/adapters/adapter.js';
export type { BookLoss, LossReason } from './ingest/adapters/binance/book-sync.js';
export { BinanceLive } from './ingest/adapters/binance/live.js';
export type { BinanceLiveOptions } from './ingest/adapters/binance/live-options.js';
export type { BinanceLiveStats } from './ingest/adapters/binance/live-session.js';
export type { BinanceStats } from './ingest/adapters/binance/market.js';
export type { BinanceObserver } from './ingest/adapters/binance/observer.js';
export type { BinanceOptions } from './ingest/adapters/binance/options.js';
export { BinanceRecording, type BinanceRecordingOptions } from './ingest/adapters/binance/recording.js';
export type { SnapshotSource } from './ingest/adapters/binance/snapshot-source.js';
export type { IngestFeedOptions, IngestFeedReport } from './ingest/adapters/feed-writer.js';
export { ingestFeed } from './ingest/adapters/ingest-feed.js';
export { BarBuilder, type BarBuilderOptions } from './ingest/bar-builder.js';
export type { BarBuilderStats } from './ingest/bar-builder-symbol.js';
export { type CloseOnSignalOptions, closeOnSignal } from './ingest/close-on-signal.js';
export type {
  BarAddOptions,
  Ingest,
  OrderBookAddOptions,
  TickAddOptions,
  TradeAddOptions,
} from './ingest/ingest.js';
export type { IngestObserver } from './ingest/observer.js';
export type { IngestReport, IngestStats } from './ingest/report.js';
export type { IngestOptions } from './ingest/settings.js';
export { toBarInput } from './ingest/trade-bar-input.js';
export type { AuditProblem, AuditProblemKind } from './repositories/audit/audit-problem.js';
export type { AuditRepository, NewNote } from './repositories/audit/audit-repository.js';
export type { AuditHead } from './repositories/audit/heads.js';
export type { AuditVerification, VerifyOptions } from './repositories/audit/verify.js';
export type {
  BacktestComparison,
  BacktestFilter,
  BacktestResultRepository,
  RecordedBacktest,
} from './repositories/backtest-results.js';
export type { AsOfReader, LookAheadViolation, SeriesReads } from './repositories/bars/as-of-reader.js';
export type { BarRepository, UpsertCounts, WriteOptions } from './repositories/bars/bar-repository.js';
export type { BarWindow, KnownAt } from './repositories/bars/bar-window.js';
export type { Frame, MultiTimeframeInput } from './repositories/bars/multi-timeframe.js';
export type { ResampleInput } from './repositories/bars/resample-request.js';
export type { BarRevision } from './repositories/bars/revisions.js';
export type { CampaignFilter, CampaignRepository } from './repositories/campaigns.js';
export type { ImportedFile, ImportRun, RunStatus } from './repositories/imports/runs.js';
export type { UndoResult } from './repositories/imports/undo.js';
export type { IndicatorRepository } from './repositories/indicators.js';
export type { BatchOptions } from './repositories/ledger/batch.js';
export type { Page, PageOptions } from './repositories/ledger/page.js';
export type {
  ImbalanceWindow,
  OrderBookRepository,
  OrderBookWriteOptions,
  SnapshotWindow,
} from './repositories/order-books.js';
export type { PatternFilter, PatternRepository } from './repositories/patterns.js';
export type { QuoteRepository } from './repositories/quotes.js';
export type { SignalFilter, SignalRepository } from './repositories/signals.js';
export type { ArrivalKind } from './repositories/tell-arrival.js';
export type { BucketWindow } from './repositories/time-series/buckets.js';
export type { SymbolKey, TickWriteOptions } from './repositories/time-series/symbol-series.js';
export type { TickCounts } from './repositories/time-series/upsert.js';
export type { TickWindow } from './repositories/time-series/window.js';
export type { TradeBarWindow, TradeRepository, TradeWriteOptions } from './repositories/trades.js';
export type { TradingRangeFilter, TradingRangeRepository } from './repositories/trading-ranges.js';
export { openStore, Store, type StoreOptions, type Transaction, type TransactionOptions } from './store.js';
export type { BarStore } from './transfer/backends/bar-store.js';
export type { FileFormat } from './transfer/backends/files/series-path.js';
export { type BarStoreOptions, openBarStore } from './transfer/backends/open-bar-store.js';
export type { Closure, ExtraBars, Gap, GapReason, GapReport } from './transfer/calendar/gap-report.js';
export type { GapsInput } from './transfer/calendar/gaps.js';
export type { ExportOptions, ExportResult } from './transfer/export/exporter.js';
export type { ExportCompression, ExportFormat } from './transfer/export/form.js';
export type { ExportKind } from './transfer/export/kinds.js';
export type { ExportedFile, ExportedSeries } from './transfer/export/manifest.js';
export type { ExportProgress } from './transfer/export/progress.js';
export type { Files } from './transfer/files.js';
export type { LeftOutFile } from './transfer/import/discover.js';
export type { ImportOptions } from './transfer/import/importer.js';
export type { ImportPhase, ImportProgress } from './transfer/import/progress.js';
export type { FileImport, ImportedSeries, ImportResult, ImportTotals } from './transfer/import/result.js';
export type { LayoutDescription } from './transfer/read/layouts/description.js';
export type { RestoreOptions, RestoreProgress, RestoreResult } from './transfer/restore/restorer.js';
export type {
  DifferenceExample,
  DifferenceKind,
  Differences,
  FileVerification,
  SeriesVerification,
  StorageVerification,
  Verification,
  VerifiedFile,
} from './transfer/verify/verification.js';
export type { VerifyFilesOptions, VerifyProgress } from './transfer/verify/verify-files.js';
