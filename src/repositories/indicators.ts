import {
  type Indicator,
  type IndicatorInput,
  type IndicatorSeriesInput,
  readIndicator,
  readIndicatorKey,
} from '../domain/indicator.js';
import type { Json } from '../domain/json.js';
import { dateOf, microsecondsOf } from '../domain/microseconds.js';
import type { MarketSymbol } from '../domain/symbol.js';
import type { Timeframe } from '../domain/timeframe.js';
import { canonicalJson, json } from './time-series/column.js';
import type { TimeSeriesRepository } from './time-series/repository.js';
import type { TimeSeriesTable, WriteOptions } from './time-series/table.js';

export const INDICATORS: TimeSeriesTable<IndicatorInput, Indicator, IndicatorSeriesInput, WriteOptions> = {
  relation: 'indicators',
  subject: 'indicators',
  seriesColumns: ['symbol', 'timeframe', 'name'],
  values: [json('value')],
  select: ['value', 'created_at'],
  readSeries: readIndicatorKey,
  readEntry(input, series, _rules, report) {
    const read = readIndicator(input, series.timeframe as Timeframe, report);
    return read && { timestamp: microsecondsOf(read.timestamp), id: null, values: [canonicalJson(read.value)] };
  },
  toRow({ symbol, timeframe, name }, timestamp, fields) {
    const [value, createdAt] = fields as [Json, Date];
    return {
      symbol: symbol as MarketSymbol,
      timeframe: timeframe as Timeframe,
      timestamp: dateOf(timestamp),
      name,
      value,
      createdAt,
    };
  },
};

/**
 * The indicators: values by name, of bars. They come back oldest first; windows are half-open. Every method throws an InvalidInputError for
 * arguments that break a rule and a DatabaseError when the database refuses.
 */
export type IndicatorRepository = TimeSeriesRepository<IndicatorInput, Indicator, IndicatorSeriesInput, WriteOptions>;
