/** `wyckoff-store/domain`: the rules of the field without a database, for detectors, importers and forms. */

export { describeProblem, InvalidInputError, type Problem, WyckoffError } from '../errors.js';
export { readMoney, readPrice, readRatio, readVolume } from './amount.js';
export {
  type Bar,
  type BarInput,
  type BarRules,
  type BarValuesInput,
  readBarValues,
  type ScaledBar,
} from './bar.js';
export { RATIO_SCALE, RATIO_WINDOW, ratioToMean, rollingRatios } from './bar-ratios.js';
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
export { type Report, readOrThrow } from './problem.js';
export {
  barInputSchema,
  decimalSchema,
  instantSchema,
  moneySchema,
  type NewBar,
  priceSchema,
  ratioSchema,
  seriesSchema,
  signedPriceSchema,
  symbolSchema,
  timeframeSchema,
  volumeSchema,
} from './schemas.js';
export { compareSeries, readSeriesKey, type Series, type SeriesInput, type SeriesKey, seriesKey } from './series.js';
export { type MarketSymbol, readSymbol } from './symbol.js';
export { formatInstant, type InstantInput, readInstant } from './time.js';
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
