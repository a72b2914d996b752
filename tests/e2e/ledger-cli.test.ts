/** The commands over the ledger, compiled, on the sample ledger in an embedded server of their own. `npm test` builds them first. */
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const RANGE = '7d02d6de-4748-4807-a04c-85a9e3e3a301';
const SPRING = '8a4b4f79-af5c-4e95-8e3f-f83936c9d2ef';
const SIGNAL = '2258f886-b739-4a7f-9810-fbdcfda99ae8';
const CAMPAIGN = '73c2bd2e-8dd9-46a0-8dc5-592fa6574e81';
const DELETED_RANGE = 'd2b458ec-2503-4d07-85e1-7ac20f728e2a';
const RUN = 'ecfa7b7b-f083-4166-b108-e8c29c871b94';
const STORY = '23e04748-5277-4e2c-a44a-d5d7c6f5829c';

interface Result {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}
type Row = Record<string, unknown>;

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wyckoff-ledger-cli-'));
  await chmod(directory, 0o711); // as root, the server runs as another user, who must get through
  expect((await wyckoff('db', 'start')).code).toBe(0);
});

afterAll(async () => {
  await wyckoff('db', 'stop');
  await rm(directory, { recursive: true, force: true });
});

async function wyckoff(...args: string[]): Promise<Result> {
  const env = { PATH: process.env.PATH, WYCKOFF_DATA_DIR: join(directory, 'data') };
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, output, errors };
}

/** What a command with `--json` prints. */
async function json<T = Row[]>(...args: string[]): Promise<T> {
  const { code, output, errors } = await wyckoff(...args, '--json');
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  return JSON.parse(output);
}

async function query(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: (await wyckoff('db', 'url')).output.trim() });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function idsOf(rows: readonly Row[]): unknown[] {
  return rows.map(({ id }) => id);
}

test('a store without a ledger says how to get one', async () => {
  const { code, output, errors } = await wyckoff('campaigns', 'list');
  expect({ code, output }).toEqual({ code: 0, output: '' });
  expect(errors).toBe('The store has no campaigns yet. "wyckoff seed" loads a sample ledger.\n');
  expect(JSON.parse((await wyckoff('ranges', 'list', '--json')).output)).toEqual([]);
  expect((await wyckoff('seed')).code).toBe(0);
});

