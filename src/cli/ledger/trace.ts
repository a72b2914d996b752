/** What `wyckoff trace` prints. */

import type { AuditEvent } from '../../domain/audit-event.js';
import { counted } from '../../domain/counted.js';
import type { JsonObject } from '../../domain/json.js';
import type { SeriesKey } from '../../domain/series.js';
import { formatInstant } from '../../domain/time.js';
import { NotFoundError } from '../../errors.js';
import type { AuditVerification } from '../../repositories/audit/verify.js';
import { idsByPrefix } from '../../repositories/ledger/id-prefix.js';
import { type LedgerRow, rowDocument, selectByIds } from '../../repositories/ledger/ledger-table.js';
import { eventJson, problemJson } from '../event-json.js';
import { note, say, sayJson } from '../output.js';
import { BACKTESTS } from './backtests.js';
import { CAMPAIGNS } from './campaigns.js';
import { minute } from './format.js';
import { type Ledger, withLedger } from './ledger.js';
import { describeStanding, isOver } from './outcome.js';
import { PATTERNS } from './patterns.js';
import { RANGES } from './ranges.js';
import { resolveId } from './resolve-id.js';
import { SIGNALS } from './signals.js';
import { beginning, entityLabel, type Subject, sentence, subjectOf } from './story.js';
import { type LedgerView, printRows } from './view.js';
import { wrapped } from './wrap.js';

const CHAINS = { name: 'audit_trail', column: 'correlation_id' };

type Rows = Awaited<ReturnType<typeof rowsNow>>;

export async function trace(start: string, { json }: { readonly json?: true }): Promise<void> {
  await withLedger(async (ledger) => {
    const id = await resolveId(ledger, CHAINS, 'chain of events', start);
    if (id === undefined) throw await unknownChain(ledger, start);
    // A chain has the order of its commits; an event may tell of an earlier instant than the one before it.
    const events = (await ledger.store.audit.byCorrelation(id)).sort((a, b) => +a.timestamp - +b.timestamp);
    const now = await rowsNow(ledger, events);
    const verification = await ledger.store.audit.verify({ correlationId: id });
    if (verification.problems.length > 0) process.exitCode = 1;
    if (json) sayJson(traceJson(id, events, now, verification));
    else await print(id, events, now, verification);
  });
}

/** The rows that the events tell of, as they are now. */
async function rowsNow({ session }: Ledger, events: readonly AuditEvent[]) {
  const read = <Entity extends LedgerRow & SeriesKey>({ table }: LedgerView<Entity>): Promise<Entity[]> => {
    const ids = new Set(events.filter((event) => event.entityType === table.entityType).map((event) => event.entityId));
    return session.withClient(async (client) => {
      const found = await selectByIds(client, table, [...ids]);
      return [...ids].flatMap((id) => found.get(id) ?? []);
    });
  };
  return {
    ranges: await read(RANGES),
    patterns: await read(PATTERNS),
    signals: await read(SIGNALS),
    campaigns: await read(CAMPAIGNS),
    backtests: await read(BACKTESTS),
  };
}

