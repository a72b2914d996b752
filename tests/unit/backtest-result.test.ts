import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configTypeOf, type NewBacktestResult, readNewBacktestResult } from '../../src/domain/backtest-result.js';
import { Decimal } from '../../src/domain/decimal.js';
import { JsonSchemas } from '../../src/domain/json-schemas.js';
import { decimalSchema } from '../../src/domain/schemas.js';
import { reading } from './reading.js';
import { backtests } from './sample-seeds.js';

const RUN = '00000000-0000-4000-8000-000000000005';

const NEW: NewBacktestResult = {
  id: '00000000-0000-4000-8000-000000000006',
  backtestRunId: RUN,
  symbol: 'aapl',
  timeframe: '1d',
  startDate: '2024-01-01',
  endDate: '2024-12-31',
  totalPatternsDetected: 10,
  truePositives: 7,
  falsePositives: 3,
  falseNegatives: 2,
  totalSignalsGenerated: 7,
  winningSignals: 4,
  losingSignals: 2,
  averageRMultiple: '-0.50',
  maxDrawdown: '0.1250',
  config: { detector: 'detector/1.4' },
};

const SCHEMAS = new JsonSchemas([]);
const read = (change: object = {}, schemas = SCHEMAS) =>
  reading((report) => readNewBacktestResult({ ...NEW, ...change }, schemas, report));