describe('list', () => {
  test('ranges: support and resistance by these names, deleted ones when asked', async () => {
    const { code, output, errors } = await wyckoff('ranges', 'list');
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(
      /^4 trading ranges, oldest first, times in UTC\nid +series +start +end +support +resistance +target +phase +direction/,
    );
    expect(output).toMatch(/^7d02d6de +AAPL 1d +2024-03-07 +2024-06-15 +163\.80 +176\.40 +214\.20 +E +accumulation /m);
    expect(output).toMatch(/^711e6ed7 +TSLA 1d +2024-02-27 +2024-06-15 +266\.80 +302\.50 +159\.70 +E +distribution /m);
    expect(output).not.toMatch(/creek|ice_|deleted/);
    const all = await wyckoff('ranges', 'list', '--deleted');
    expect(all.output).toMatch(/^d2b458ec +TSLA 1d .* 2024-09-07 +distribution /m);
    expect(idsOf(await json('ranges', 'list', '--deleted', '--symbol', 'tsla'))).toEqual([
      '711e6ed7-cc51-4888-874c-30ccd1d4e70f',
      DELETED_RANGE,
    ]);
    expect(idsOf(await json('ranges', 'list', '--phase', 'D'))).toEqual(['e4a32199-0677-47d0-834a-d57f4272fa39']);
  });

  test('the newest, oldest of them first, and how to get more', async () => {
    const { output, errors } = await wyckoff('patterns', 'list');
    expect(output).toMatch(/^The newest 20 patterns, oldest first, times in UTC\n/);
    expect(errors).toBe('There are older ones: --limit 100 shows more, --from and --to choose a window.\n');
    const all = await json('patterns', 'list', '--limit', '100');
    expect(all).toHaveLength(35);
    const bars = all.map((row) => String(row.pattern_bar_timestamp));
    expect(bars).toEqual([...bars].sort());
    const shown = output.trimEnd().split('\n').slice(3);
    expect(shown.map((line) => line.slice(0, 8))).toEqual(all.slice(-20).map(({ id }) => String(id).slice(0, 8)));
  });

  test('filters', async () => {
    const springs = await json('patterns', 'list', '--type', 'SPRING', '--min-confidence', '85');
    expect(springs.every((row) => row.pattern_type === 'SPRING' && Number(row.confidence_score) >= 85)).toBe(true);
    expect(idsOf(springs)).toContain(SPRING);
    // The start of an id will do.
    const ofRange = await json('patterns', 'list', '--range', '7d02d6de');
    expect(ofRange.map((row) => row.pattern_type)).toEqual(['ST', 'SPRING', 'TEST', 'SOS', 'LPS']);
    expect((await json('signals', 'list', '--campaign', CAMPAIGN)).map((row) => row.status)).toEqual([
      ...['TARGET_HIT', 'TARGET_HIT', 'TARGET_HIT'],
    ]);
    expect(idsOf(await json('signals', 'list', '--pattern', SPRING.slice(0, 4)))).toEqual([SIGNAL]);
    expect((await json('signals', 'list', '--status', 'PENDING')).map((row) => row.symbol)).toEqual(['TSLA']);
    expect((await json('campaigns', 'list', '--status', 'ACTIVE')).map((row) => row.symbol)).toEqual(['AAPL']);
    expect(await json('backtests', 'list', '--run', RUN.slice(0, 8))).toHaveLength(3);
    const may = await json('signals', 'list', '--from', '2024-05-18T00:10:00Z', '--to', '2024-05-23T00:10:00Z');
    expect(may.map((row) => row.generated_at)).toEqual(['2024-05-18T00:10:00Z']);
  });

  test('nothing fits', async () => {
    const { code, output, errors } = await wyckoff('signals', 'list', '--symbol', 'MSFT');
    expect({ code, output }).toEqual({ code: 0, output: '' });
    expect(errors).toBe('No signals fit these options; "wyckoff signals list" shows the newest of all.\n');
  });

  test('tables of signals, campaigns and backtests', async () => {
    const signals = await wyckoff('signals', 'list');
    expect(signals.output).toMatch(
      /^cc53fa13 +TSLA 1d +SHORT +STOPPED +2024-04-17 +296\.20 +306\.63 +177\.55 +11\.38 /m,
    );
    const campaigns = await wyckoff('campaigns', 'list');
    expect(campaigns.output).toMatch(/^7503bd09 +TSLA 1d +MARKUP +2024-04-17 +1 of 3 +2\.00% +1129\.62 /m);
    const backtests = await wyckoff('backtests', 'list');
    expect(backtests.output).toMatch(
      /^5dc9a229 +TSLA 1d +2024-01-02 +2024-12-31 +50\.00% +2\.35 +90\.00% .*not ruled out/m,
    );
  });
});

