import { printPrice, printUnits, readPriceUnits, readRatioUnits } from './amounts.js';
import { MEANINGS, readMetadata } from './pattern-meanings.js';
import { directionOfLevels } from './range-moves.js';
import type { Document, PatternRow } from './rows.js';
import {
  closeOfBar,
  isBarInstant,
  isId,
  isPhase,
  isText,
  isWhole,
  LARGEST_INT,
  readInstantText,
  readSeries,
} from './values.js';
import { type Created, type Kind, type Outcome, refused, type Values, type World } from './world.js';

/** An entry type, tested where its type needs a test, and not rejected. */
export function isTradable(row: Pick<PatternRow, 'pattern_type' | 'test_confirmed' | 'rejection_reason'>): boolean {
  const { entry, tested } = MEANINGS[row.pattern_type]!;
  return entry !== undefined && (!tested || row.test_confirmed) && row.rejection_reason === null;
}

export function createPattern(world: World, input: Values): Outcome {
  const row = readPattern(input, world.volumeRule);
  const fits = row === undefined || row.trading_range_id === null || fitsRange(world, row, row.trading_range_id);
  return world.create('patterns', input, row, 'PATTERN_DETECTED', new Set<Kind>(fits ? [] : ['InvalidInput']));
}

export function confirmTest(world: World, id: string, testBar: unknown, { confirmedAt }: Values): Outcome {
  const bar = readInstantText(testBar);
  const at = readInstantText(confirmedAt);
  if (!isId(id) || !bar || !at) return refused('InvalidInput');
  const row = world.rows.patterns.get(id);
  if (!row) return refused('NotFound');
  if (row.test_confirmed && row.test_bar_timestamp === bar) return { rows: [row] };
  const objections: Kind[] = row.test_confirmed ? ['Conflict'] : [];
  const known = Date.parse(at) >= closeOfBar(bar, row.timeframe) && Date.parse(at) >= Date.parse(row.detection_time);
  if (!isTestBar(bar, row) || !known || row.rejection_reason !== null) objections.push('InvalidInput');
  if (objections.length > 0) return refused(...objections);
  const fields = { test_confirmed: true, test_bar_timestamp: bar };
  return world.update('patterns', row, fields, 'PATTERN_TEST_CONFIRMED');
}

export function rejectPattern(world: World, id: string, reason: unknown): Outcome {
  if (!isId(id) || !isText(reason, 1_000)) return refused('InvalidInput');
  const row = world.rows.patterns.get(id);
  if (!row) return refused('NotFound');
  if (row.rejection_reason === reason) return { rows: [row] };
  if (row.rejection_reason !== null) return refused('Conflict');
  return world.update('patterns', row, { rejection_reason: reason }, 'PATTERN_REJECTED');
}

function readPattern(input: Values, volumeRule: 'warn' | 'reject'): Created<'patterns'> | undefined {
  const series = readSeries(input);
  const { id, patternType: type, confidenceScore, phase, tradingRangeId = null, metadataVersion = 1 } = input;
  const meaning = MEANINGS[String(type)];
  if (!series || !meaning || !isId(id) || !isPhase(phase) || !isWhole(confidenceScore, 70, 95)) return undefined;
  if (tradingRangeId !== null && !isId(tradingRangeId)) return undefined;
  if (tradingRangeId === null && (meaning.entry || phase !== 'A')) return undefined;
  if (!meaning.phases.includes(phase)) return undefined;
  const times = readTimes(input, series.timeframe);
  const prices = readPrices(input, meaning.entry);
  const volume = readRatioUnits(input.volumeRatio);
  const spread = readRatioUnits(input.spreadRatio);
  const metadata = readMetadata(String(type), input.metadata as Document);
  if (!times || !prices || volume === undefined || spread === undefined || !metadata) return undefined;
  // Nobody has registered another version.
  if (!isWhole(metadataVersion, 1, LARGEST_INT) || metadataVersion !== 1) return undefined;
  if (volumeRule === 'reject' && meaning.volume && !meaning.volume(volume)) return undefined;
  return {
    ...{ id, pattern_type: String(type), ...series, ...times, confidence_score: confidenceScore, phase },
    ...{ trading_range_id: tradingRangeId, ...prices },
    ...{ volume_ratio: printUnits(volume, 4), spread_ratio: printUnits(spread, 4) },
    ...{ rejection_reason: null, metadata, metadata_version: 1 },
  };
}

function readTimes(input: Values, timeframe: string) {
  const bar = readInstantText(input.patternBarTimestamp);
  const detected = readInstantText(input.detectionTime);
  const { testBarTimestamp = null, testConfirmed = false } = input;
  const testBar = testBarTimestamp === null ? null : readInstantText(testBarTimestamp);
  if (!bar || !detected || testBar === undefined || typeof testConfirmed !== 'boolean') return undefined;
  const pattern = { pattern_bar_timestamp: bar, timeframe };
  if (!isBarInstant(bar, timeframe) || Date.parse(detected) < closeOfBar(bar, timeframe)) return undefined;
  if (testConfirmed && testBar === null) return undefined;
  if (testBar && (!isTestBar(testBar, pattern) || Date.parse(detected) < closeOfBar(testBar, timeframe)))
    return undefined;
  return {
    pattern_bar_timestamp: bar,
    detection_time: detected,
    test_confirmed: testConfirmed,
    test_bar_timestamp: testBar,
  };
}

function isTestBar(bar: string, pattern: Pick<PatternRow, 'pattern_bar_timestamp' | 'timeframe'>): boolean {
  return isBarInstant(bar, pattern.timeframe) && Date.parse(bar) > Date.parse(pattern.pattern_bar_timestamp);
}

function readPrices(input: Values, entryType: 'LONG' | 'SHORT' | undefined) {
  const entry = readPriceUnits(input.entryPrice);
  const stop = readPriceUnits(input.stopLoss);
  const invalidation = readPriceUnits(input.invalidationLevel);
  if (entry === undefined || stop === undefined || invalidation === undefined) return undefined;
  if ((entryType === 'LONG' && stop >= entry) || (entryType === 'SHORT' && stop <= entry)) return undefined;
  return { entry_price: printPrice(entry), stop_loss: printPrice(stop), invalidation_level: printPrice(invalidation) };
}

function fitsRange(world: World, row: Created<'patterns'>, rangeId: string): boolean {
  const range = world.rows.trading_ranges.get(rangeId);
  if (!range || range.deleted_at !== null) return false;
  if (row.symbol !== range.symbol || row.timeframe !== range.timeframe) return false;
  const { entry } = MEANINGS[row.pattern_type]!;
  return entry === undefined || (entry === 'LONG') === (directionOfLevels(range) === 'accumulation');
}
