import { describe, expect, test } from 'vitest';
import { documentLines } from '../../src/cli/ledger/document-text.js';
import { barTime, minute, percentOf, price } from '../../src/cli/ledger/format.js';
import { entityLabel, sentence, subjectOf } from '../../src/cli/ledger/story.js';
import { wrapped } from '../../src/cli/ledger/wrap.js';
import type { AuditEvent } from '../../src/domain/audit-event.js';
import { Decimal } from '../../src/domain/decimal.js';
import type { Json } from '../../src/domain/json.js';

describe('values', () => {
  test('instants to the minute, in UTC, to the second where there are some', () => {
    expect(minute(new Date('2024-05-23T00:10:00Z'))).toBe('2024-05-23 00:10');
    expect(minute(new Date('2024-05-23T00:10:07Z'))).toBe('2024-05-23 00:10:07');
    expect(minute(new Date('2024-05-23T00:10:00.250Z'))).toBe('2024-05-23 00:10');
    expect(barTime(new Date('2024-05-23T00:00:00Z'), '1d')).toBe('2024-05-23');
    expect(barTime(new Date('2024-05-23T00:00:00Z'), '1h')).toBe('2024-05-23 00:00');
  });

  test('prices with two decimals, or as many as they have', () => {
    expect(price(new Decimal('163.8'))).toBe('163.80');
    expect(price(new Decimal('0.00000001'))).toBe('0.00000001');
    expect(price(new Decimal('-37.63'))).toBe('-37.63');
  });

  test('a fraction of four decimals as an exact percentage', () => {
    expect(percentOf(new Decimal('0.8824'))).toBe('88.24%');
    expect(percentOf(new Decimal('1'))).toBe('100.00%');
  });
});

describe('wrapped', () => {
  test('goes on below the beginning of the text', () => {
    expect(wrapped('12345  ', 'saw a spring on the bar of yesterday', 30)).toBe(
      '12345  saw a spring on the bar\n       of yesterday',
    );
  });

  test('stays on one line where there is no terminal, and passes no control character on', () => {
    expect(wrapped('  ', 'one\u001b[2J\ntwo', Number.POSITIVE_INFINITY)).toBe('  one [2J two');
  });

  test('a word longer than the room stands alone', () => {
    expect(wrapped('', `a ${'b'.repeat(30)} c`, 20)).toBe(`a\n${'b'.repeat(30)}\nc`);
  });
});

describe('documentLines', () => {
  const chain: Json = {
    overall_status: 'WARN',
    warnings: [],
    validation_results: [
      { stage: 'Volume', status: 'PASS' },
      { stage: 'Phase', status: 'WARN', reason: 'late in the phase' },
    ],
  };

  test('keys of one width, flat objects as a table', async () => {
    expect(await documentLines(chain, 80)).toEqual([
      '  overall_status  WARN',
      '  warnings        none',
      '  validation_results',
      '    stage   status  reason',
      '    ──────  ──────  ─────────────────',
      '    Volume  PASS',
      '    Phase   WARN    late in the phase',
    ]);
  });

  test('one below the other where the table is too wide, or an object is not flat', async () => {
    const numbered = [
      ...['    1.', '      stage   Volume', '      status  PASS'],
      ...['    2.', '      stage   Phase', '      status  WARN', '      reason  late in the phase'],
    ];
    expect((await documentLines(chain, 36)).slice(3)).toEqual(numbered);
    const deep: Json = [{ stage: 'Risk', metadata: { limit: '5.00', asked: null } }];
    expect(await documentLines(deep, 80)).toEqual([
      ...['  1.', '    stage  Risk', '    metadata', '      limit  5.00', '      asked  null'],
    ]);
  });

  test('empty documents, and texts of several lines', async () => {
    expect(await documentLines({})).toEqual(['  none']);
    expect(await documentLines({ notes: 'one\ntwo', tags: ['a', 'b'] })).toEqual([
      ...['  notes  "one\\ntwo"', '  tags', '    a', '    b'],
    ]);
  });
});