async function print(
  id: string,
  events: readonly AuditEvent[],
  now: Rows,
  { problems }: AuditVerification,
): Promise<void> {
  const subjects = subjectsOf(events, now);
  const series = seriesOf(subjects);
  const actors = [...new Set(events.map(({ actor }) => actor))];
  const [first, last] = [events[0]!, events.at(-1)!];
  say(`${series.join(', ') || 'A story'}, ${id}`);
  const span = `from ${minute(first.timestamp)} to ${minute(last.timestamp)} UTC`;
  say(wrapped('', `${span}, ${counted(events.length, 'event')} by ${actors.join(', ')}`));
  const standing = describeStanding(now);
  if (standing) say(wrapped(isOver(now) ? 'It ended: ' : 'It goes on: ', standing));
  say();

  const width = Math.max(...events.map((event) => entityLabel(event).length));
  for (const event of events) {
    const subject = subjects.get(event.entityId)!;
    const where = series.length > 1 && subject.series ? `${subject.series}, ` : '';
    const text = `${where}${sentence(event, subject)} (${event.actor})`;
    say(wrapped(`${minute(event.timestamp)}  ${entityLabel(event).padEnd(width)}  `, text));
  }
  if (Object.values(now).some((rows) => rows.length > 0)) say('\nAs things are now');
  await printNow(RANGES, now.ranges);
  await printNow(PATTERNS, now.patterns);
  await printNow(SIGNALS, now.signals);
  await printNow(CAMPAIGNS, now.campaigns);
  await printNow(BACKTESTS, now.backtests);
  if (problems.length === 0) {
    say(`\nThe chain verifies: ${counted(events.length, 'event')}, none changed, none missing.`);
    return;
  }
  for (const { kind, message } of problems) note(`FAIL: ${message} [${kind}]`);
  note('hint: somebody has changed what was recorded; "wyckoff audit verify" looks at every chain');
}

async function printNow<Entity extends LedgerRow & SeriesKey>(
  view: LedgerView<Entity>,
  rows: readonly Entity[],
): Promise<void> {
  if (rows.length === 0) return;
  say(`\n${view.plural}`);
  await printRows(view, rows);
}

/** Who everything is, by its row; what is no row of the ledger, or no longer, by the first event that says so. */
function subjectsOf(events: readonly AuditEvent[], now: Rows): Map<string, Subject> {
  const documents = new Map<string, JsonObject>();
  for (const event of events) {
    if (!documents.has(event.entityId)) documents.set(event.entityId, beginning(event));
  }
  for (const document of Object.values(documentsOf(now)).flat()) documents.set(String(document.id), document);
  const patternType = (id: string) => documents.get(id)?.pattern_type ?? null;
  return new Map(
    events.map(({ entityId, entityType }) => [
      entityId,
      subjectOf(entityType, documents.get(entityId) ?? {}, patternType),
    ]),
  );
}

function seriesOf(subjects: ReadonlyMap<string, Subject>): string[] {
  return [...new Set([...subjects.values()].flatMap(({ series }) => series ?? []))].sort();
}

function documentsOf(now: Rows) {
  const of = <Entity extends LedgerRow & SeriesKey>({ table }: LedgerView<Entity>, rows: readonly Entity[]) =>
    rows.map((row) => rowDocument(table, row));
  return {
    trading_ranges: of(RANGES, now.ranges),
    patterns: of(PATTERNS, now.patterns),
    signals: of(SIGNALS, now.signals),
    campaigns: of(CAMPAIGNS, now.campaigns),
    backtest_results: of(BACKTESTS, now.backtests),
  };
}

function traceJson(id: string, events: readonly AuditEvent[], now: Rows, { problems }: AuditVerification) {
  return {
    correlation_id: id,
    series: seriesOf(subjectsOf(events, now)),
    ...{ from: formatInstant(events[0]!.timestamp), to: formatInstant(events.at(-1)!.timestamp) },
    over: isOver(now),
    events: events.map(eventJson),
    now: documentsOf(now),
    verified: problems.length === 0,
    problems: problems.map(problemJson),
  };
}

/** Whoever has the id of a row wants its story. */
async function unknownChain({ session }: Ledger, start: string): Promise<NotFoundError> {
  let hint = '"wyckoff audit list" shows the newest events with their correlation ids';
  for (const { name, table } of [RANGES, PATTERNS, SIGNALS, CAMPAIGNS, BACKTESTS]) {
    const [id] = await session.withClient((client) =>
      idsByPrefix(client, { name: table.name, column: 'id' }, start, 1),
    );
    if (id === undefined) continue;
    hint = `it is the id of a ${table.noun}: "wyckoff ${name} show ${start}" names its story`;
    break;
  }
  return new NotFoundError('CORRELATION_UNKNOWN', `there is no chain of events ${start}`, { hint });
}