describe('show', () => {
  test('json is the row: column names, decimals as strings, instants with Z', async () => {
    expect(await json<Row>('ranges', 'show', '7d02')).toEqual({
      ...{ id: RANGE, symbol: 'AAPL', timeframe: '1d' },
      ...{ start_time: '2024-03-07T00:00:00Z', end_time: '2024-06-15T00:00:00Z', duration_bars: 70 },
      ...{ creek_level: '163.8', ice_level: '176.4', jump_target: '214.2', cause_factor: '3', range_width: '12.6' },
      ...{ phase: 'E', strength_score: 91, touch_count_creek: 4, touch_count_ice: 4, deleted_at: null, version: 4 },
      ...{ created_at: '2024-03-29T00:04:00Z', updated_at: '2024-06-21T00:07:00Z' },
    });
    const campaign = await json<Row>('campaigns', 'show', CAMPAIGN);
    expect(campaign).toMatchObject({ average_entry: null, current_risk: '0', total_allocation: '0' });
    expect((campaign.entries as Row[])[0]).toMatchObject({ price: '165.7', size: '120', exit_price: '214.2' });
  });

  test('a range: its levels, patterns, campaigns and history', async () => {
    const { code, output, errors } = await wyckoff('ranges', 'show', RANGE);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(
      new RegExp(`^trading range ${RANGE}\nAAPL 1d, accumulation, phase E, ended; times in UTC\n`),
    );
    expect(output).toMatch(/^ {2}support +163\.80\n {2}resistance +176\.40\n {2}target +214\.20$/m);
    expect(output).toContain('The columns call the support creek_level, the resistance ice_level');
    expect(section(output, 'Its patterns').match(/^[0-9a-f]{8} .*/gm)).toHaveLength(5);
    expect(section(output, 'Its campaigns')).toMatch(/^73c2bd2e +AAPL 1d +COMPLETED /m);
    expect(section(output, 'History')).toMatch(
      /2024-03-29 00:04 {2}detector\/1\.4 {2}TRADING_RANGE_CREATED: recognised a range of accumulation\n/,
    );
    expect(output.trimEnd().split('\n').at(-1)).toBe(`The whole story: wyckoff trace ${STORY}`);
  });

  test('a deleted range says so', async () => {
    const { output } = await wyckoff('ranges', 'show', DELETED_RANGE);
    expect(output).toContain('TSLA 1d, distribution, phase B, deleted 2024-09-07 00:07; times in UTC');
    expect(output).toContain('Its patterns: none');
  });

  test('a pattern: its metadata, range and signal', async () => {
    const { output } = await wyckoff('patterns', 'show', SPRING);
    expect(output).toContain('AAPL 1d, SPRING, phase C, tradable; times in UTC');
    expect(section(output, 'Metadata')).toMatch(/^ {2}penetration_pct +0\.015568\n {2}recovery_bars +1$/m);
    expect(section(output, 'Its trading range')).toMatch(/^7d02d6de /m);
    expect(section(output, 'Its signals')).toMatch(/^2258f886 +AAPL 1d +LONG +TARGET_HIT /m);
  });

  test('a signal: its approval chain, pattern, range and campaign', async () => {
    const { output } = await wyckoff('signals', 'show', SIGNAL);
    const chain = section(output, 'Approval chain');
    expect(chain).toMatch(/^ {2}overall_status +PASS\n {2}warnings +none\n/m);
    expect(chain.match(/^ {4}(Volume|Phase|Levels|Risk|Strategy) +PASS /gm)).toHaveLength(5);
    expect(section(output, 'Its pattern')).toMatch(/^8a4b4f79 +AAPL 1d +SPRING /m);
    expect(section(output, 'Its trading range')).toMatch(/^7d02d6de /m);
    expect(section(output, 'Its campaign')).toMatch(/^73c2bd2e /m);
    expect(section(output, 'History').match(/SIGNAL_[A-Z_]+/g)).toEqual([
      ...['SIGNAL_GENERATED', 'SIGNAL_APPROVED', 'SIGNAL_FILLED', 'SIGNAL_TARGET_HIT'],
    ]);
  });

  test('a campaign: its entries and signals; a backtest: its configuration and run', async () => {
    const campaign = await wyckoff('campaigns', 'show', '1229f6a8');
    expect(campaign.output).toContain('AAPL 1d, ACTIVE, 2 of 2 positions open; times in UTC');
    expect(section(campaign.output, 'Entries').match(/ OPEN$/gm)).toHaveLength(2);
    expect(section(campaign.output, 'Its signals').match(/ FILLED /g)).toHaveLength(2);
    const backtest = await wyckoff('backtests', 'show', '5dc9a229');
    expect(section(backtest.output, 'Configuration')).toMatch(/^ {2}volume_rules\n {4}LPS +1\.0\n/m);
    expect(section(backtest.output, 'Other results of its run').match(/^[0-9a-f]{8} /gm)).toHaveLength(2);
  });
});