describe('sentence', () => {
  const event = (given: Partial<AuditEvent>): AuditEvent => ({
    ...{ id: 'e', eventType: 'PATTERN_DETECTED', entityType: 'PATTERN', entityId: '8a4b4f79-af5c', metadata: null },
    ...{ timestamp: new Date(0), actor: 'detector', action: 'saw SPRING', correlationId: 'c', seq: 1n },
    ...{ prevHash: null, rowHash: '00', createdAt: new Date(0), ...given },
  });
  const spring = { name: 'SPRING', series: 'AAPL 1d' };

  test('a beginning says every value that matters, without what is empty', () => {
    const after = { phase: 'C', entry_price: '165.70000000', stop_loss: new Decimal('160.4'), confidence_score: 90 };
    expect(sentence(event({ metadata: { after } }), spring)).toBe(
      'saw SPRING; phase C, entry 165.70, stop 160.40, score 90',
    );
    const opened = { total_allocation: '0.00', current_risk: '0', average_entry: null };
    const campaign = { eventType: 'CAMPAIGN_OPENED', entityType: 'CAMPAIGN', action: 'opened' };
    expect(sentence(event({ ...campaign, metadata: { after: opened } }), { name: '', series: undefined })).toBe(
      'opened',
    );
  });

  test('a change says what was done, to what, and only what differs', () => {
    const metadata = { before: { phase: 'C', stop_loss: '160.40' }, after: { phase: 'C', stop_loss: '158.2' } };
    const rejected = { eventType: 'PATTERN_REJECTED', action: 'the low broke', metadata };
    expect(sentence(event(rejected), spring)).toBe('SPRING rejected: the low broke; stop 160.40 -> 158.20');
    expect(sentence(event({ ...rejected, action: 'rejected by hand' }), spring)).toBe(
      'SPRING rejected by hand; stop 160.40 -> 158.20',
    );
  });

  test('when the market did it, where that is told', () => {
    const metadata = {
      before: { status: 'APPROVED' },
      after: { status: 'FILLED' },
      executed_at: '2024-02-06T14:30:00Z',
    };
    const filled = { eventType: 'SIGNAL_FILLED', entityType: 'SIGNAL', action: 'filled at 101', metadata };
    expect(sentence(event(filled), { name: 'LONG LPS', series: undefined })).toBe(
      'LONG LPS filled at 101; executed at 2024-02-06 14:30',
    );
  });

  test('an event of a caller, and values that the store does not write', () => {
    const skipped = { eventType: 'SIGNAL_SKIPPED', entityType: 'SIGNAL', action: 'earnings tomorrow' };
    expect(sentence(event(skipped), { name: 'LONG SPRING', series: undefined })).toBe(
      'LONG SPRING skipped: earnings tomorrow',
    );
    expect(sentence(event({ metadata: { after: { entry_price: 'dear' } } }), spring)).toBe('saw SPRING; entry dear');
    expect(sentence(event({ metadata: ['no object'] }), spring)).toBe('saw SPRING');
  });

  test('labels and subjects', () => {
    expect(entityLabel(event({}))).toBe('pattern 8a4b4f79');
    expect(entityLabel(event({ entityType: 'ORDER' }))).toBe('ORDER 8a4b4f79');
    const row = { symbol: 'AAPL', timeframe: '1d', signal_type: 'LONG', pattern_id: 'p' };
    expect(subjectOf('SIGNAL', row, (id) => (id === 'p' ? 'SPRING' : null))).toEqual({
      ...{ name: 'LONG SPRING', series: 'AAPL 1d' },
    });
    expect(subjectOf('SIGNAL', { ...row, pattern_id: null }, () => null)).toEqual({ name: 'LONG', series: 'AAPL 1d' });
    expect(subjectOf('BAR_SERIES', {}, () => null)).toEqual({ name: '', series: undefined });
  });
});
