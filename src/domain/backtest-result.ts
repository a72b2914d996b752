import { readCalendarDate } from './calendar-date.js';
import { refuseComputed } from './computed-fields.js';
import { Decimal, type DecimalInput, type DecimalKind, fromScaled, readScaled } from './decimal.js';
import { type BacktestResultId, type Id, readId, readOrMakeId } from './identifier.js';
import { DEFAULT_TYPE, type JsonSchemas, schemaVersionOf } from './json-schemas.js';
import type { Report } from './problem.js';
import { readSeriesKey, type SeriesInput, type SeriesKey } from './series.js';
import { LARGEST_INT, readWholeNumber } from './whole-number.js';

/** A run of a backtest: results of many series share it. */
export type BacktestRunId = Id<'BACKTEST_RUN'>;

/** What a run counted. A pattern detected is a true or a false positive; a signal that neither won nor lost is still open, or never filled. */
interface BacktestCounts {
  /** truePositives + falsePositives. */
  readonly totalPatternsDetected: number;
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly totalSignalsGenerated: number;
  readonly winningSignals: number;
  readonly losingSignals: number;
}

/** How a detector did on one series in one run. */
export interface BacktestResult extends SeriesKey, BacktestCounts {
  readonly id: BacktestResultId;
  readonly backtestRunId: BacktestRunId;
  /** `YYYY-MM-DD`, both included. */
  readonly startDate: string;
  readonly endDate: string;
  /** truePositives / (truePositives + falsePositives), half-up to 4 decimals, 0 where nothing was detected; likewise the next two. */
  readonly precision: Decimal;
  /** truePositives / (truePositives + falseNegatives). */
  readonly recall: Decimal;
  /** winningSignals / (winningSignals + losingSignals). */
  readonly winRate: Decimal;
  /** 2 decimals, of either sign. */
  readonly averageRMultiple: Decimal;
  /** As a fraction, 0 to 1. */
  readonly maxDrawdown: Decimal;
  /** As its schema answers it. */
  readonly config: unknown;
  /** Whether the run read through the store's as-of reader, and that found no violation. */
  readonly lookAheadBiasCheck: boolean;
  readonly createdAt: Date;
}

/** A result as a caller records it. The shares of its counts are computed. */
export interface NewBacktestResult extends SeriesInput, BacktestCounts {
  /** Default: a new one. */
  readonly id?: string | undefined;
  /** A UUID of the caller: see `newId`. */
  readonly backtestRunId: string;
  /** `YYYY-MM-DD`, both included. */
  readonly startDate: string;
  readonly endDate: string;
  /** Of either sign, at most 4 digits before the point and 2 after it. */
  readonly averageRMultiple: DecimalInput;
  /** 0 to 1, at most 4 decimals. */
  readonly maxDrawdown: DecimalInput;
  /** Any object; its `type` and `schema_version` say which schema it has to satisfy, where one is registered. */
  readonly config: object;
}

/** A result that is right and ready to be recorded. */
export type BacktestResultDraft = Omit<BacktestResult, 'lookAheadBiasCheck' | 'createdAt'>;

const COMPUTED = ['precision', 'recall', 'winRate', 'lookAheadBiasCheck'];
/** NUMERIC(6,2). */
const MULTIPLE: DecimalKind = { name: 'multiple', integerDigits: 4, scale: 2 };
/** NUMERIC(6,4). */
const FRACTION: DecimalKind = { name: 'fraction', integerDigits: 2, scale: 4 };

const COUNTS: Readonly<Record<keyof BacktestCounts, string>> = {
  totalPatternsDetected: 'a count of patterns',
  truePositives: 'a count of patterns',
  falsePositives: 'a count of patterns',
  falseNegatives: 'a count of patterns',
  totalSignalsGenerated: 'a count of signals',
  winningSignals: 'a count of signals',
  losingSignals: 'a count of signals',
};

