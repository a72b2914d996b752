/** `wyckoff audit`: is the audit trail whole, and what does it say? */
import { type Command, Option } from 'commander';
import type { AuditEvent } from '../domain/audit-event.js';
import { formatInstant } from '../domain/time.js';
import type { AuditHead } from '../repositories/audit/heads.js';
import type { AuditVerification } from '../repositories/audit/verify.js';
import { readIdArgument, readLimitArgument } from './arguments.js';
import { withDatabase } from './context.js';
import { eventJson, problemJson } from './event-json.js';
import { note, say, sayJson } from './output.js';
import { type Column, renderTable } from './table.js';

const LIST_TABLE: readonly Column[] = [
  { title: 'time' },
  { title: 'event' },
  { title: 'entity', optional: true },
  { title: 'actor' },
  { title: 'action' },
  { title: 'correlation', optional: true },
];
const GAPS = 2 * 3;
/** Characters. */
const LONGEST_ACTOR = 30;
const SHORTEST_ACTION = 20;

interface VerifyOptions {
  readonly correlation?: string;
  readonly heads?: string;
  readonly saveHeads?: string;
  readonly json?: true;
}

interface ListOptions {
  readonly correlation?: string;
  readonly entity?: string;
  readonly actor?: string;
  readonly limit: number;
  readonly json?: true;
}

export function registerAuditCommands(program: Command): void {
  const audit = program.command('audit').description('verify and read the audit trail');
  audit
    .command('verify')
    .description('walk every chain of events against its hashes and its head, and look for rows that no event tells of')
    .option('--correlation <id>', 'one chain alone', readIdArgument)
    .option('--heads <file>', 'compare with heads that were saved before: finds chains removed with their heads')
    .addOption(new Option('--save-heads <file>', 'keep the heads, where nothing is wrong').conflicts('correlation'))
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nThe digest is SHA-256 over the heads of all chains, and changes with every event. Anybody can compute it:\n' +
        `  psql -Atc "SELECT correlation_id, length, encode(last_hash, 'hex') FROM audit_chains ORDER BY 1" -F ' ' | sha256sum\n` +
        'Whoever may turn off the triggers can rewrite a chain and its head. Saved heads, kept where that user cannot write, show it.\n' +
        '\nExit status: 0 when everything fits, 1 when not.\n' +
        'Example: wyckoff audit verify --heads /mnt/safe/heads.json --save-heads /mnt/safe/heads.json',
    )
    .action(verify);
  audit
    .command('list')
    .description('the newest events, oldest of them first')
    .option('--correlation <id>', 'those of one chain', readIdArgument)
    .option('--entity <id>', 'those of one range, pattern, signal, campaign, backtest or series', readIdArgument)
    .option('--actor <name>', 'those of one actor')
    .option('--limit <events>', 'how many', readLimitArgument, 50)
    .option('--json', 'print one JSON array')
    .addHelpText('after', '\nTimes are UTC.\n\nExample: wyckoff audit list --actor detector/1.4 --limit 20')
    .action(list);
}

async function verify(options: VerifyOptions): Promise<void> {
  const { correlation, heads, saveHeads, json } = options;
  const { HeadsFile, readHeadsFile } = await import('./heads-file.js');
  const former = heads === undefined ? undefined : await readHeadsFile(heads);
  const file = saveHeads === undefined ? undefined : await HeadsFile.create(saveHeads);
  let saved = false;
  try {
    const found = await withDatabase(async (database, signal) => {
      const { verifyAuditTrail } = await import('../repositories/audit/verify.js');
      const onHeads = file && ((part: readonly AuditHead[]) => file.add(part));
      return verifyAuditTrail(database.pool, { correlationId: correlation, heads: former, onHeads, signal });
    });
    if (file && found.problems.length === 0) {
      await file.finish(found.digest);
      saved = true;
    }
    if (found.problems.length > 0) process.exitCode = 1;
    if (json) sayJson({ passed: found.problems.length === 0, ...toJson(found), compared: former?.length ?? 0 });
    else report(found, former, options);
  } finally {
    if (!saved) await file?.discard();
  }
}

function toJson({ problems, ...rest }: AuditVerification) {
  return {
    ...rest,
    problems: problems.map(problemJson),
  };
}

function report(
  { chains, events, digest, problems, complete }: AuditVerification,
  former: readonly AuditHead[] | undefined,
  { correlation, heads, saveHeads }: VerifyOptions,
): void {
  say(
    `Read ${counted(events, 'event')} in ${correlation === undefined ? counted(chains, 'chain') : `chain ${correlation}`}.`,
  );
  if (former) say(`Compared with the ${counted(former.length, 'head')} of ${heads}.`);
  for (const { kind, message } of problems) note(`FAIL: ${message} [${kind}]`);
  if (!complete) note('There may be more: the verification stopped here.');
  if (problems.length > 0) {
    note('hint: "wyckoff audit list --correlation ID" shows what a chain says now; a backup, what it said before');
    if (saveHeads !== undefined) note(`${saveHeads} was not written: heads are kept of a trail that is whole.`);
    return;
  }
  say(
    correlation === undefined
      ? 'Every event has its hash and its place, every chain its head, and every row of the ledger its events.'
      : 'Every event of it has its hash and its place.',
  );
  say(`Digest: ${digest}`);
  if (saveHeads !== undefined)
    say(`The heads are in ${saveHeads}. Keep it where the users of this database cannot write.`);
  else if (correlation === undefined) {
    say(
      '  Keep it elsewhere: it is the same again as long as no event is appended. To find out later what was changed meanwhile,',
    );
    say('  keep the heads: --save-heads FILE writes them, --heads FILE compares with them.');
  }
}

async function list({ correlation, entity, actor, limit, json }: ListOptions): Promise<void> {
  const { rows: events } = await withDatabase(async (database) => {
    const { readEvents } = await import('../repositories/audit/read-events.js');
    const filter = { correlationId: correlation, entityId: entity, actor };
    return database.pool.withClient((client) => readEvents(client, filter, { limit }, 'backward'));
  });
  if (json) return sayJson(events.map(eventJson));
  if (events.length === 0) return note('The audit trail has no such event.');
  const { text, leftOut } = await renderTable(LIST_TABLE, eventCells(events));
  say(text);
  if (leftOut.length > 0) note(`No room here for ${leftOut.join(', ')}; --json prints everything.`);
}

/** An action is cut to the room that the columns leave which are always there. */
function eventCells(events: readonly AuditEvent[]): string[][] {
  const rows = events.map((event) => [
    formatInstant(event.timestamp),
    event.eventType,
    `${event.entityType} ${event.entityId}`,
    cut(event.actor, LONGEST_ACTOR),
    event.action,
    event.correlationId,
  ]);
  const widest = (at: number) => Math.max(...rows.map((row) => row[at]!.length), LIST_TABLE[at]!.title.length);
  const room = (process.stdout.columns ?? Number.POSITIVE_INFINITY) - widest(0) - widest(1) - widest(3) - GAPS;
  return rows.map((row) => row.with(4, cut(row[4]!, Math.max(SHORTEST_ACTION, room))));
}

/** On one line: what an actor wrote must not break the table. */
function cut(text: string, longest: number): string {
  const line = text.replace(/\p{Cc}+/gu, ' ');
  return line.length <= longest ? line : `${line.slice(0, longest - 1)}…`;
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString('en-US')} ${what}${count === 1 ? '' : 's'}`;
}
