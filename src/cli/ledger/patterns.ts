import { LEDGER_SCHEMAS } from '../../domain/ledger-schemas.js';
import { type Pattern, whyNotTradable } from '../../domain/pattern.js';
import { directionOf } from '../../domain/pattern-types.js';
import { patternTable } from '../../repositories/ledger/tables/patterns.js';
import { fieldsOf } from './field.js';
import type { LedgerView } from './view.js';

const field = fieldsOf<Pattern>();

export const PATTERNS: LedgerView<Pattern> = {
  ...{ name: 'patterns', table: patternTable(LEDGER_SCHEMAS), plural: 'patterns' },
  fields: [
    field.id('id', (pattern) => pattern.id, 'always'),
    field.text('series', (pattern) => `${pattern.symbol} ${pattern.timeframe}`, 'always'),
    field.text('type', (pattern) => pattern.patternType, 'always'),
    field.bar('bar', (pattern) => pattern.patternBarTimestamp, 'optional'),
    field.text('phase', (pattern) => pattern.phase, 'optional'),
    field.price('entry', (pattern) => pattern.entryPrice, 'optional'),
    field.price('stop', (pattern) => pattern.stopLoss, 'optional'),
    field.count('score', (pattern) => pattern.confidenceScore, 'optional'),
    field.text('state', stateOf, 'always'),
    field.ratio('volume ratio', (pattern) => pattern.volumeRatio, 'optional'),
    field.ratio('spread ratio', (pattern) => pattern.spreadRatio, 'optional'),
    field.price('invalid beyond', (pattern) => pattern.invalidationLevel, 'optional'),
    field.bar('test bar', (pattern) => pattern.testBarTimestamp, 'optional'),
    field.id('range', (pattern) => pattern.tradingRangeId, 'optional'),
    field.flag('test confirmed', (pattern) => pattern.testConfirmed),
    field.text('rejected because', (pattern) => pattern.rejectionReason),
    field.instant('detected', (pattern) => pattern.detectionTime),
    field.count('metadata version', (pattern) => pattern.metadataVersion),
    field.instant('created', (pattern) => pattern.createdAt),
  ],
  documents: { metadata: 'Metadata' },
  summary: (pattern) => `${pattern.patternType}, phase ${pattern.phase}, ${whyNotTradable(pattern) ?? 'tradable'}`,
  remark: 'The score is the confidence score.',
  latest: (store, { type, range, ...filter }) =>
    store.patterns.latest({ ...filter, patternType: type, tradingRangeId: range }),
};

/** Whether a signal may be made of it, in a word. */
function stateOf(pattern: Pattern): string {
  if (pattern.rejectionReason !== null) return 'rejected';
  if (directionOf(pattern.patternType) === undefined) return 'context';
  return whyNotTradable(pattern) === undefined ? 'tradable' : 'untested';
}
