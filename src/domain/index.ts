/** `wyckoff-store/domain`: the rules of the field without a database, for detectors, importers and forms. */

export { describeProblem, InvalidInputError, type Problem, WyckoffError } from '../errors.js';
export { readMoney, readPrice, readRatio, readVolume } from './amount.js';
export { APPROVAL_CHAIN, STAGES, VERDICTS } from './approval-chain.js';
export {
  type Bar,
  type BarInput,
  type BarRules,
  type BarValuesInput,
  readBarValues,
  type ScaledBar,
} from './bar.js';
export { RATIO_SCALE, RATIO_WINDOW, ratioToMean, rollingRatios } from './bar-ratios.js';
export { CAMPAIGN_MOVES, CAMPAIGN_STATUSES } from './campaign.js';
export { CAMPAIGN_LIMIT } from './campaign-entry.js';
export { totalsOf } from './campaign-totals.js';
export {
  Decimal,
  type DecimalInput,
  type DecimalKind,
  formatScaled,
  fromScaled,
  MONEY,
  PRICE,
  RATIO,
  readDecimal,
  readScaled,
  toScaled,
} from './decimal.js';
export { newId, readId } from './identifier.js';
export { type IndicatorInput, readIndicator, readIndicatorKey } from './indicator.js';
export { type Json, type JsonObject, readJson, toJson } from './json.js';
export { type JsonKind, type JsonSchema, JsonSchemas } from './json-schemas.js';
export { LEDGER_SCHEMAS } from './ledger-schemas.js';
export {
  dateOf,
  formatMicroseconds,
  type MicrosecondInput,
  microsecondsOf,
  readMicroseconds,
} from './microseconds.js';
export { type BookLevel, deriveBook, type OrderBookInput, readOrderBook } from './order-book.js';
export { whyNotTradable } from './pattern.js';
export { isPatternOf, type PatternMetadata } from './pattern-metadata.js';
export { DEFAULT_PATTERN_RULES, type PatternRules, type PatternRulesInput } from './pattern-rules.js';
export {
  type Direction,
  directionOf,
  needsTest,
  PATTERN_TYPES,
  type PatternType,
  usualPhases,
} from './pattern-types.js';
export { PHASES, type Phase } from './phase.js';
export { type Report, readOrThrow } from './problem.js';
export { type QuoteInput, readQuote } from './quote.js';
export {
  barInputSchema,
  decimalSchema,
  instantSchema,
  microsecondSchema,
  moneySchema,
  type NewBar,
  priceSchema,
  ratioSchema,
  seriesSchema,
  signedPriceSchema,
  sizeSchema,
  symbolSchema,
  timeframeSchema,
  volumeSchema,
} from './schemas.js';
export { compareSeries, readSeriesKey, type Series, type SeriesInput, type SeriesKey, seriesKey } from './series.js';
export { allocationPct, SIGNAL_MOVES, SIGNAL_STATUSES } from './signal.js';
export { readSize, SIZE } from './size.js';
export { type MarketSymbol, readSymbol } from './symbol.js';
export { formatInstant, type InstantInput, readInstant } from './time.js';
export {
  indicatorInputSchema,
  type NewIndicator,
  type NewOrderBook,
  type NewQuote,
  type NewTrade,
  orderBookInputSchema,
  quoteInputSchema,
  tradeInputSchema,
} from './time-series-schemas.js';
export {
  checkAlignment,
  closeOf,
  isTimeframe,
  readTimeframe,
  TIMEFRAMES,
  type Timeframe,
  timeframeDuration,
  timeframeGrid,
} from './timeframe.js';
export { readTrade, TRADE_SIDES, type TradeInput, type TradeSide } from './trade.js';
export { projectRange, type RangeDirection, type RangeProjection } from './trading-range.js';