describe('trace', () => {
  test('tells the story from the first pattern to the last exit', async () => {
    const { code, output, errors } = await wyckoff('trace', STORY.slice(0, 8));
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(
      new RegExp(
        `^AAPL 1d, ${STORY}\nfrom 2024-02-15 00:05 to 2024-08-30 00:03 UTC, 34 events by detector/1\\.4, risk/2\\.1, broker/paper\n` +
          'It ended: campaign 73c2bd2e COMPLETED, 0 of 3 positions open; signals: 3 TARGET_HIT; range 7d02d6de accumulation, ',
      ),
    );
    const story = output.match(/^\d{4}-\d\d-\d\d \d\d:\d\d {2}.*/gm)!;
    expect(story).toHaveLength(34);
    expect(story.map((line) => line.slice(0, 16))).toEqual(story.map((line) => line.slice(0, 16)).sort());
    const told = [
      'range 7d02d6de     recognised a range of accumulation; support 163.80, resistance 176.40, target 201.60, phase B (detector/1.4)',
      'range 7d02d6de     updated: entered phase C; target 201.60 -> 214.20, phase B -> C (detector/1.4)',
      'pattern 8a4b4f79   SPRING test confirmed: the bar of 2024-05-22 tested it on less volume and held (detector/1.4)',
      'signal 2258f886    LONG SPRING approved (risk/2.1)',
      'signal 2258f886    LONG SPRING filled at 165.70 (broker/paper)',
      'campaign 73c2bd2e  entry added: added the SPRING position; allocation 0.00% -> 2.00%, risk 0.00 -> 631.20, average entry none -> 165.70 (broker/paper)',
      'signal 2258f886    LONG SPRING target hit: left at 214.20 (broker/paper)',
    ];
    expect(story.map((line) => line.slice(18)).filter((line) => told.includes(line))).toEqual(told);
    expect(section(output, 'As things are now')).toBe('');
    expect(section(output, 'signals').match(/ TARGET_HIT /g)).toHaveLength(3);
    expect(output).toMatch(/\nThe chain verifies: 34 events, none changed, none missing\.\n$/);
  });

  test('an idea that goes on, one that was dropped, and a run of backtests', async () => {
    const tsla = await wyckoff('trace', 'bc6c491f');
    expect(tsla.output).toContain(
      '\nIt goes on: campaign 7503bd09 MARKUP, 1 of 3 positions open; signals: 1 PENDING, 1 FILLED, 1 STOPPED, 1 TARGET_HIT; ',
    );
    const dropped = await wyckoff('trace', '651524fd');
    expect(dropped.output).toMatch(
      / deleted: a pause in the markdown, not a range: no climax, no test \(detector\/1\.4\)$/m,
    );
    const run = await wyckoff('trace', 'b023deb0');
    expect(run.output).toMatch(/^AAPL 1d, SPY 1d, TSLA 1d, b023deb0/);
    expect(run.output).toContain("TSLA 1d, recorded the year's run of TSLA; win rate 50.00%, mean R 2.35, ");
  });

  test('json', async () => {
    const story = await json<Row & { events: Row[]; now: Record<string, Row[]> }>('trace', STORY);
    expect(story).toMatchObject({
      ...{ correlation_id: STORY, series: ['AAPL 1d'], over: true, verified: true, problems: [] },
      ...{ from: '2024-02-15T00:05:00Z', to: '2024-08-30T00:03:00Z' },
    });
    expect(story.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 34 }, (_, at) => `${at + 1}`));
    expect(story.events[0]).toMatchObject({ event_type: 'PATTERN_DETECTED', actor: 'detector/1.4', prev_hash: null });
    expect(story.events[1]!.prev_hash).toBe(story.events[0]!.row_hash);
    expect(story.events.at(-1)).toMatchObject({ event_type: 'CAMPAIGN_COMPLETED', entity_id: CAMPAIGN });
    expect(story.now.trading_ranges).toEqual([await json<Row>('ranges', 'show', RANGE)]);
    expect(Object.entries(story.now).map(([table, rows]) => [table, rows.length])).toEqual([
      ...[
        ['trading_ranges', 1],
        ['patterns', 8],
        ['signals', 3],
        ['campaigns', 1],
        ['backtest_results', 0],
      ],
    ]);
  });

  test('a chain that somebody rewrote does not verify', async () => {
    const rewrite = (action: string) =>
      query(`ALTER TABLE audit_trail DISABLE TRIGGER USER;
        UPDATE audit_trail SET action = '${action}' WHERE correlation_id = '651524fd-ecdd-4800-8e48-37bba3622b34' AND seq = 2;
        ALTER TABLE audit_trail ENABLE TRIGGER USER`);
    await rewrite('nothing happened');
    try {
      const { code, output, errors } = await wyckoff('trace', '651524fd');
      expect(code).toBe(1);
      expect(output).toContain('closed: nothing happened');
      expect(output).not.toContain('verifies');
      expect(errors).toMatch(/^FAIL: .* \[EVENT_CHANGED\]\nhint: /);
      expect(JSON.parse((await wyckoff('trace', '651524fd', '--json')).output)).toMatchObject({ verified: false });
    } finally {
      await rewrite('the price has left the range');
    }
    expect((await wyckoff('trace', '651524fd')).code).toBe(0);
  });
});