/** Reads a result that is to be recorded; reports every rule it breaks. Whether the run looked ahead is its reader's to say. */
export function readNewBacktestResult(
  input: NewBacktestResult,
  schemas: JsonSchemas,
  report: Report,
): BacktestResultDraft | undefined {
  const key = readSeriesKey(input, report);
  if (typeof input !== 'object' || input === null) return undefined;
  const id = readOrMakeId<BacktestResultId>(input.id, 'id', report);
  const backtestRunId = readId<BacktestRunId>(input.backtestRunId, 'backtestRunId', report);
  const dates = readDates(input, report);
  const counts = readCounts(input, report);
  const averageRMultiple = readScaled(input.averageRMultiple, MULTIPLE, 'averageRMultiple', report);
  const maxDrawdown = readFraction(input.maxDrawdown, 'maxDrawdown', report);
  const config = readConfig(input.config, schemas, report);
  const refused = refuseComputed(input, COMPUTED, report);
  if (!key || !id || !backtestRunId || !dates || !counts || refused) return undefined;
  if (averageRMultiple === undefined || maxDrawdown === undefined || config === undefined) return undefined;
  return {
    id,
    backtestRunId,
    ...key,
    ...dates,
    ...counts,
    precision: share(counts.truePositives, counts.falsePositives),
    recall: share(counts.truePositives, counts.falseNegatives),
    winRate: share(counts.winningSignals, counts.losingSignals),
    averageRMultiple: fromScaled(averageRMultiple, MULTIPLE.scale),
    maxDrawdown,
    config,
  };
}

/** The type under which the schema of a configuration is registered: its own `type`. */
export function configTypeOf(config: unknown): string {
  const type = typeof config === 'object' && config !== null ? (config as { type?: unknown }).type : undefined;
  return typeof type === 'string' ? type : DEFAULT_TYPE;
}

function readConfig(config: unknown, schemas: JsonSchemas, report: Report): unknown {
  return schemas.read('backtest_config', configTypeOf(config), schemaVersionOf(config), config, 'config', report);
}

function readDates(input: NewBacktestResult, report: Report) {
  const startDate = readCalendarDate(input.startDate, 'startDate', report);
  const endDate = readCalendarDate(input.endDate, 'endDate', report);
  if (startDate === undefined || endDate === undefined) return undefined;
  if (endDate >= startDate) return { startDate, endDate };
  const rule = `a backtest does not end before it starts, on ${startDate}`;
  report({ code: 'END_BEFORE_START', path: 'endDate', value: input.endDate, rule });
  return undefined;
}

function readCounts(input: NewBacktestResult, report: Report): BacktestCounts | undefined {
  const read = Object.entries(COUNTS).map(([path, name]) => [
    path,
    readWholeNumber(input[path as keyof BacktestCounts], name, [0, LARGEST_INT], path, report),
  ]);
  if (read.some(([, count]) => count === undefined)) return undefined;
  const counts = Object.fromEntries(read) as BacktestCounts;
  const { totalPatternsDetected, truePositives, falsePositives } = counts;
  const { totalSignalsGenerated, winningSignals, losingSignals } = counts;
  let sound = true;
  if (truePositives + falsePositives !== totalPatternsDetected) {
    const rule = `every pattern detected is a true or a false positive: ${truePositives} + ${falsePositives}`;
    report({ code: 'PATTERN_COUNTS_DISAGREE', path: 'totalPatternsDetected', value: totalPatternsDetected, rule });
    sound = false;
  }
  if (winningSignals + losingSignals > totalSignalsGenerated) {
    const rule = `no more signals win or lose than were generated: ${winningSignals} + ${losingSignals}`;
    report({ code: 'SIGNAL_COUNTS_DISAGREE', path: 'totalSignalsGenerated', value: totalSignalsGenerated, rule });
    sound = false;
  }
  return sound ? counts : undefined;
}

function readFraction(value: unknown, path: string, report: Report): Decimal | undefined {
  const scaled = readScaled(value, FRACTION, path, report);
  if (scaled === undefined) return undefined;
  if (scaled >= 0n && scaled <= 10n ** BigInt(FRACTION.scale)) return fromScaled(scaled, FRACTION.scale);
  const hint = "write 12.5 per cent as '0.125'";
  report({ code: 'FRACTION_OUT_OF_RANGE', path, value, rule: 'a fraction is from 0 to 1', hint });
  return undefined;
}

/** part / (part + rest), and 0 where both are. */
function share(part: number, rest: number): Decimal {
  const whole = new Decimal(part).plus(rest);
  return whole.isZero() ? whole : new Decimal(part).div(whole).toDecimalPlaces(FRACTION.scale);
}
