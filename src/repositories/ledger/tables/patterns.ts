import type { PatternId, TradingRangeId } from '../../../domain/identifier.js';
import type { Json } from '../../../domain/json.js';
import type { JsonSchemas } from '../../../domain/json-schemas.js';
import type { Pattern } from '../../../domain/pattern.js';
import type { PatternType } from '../../../domain/pattern-types.js';
import type { Phase } from '../../../domain/phase.js';
import type { MarketSymbol } from '../../../domain/symbol.js';
import type { Timeframe } from '../../../domain/timeframe.js';
import { decimal, plain } from '../column.js';
import { type LedgerTable, ledgerTable } from '../ledger-table.js';
import { decodeStored } from '../stored-json.js';

const COLUMNS = {
  id: plain<PatternId>('id'),
  patternType: plain<PatternType>('pattern_type'),
  symbol: plain<MarketSymbol>('symbol'),
  timeframe: plain<Timeframe>('timeframe'),
  detectionTime: plain<Date>('detection_time'),
  patternBarTimestamp: plain<Date>('pattern_bar_timestamp'),
  confidenceScore: plain<number>('confidence_score'),
  phase: plain<Phase>('phase'),
  tradingRangeId: plain<TradingRangeId | null>('trading_range_id'),
  entryPrice: decimal('entry_price'),
  stopLoss: decimal('stop_loss'),
  invalidationLevel: decimal('invalidation_level'),
  volumeRatio: decimal('volume_ratio'),
  spreadRatio: decimal('spread_ratio'),
  testConfirmed: plain<boolean>('test_confirmed'),
  testBarTimestamp: plain<Date | null>('test_bar_timestamp'),
  rejectionReason: plain<string | null>('rejection_reason'),
  metadata: plain<Json>('metadata'),
  metadataVersion: plain<number>('metadata_version'),
  createdAt: plain<Date>('created_at'),
};

export function patternTable(schemas: JsonSchemas): LedgerTable<Pattern> {
  return ledgerTable<Pattern, typeof COLUMNS>({
    name: 'patterns',
    entityType: 'PATTERN',
    noun: 'pattern',
    time: 'pattern_bar_timestamp',
    columns: COLUMNS,
    decode: (row) => {
      const { id, patternType, metadataVersion } = row;
      const metadata = decodeStored({ table: 'patterns', column: 'metadata', id }, (report) =>
        schemas.decode('pattern_metadata', patternType, metadataVersion, row.metadata, 'metadata', report),
      );
      return { ...row, metadata: metadata as Pattern['metadata'] };
    },
  });
}