describe('ids that do not fit', () => {
  const NOBODY = '00000000-0000-4000-8000-000000000000';

  test.each([
    [['signals', 'show', RANGE], `there is no signal ${RANGE} [SIGNAL_UNKNOWN]\nhint: it is an id of trading_ranges`],
    [
      ['patterns', 'show', 'dead'],
      'there is no pattern whose id starts with dead [PATTERN_UNKNOWN]\nhint: "wyckoff patterns list" shows their ids',
    ],
    [
      ['patterns', 'list', '--range', 'dead'],
      'there is no trading range whose id starts with dead [TRADING_RANGE_UNKNOWN]\nhint: "wyckoff ranges list" shows their ids',
    ],
    [
      ['backtests', 'list', '--run', NOBODY],
      `there is no backtest run ${NOBODY} [BACKTEST_RUN_UNKNOWN]\nhint: "wyckoff backtests list" shows their ids`,
    ],
    [
      ['trace', NOBODY],
      `there is no chain of events ${NOBODY} [CORRELATION_UNKNOWN]\nhint: "wyckoff audit list" shows the newest events with their correlation ids`,
    ],
    [
      ['trace', '2258f886'],
      'there is no chain of events 2258f886 [CORRELATION_UNKNOWN]\nhint: it is the id of a signal: "wyckoff signals show 2258f886" names its story',
    ],
  ])('%j', async (args, message) => {
    const { code, output, errors } = await wyckoff(...args);
    expect({ code, output, errors }).toEqual({ code: 1, output: '', errors: `error: ${message}\n` });
  });

  test('the start of two ids', async () => {
    await query(`CREATE TEMP TABLE twin AS SELECT * FROM trading_ranges WHERE id = '${DELETED_RANGE}';
      UPDATE twin SET id = 'd2b458ec-0000-4000-8000-000000000000'; INSERT INTO trading_ranges SELECT * FROM twin`);
    try {
      const { code, errors } = await wyckoff('ranges', 'show', 'd2b458ec');
      expect(code).toBe(1);
      expect(errors).toBe(
        `error: invalid id: "d2b458ec": the start of more than one trading range's id [ID_AMBIGUOUS]\n` +
          `hint: write more of it: d2b458ec-0000-4000-8000-000000000000, ${DELETED_RANGE}\n`,
      );
      expect((await wyckoff('ranges', 'show', 'd2b458ec-25')).output).toContain(`trading range ${DELETED_RANGE}\n`);
    } finally {
      await query(`DELETE FROM trading_ranges WHERE id = 'd2b458ec-0000-4000-8000-000000000000'`);
    }
  });
});

test.each([
  [['ranges', 'show'], "missing required argument 'id'"],
  [['ranges', 'show', 'my-range'], 'An id, or at least the first 4 characters of it'],
  [['trace', 'abc'], 'An id, or at least the first 4 characters of it'],
  [['patterns', 'list', '--type', 'SPRUNG'], 'Allowed choices are SPRING, TEST, '],
  [['patterns', 'list', '--min-confidence', '101'], 'A confidence score is a whole number from 0 to 100.'],
  [['signals', 'list', '--status', 'MARKUP'], 'Allowed choices are PENDING, APPROVED, '],
  [['campaigns', 'list', '--deleted'], "unknown option '--deleted'"],
  [['backtests', 'list', '--limit', '10001'], 'A limit is a whole number from 1 to 10000.'],
  [['ranges', 'list', '--from', 'yesterday'], 'write it as 2024-01-02'],
])('wrong usage: %j', async (args, message) => {
  const { code, output, errors } = await wyckoff(...args);
  expect({ code, output }).toEqual({ code: 2, output: '' });
  expect(errors).toContain(message);
});

test.each(
  ['ranges', 'patterns', 'signals', 'campaigns', 'backtests'].flatMap((group) => [
    [group, 'list'],
    [group, 'show'],
  ]),
)('%s %s --help has an example', async (...command) => {
  const { code, output } = await wyckoff(...command, '--help');
  expect(code).toBe(0);
  expect(output).toMatch(/^Example: wyckoff /m);
});

/** What stands between a heading and the next empty line. */
function section(output: string, heading: string): string {
  const lines = output.split('\n');
  const start = lines.indexOf(heading);
  expect(start, `the heading ${heading}`).toBeGreaterThan(0);
  const end = lines.indexOf('', start);
  return lines.slice(start + 1, end).join('\n');
}