describe('a backtest result', () => {
  it('gets the shares of its counts', () => {
    expect(JSON.parse(JSON.stringify(read().value))).toEqual({
      ...NEW,
      symbol: 'AAPL',
      precision: '0.7',
      recall: '0.7778',
      winRate: '0.6667',
      averageRMultiple: '-0.5',
      maxDrawdown: '0.125',
    });
    expect(read().value!.recall).toEqual(new Decimal('0.7778'));
  });

  it('gets an id', () => {
    expect(read({ id: undefined }).value!.id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('has 0 where a share is not defined', () => {
    const none = {
      totalPatternsDetected: 0,
      truePositives: 0,
      falsePositives: 0,
      falseNegatives: 0,
      winningSignals: 0,
      losingSignals: 0,
    };
    const { value, problems } = read({ ...none, totalSignalsGenerated: 0 });
    expect(problems).toEqual([]);
    expect([value!.precision, value!.recall, value!.winRate].map(String)).toEqual(['0', '0', '0']);
  });

  it.each([
    ['half goes up', 1, 19_999, '0.0001'],
    ['less than half goes down', 1, 20_000, '0'],
    ['the largest counts', 2_147_483_646, 1, '1'],
  ])('%s', (_, winningSignals, losingSignals, winRate) => {
    const { value } = read({ winningSignals, losingSignals, totalSignalsGenerated: winningSignals + losingSignals });
    expect(value!.winRate.toFixed()).toBe(winRate);
  });

  it('has the shares that integers give', () => {
    const count = fc.oneof(fc.nat(50), fc.nat(1_000_000_000));
    const share = (part: number, rest: number) => {
      const whole = BigInt(part) + BigInt(rest);
      return whole === 0n ? '0' : ((BigInt(part) * 20_000n + whole) / (2n * whole)).toString();
    };
    fc.assert(
      fc.property(count, count, count, count, count, (tp, fp, fn, won, lost) => {
        const counts = {
          truePositives: tp,
          falsePositives: fp,
          falseNegatives: fn,
          winningSignals: won,
          losingSignals: lost,
        };
        const { value } = read({ ...counts, totalPatternsDetected: tp + fp, totalSignalsGenerated: won + lost });
        const shares = [value!.precision, value!.recall, value!.winRate].map((each) => each.times(10_000).toFixed());
        expect(shares).toEqual([share(tp, fp), share(tp, fn), share(won, lost)]);
      }),
      { numRuns: 300 },
    );
  });

  it.each(backtests)('of the sample, $symbol, recomputes', (row) => {
    const { value, problems } = reading((report) =>
      readNewBacktestResult(
        {
          id: row.id,
          backtestRunId: row.backtest_run_id,
          symbol: row.symbol,
          timeframe: '1d',
          startDate: row.start_date,
          endDate: row.end_date,
          totalPatternsDetected: row.total_patterns_detected,
          truePositives: row.true_positives,
          falsePositives: row.false_positives,
          falseNegatives: row.false_negatives,
          totalSignalsGenerated: row.total_signals_generated,
          winningSignals: row.winning_signals,
          losingSignals: row.losing_signals,
          averageRMultiple: row.average_r_multiple,
          maxDrawdown: row.max_drawdown,
          config: row.config as object,
        },
        SCHEMAS,
        report,
      ),
    );
    expect(problems).toEqual([]);
    expect([value!.precision, value!.recall, value!.winRate].map((share) => share.toFixed(4))).toEqual([
      row.precision,
      row.recall,
      row.win_rate,
    ]);
    expect(value!.averageRMultiple.toFixed(2)).toBe(row.average_r_multiple);
    expect(value!.config).toEqual(row.config);
  });

  const COUNT = /^a count of (patterns|signals) is a whole number of at least 0$/;
  it.each<[string, object, string, string, RegExp]>([
    ['an id', { id: '6' }, 'ID_INVALID', 'id', /^not an id$/],
    ['no run', { backtestRunId: undefined }, 'ID_INVALID', 'backtestRunId', /^not an id$/],
    ['a symbol', { symbol: 'A B' }, 'SYMBOL_INVALID', 'symbol', /^a symbol starts with/],
    ['a timeframe', { timeframe: '4h' }, 'TIMEFRAME_UNKNOWN', 'timeframe', /^a timeframe is one of/],
    [
      'a day that is none',
      { startDate: '2023-02-29' },
      'DATE_INVALID',
      'startDate',
      /^not a day of the years 1600 to 9999$/,
    ],
    ['an instant', { endDate: '2024-12-31T00:00:00Z' }, 'DATE_INVALID', 'endDate', /^not a day/],
    ['a Date', { endDate: new Date() }, 'DATE_INVALID', 'endDate', /^not a day/],
    ['a week', { endDate: '2024-W52-1' }, 'DATE_INVALID', 'endDate', /^not a day/],
    ['an early year', { startDate: '1599-12-31' }, 'DATE_INVALID', 'startDate', /^not a day/],
    [
      'an end before its start',
      { endDate: '2023-12-31' },
      'END_BEFORE_START',
      'endDate',
      /^a backtest does not end before it starts, on 2024-01-01$/,
    ],
    ['a negative count', { falseNegatives: -1 }, 'NUMBER_OUT_OF_RANGE', 'falseNegatives', COUNT],
    [
      'a negative count of patterns',
      { totalPatternsDetected: -1 },
      'NUMBER_OUT_OF_RANGE',
      'totalPatternsDetected',
      COUNT,
    ],
    ['a negative count of hits', { truePositives: -1 }, 'NUMBER_OUT_OF_RANGE', 'truePositives', COUNT],
    ['a negative count of misses', { falsePositives: -1 }, 'NUMBER_OUT_OF_RANGE', 'falsePositives', COUNT],
    [
      'a negative count of signals',
      { totalSignalsGenerated: -1 },
      'NUMBER_OUT_OF_RANGE',
      'totalSignalsGenerated',
      COUNT,
    ],
    ['a negative count of wins', { winningSignals: -1 }, 'NUMBER_OUT_OF_RANGE', 'winningSignals', COUNT],
    ['a negative count of losses', { losingSignals: -1 }, 'NUMBER_OUT_OF_RANGE', 'losingSignals', COUNT],
    ['half a count', { truePositives: 7.5 }, 'NUMBER_OUT_OF_RANGE', 'truePositives', COUNT],
    ['a count beyond INT', { falseNegatives: 2_147_483_648 }, 'NUMBER_OUT_OF_RANGE', 'falseNegatives', COUNT],
    [
      'positives that are not the patterns',
      { totalPatternsDetected: 11 },
      'PATTERN_COUNTS_DISAGREE',
      'totalPatternsDetected',
      /^every pattern detected is a true or a false positive: 7 \+ 3$/,
    ],
    [
      'more outcomes than signals',
      { totalSignalsGenerated: 5 },
      'SIGNAL_COUNTS_DISAGREE',
      'totalSignalsGenerated',
      /^no more signals win or lose than were generated: 4 \+ 2$/,
    ],
    [
      'a fine multiple',
      { averageRMultiple: '2.345' },
      'MULTIPLE_TOO_PRECISE',
      'averageRMultiple',
      /^a multiple has at most 2 decimals$/,
    ],
    [
      'a large multiple',
      { averageRMultiple: '-10000' },
      'MULTIPLE_TOO_LARGE',
      'averageRMultiple',
      /^a multiple has at most 4 digits before the point$/,
    ],
    [
      'a negative drawdown',
      { maxDrawdown: '-0.0001' },
      'FRACTION_OUT_OF_RANGE',
      'maxDrawdown',
      /^a fraction is from 0 to 1$/,
    ],
    [
      'a drawdown above 1',
      { maxDrawdown: '1.0001' },
      'FRACTION_OUT_OF_RANGE',
      'maxDrawdown',
      /^a fraction is from 0 to 1$/,
    ],
    [
      'a fine drawdown',
      { maxDrawdown: '0.00001' },
      'FRACTION_TOO_PRECISE',
      'maxDrawdown',
      /^a fraction has at most 4 decimals$/,
    ],
    ['a float', { maxDrawdown: 0.1 }, 'DECIMAL_IS_FLOAT', 'maxDrawdown', /^a decimal is not taken from/],
    [
      'a precision',
      { precision: '0.7' },
      'FIELD_IS_COMPUTED',
      'precision',
      /^precision is computed, never taken from the caller$/,
    ],
    ['a recall', { recall: '0.7778' }, 'FIELD_IS_COMPUTED', 'recall', /^recall is computed/],
    ['a win rate', { winRate: '0.6667' }, 'FIELD_IS_COMPUTED', 'winRate', /^winRate is computed/],
    [
      'a look-ahead check',
      { lookAheadBiasCheck: true },
      'FIELD_IS_COMPUTED',
      'lookAheadBiasCheck',
      /^lookAheadBiasCheck is computed/,
    ],
    ['no configuration', { config: undefined }, 'JSON_INVALID', 'config', /^JSON has no undefined$/],
    ['a list as configuration', { config: [] }, 'JSON_SCHEMA_UNKNOWN', 'config', /^not an object$/],
    [
      'NaN in its configuration',
      { config: { risk: Number.NaN } },
      'JSON_INVALID',
      'config.risk',
      /^JSON has no such number$/,
    ],
  ])('%s is refused', (_, change, code, path, rule) => {
    const { value, problems } = read(change);
    expect(value).toBeUndefined();
    expect(problems).toMatchObject([{ code, path, rule: expect.stringMatching(rule) }]);
  });

  it('takes the edges', () => {
    const edges = [
      { maxDrawdown: 0 },
      { maxDrawdown: 1 },
      { averageRMultiple: '9999.99' },
      { averageRMultiple: '-9999.99' },
      { totalSignalsGenerated: 6 },
      { endDate: NEW.startDate },
      { startDate: '2024-02-29' },
    ];
    for (const edge of edges) expect(read(edge).codes).toEqual([]);
  });

  it('is an object', () => {
    const { codes } = reading((report) => readNewBacktestResult(null as unknown as NewBacktestResult, SCHEMAS, report));
    expect(codes).toEqual(['SERIES_INVALID']);
  });

  it('reads its configuration by the schema of its type and version', () => {
    const schema = z.object({ type: z.string(), schema_version: z.literal(2), risk: decimalSchema });
    const schemas = SCHEMAS.with([{ kind: 'backtest_config', type: 'WALK_FORWARD', version: 2, schema }]);
    const config = { type: 'WALK_FORWARD', schema_version: 2, risk: '0.50' };
    expect(read({ config }, schemas).value!.config).toEqual({ ...config, risk: new Decimal('0.5') });
    expect(read({ config: { ...config, risk: 'x' } }, schemas).problems).toMatchObject([
      { code: 'DECIMAL_INVALID', path: 'config.risk' },
    ]);
    expect(read({ config: { ...config, schema_version: 1 } }, schemas).codes).toEqual(['JSON_SCHEMA_UNKNOWN']);
    expect([configTypeOf(config), configTypeOf({}), configTypeOf(null)]).toEqual([
      'WALK_FORWARD',
      'DEFAULT',
      'DEFAULT',
    ]);
  });
});
