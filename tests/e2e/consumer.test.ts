import { readFileSync } from 'node:fs';
import { chmod, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyPackages, installTarball, packTarball, ROOT, runIn } from './installed-package.js';

const CONSUMER = join(ROOT, 'tests/consumer');

let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'wyckoff-consumer-'));
  await chmod(project, 0o711); // as root, the server runs as another user, who must get through
  await installTarball(await packTarball(project), project);
  // Whoever writes TypeScript for Node has these two.
  await copyPackages(['node_modules/@types/node', 'node_modules/undici-types'], project);
  for (const part of ['package.json', 'tsconfig.json', 'src'])
    await cp(join(CONSUMER, part), join(project, part), { recursive: true });
});

afterAll(async () => {
  await rm(project, { recursive: true, force: true });
});

async function runEngine(...args: string[]): Promise<Report> {
  const { code, stdout, stderr } = await runIn(project, process.execPath, 'dist/main.js', ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Report;
}

interface Report {
  readonly results: readonly Readonly<Record<string, unknown>>[];
  readonly cheated?: number;
  readonly audit: unknown;
}

const SOUND = { problems: [], complete: true };

/** Every evening of the year is a read. */
const HONEST = { lookAheadBiasCheck: true, reads: 365, violations: 0, actors: ['engine/1.0'] };

/** What the audit trail tells of one range and all that comes of it, under one correlation id. */
const RANGE = ['TRADING_RANGE_CREATED'];
const CANDIDATE = ['TRADING_RANGE_UPDATED', 'PATTERN_DETECTED'];
const TRADE = ['PATTERN_TEST_CONFIRMED', 'SIGNAL_GENERATED', 'SIGNAL_APPROVED'];
const POSITION = ['CAMPAIGN_OPENED', 'SIGNAL_FILLED', 'CAMPAIGN_ENTRY_ADDED'];
const MARKUP = ['TRADING_RANGE_CLOSED', 'CAMPAIGN_MARKUP_STARTED'];
const TARGET = ['CAMPAIGN_ENTRY_CLOSED', 'SIGNAL_TARGET_HIT', 'CAMPAIGN_COMPLETED'];
const RIDING = [...RANGE, ...CANDIDATE, ...TRADE, ...POSITION, ...MARKUP];

const AAPL = {
  symbol: 'AAPL',
  ...{ detected: 2, truePositives: 2, falsePositives: 0, falseNegatives: 0, precision: '1.0000', recall: '1.0000' },
  ...{ signals: 2, wins: 1, losses: 0, averageRMultiple: '9.04', maxDrawdown: '0.0000' },
  ranges: { truePositives: 2, falsePositives: 0, falseNegatives: 0 },
  patterns: [
    { type: 'SPRING', bar: '2024-05-16', test: '2024-05-22', rejected: null },
    { type: 'SPRING', bar: '2024-11-21', test: '2024-12-03', rejected: null },
  ],
  campaigns: [
    { status: 'COMPLETED', started: '2024-05-24', completed: '2024-08-30', allocation: '0.00', averageEntry: null },
    { status: 'MARKUP', started: '2024-12-05', completed: null, allocation: '2.50', averageEntry: '212.80' },
  ],
  stories: [[...RIDING, ...TARGET], RIDING],
  ...HONEST,
};

/** Its first spring looks like one, and fails: the engine takes it back, and it counts against its precision. */
const SPY = {
  symbol: 'SPY',
  ...{ detected: 2, truePositives: 1, falsePositives: 1, falseNegatives: 0, precision: '0.5000', recall: '1.0000' },
  ...{ signals: 1, wins: 1, losses: 0, averageRMultiple: '8.81', maxDrawdown: '0.0000' },
  ranges: { truePositives: 1, falsePositives: 0, falseNegatives: 0 },
  patterns: [
    { type: 'SPRING', bar: '2024-05-30', test: null, rejected: 'traded beyond 499.7' },
    { type: 'SPRING', bar: '2024-06-11', test: '2024-06-18', rejected: null },
  ],
  campaigns: [
    { status: 'COMPLETED', started: '2024-06-21', completed: '2024-12-05', allocation: '0.00', averageEntry: null },
  ],
  stories: [[...RANGE, ...CANDIDATE, 'PATTERN_REJECTED', ...CANDIDATE, ...TRADE, ...POSITION, ...MARKUP, ...TARGET]],
  ...HONEST,
};

const TSLA = {
  symbol: 'TSLA',
  ...{ detected: 1, truePositives: 1, falsePositives: 0, falseNegatives: 0, precision: '1.0000', recall: '1.0000' },
  ...{ signals: 1, wins: 0, losses: 0, averageRMultiple: '0.00', maxDrawdown: '0.0000' },
  ranges: { truePositives: 1, falsePositives: 0, falseNegatives: 0 },
  patterns: [{ type: 'UTAD', bar: '2024-05-08', test: '2024-05-16', rejected: null }],
  campaigns: [{ status: 'MARKUP', started: '2024-05-18', completed: null, allocation: '2.50', averageEntry: '298.20' }],
  stories: [RIDING],
  ...HONEST,
};

describe('an engine that is built on the package', () => {
  it('depends on the package alone', () => {
    const { dependencies } = JSON.parse(readFileSync(join(CONSUMER, 'package.json'), 'utf8'));
    expect(dependencies).toEqual({ 'wyckoff-store': 'file:wyckoff-store.tgz' });
  });

  it('type-checks against the declarations of the package, and compiles', async () => {
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    expect(await runIn(project, process.execPath, compiler)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('loads the sample data', async () => {
    const { code, stdout } = await runIn(project, join(project, 'node_modules/.bin/wyckoff'), 'seed');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ohlcv_bars +756 +756 +0$/m);
  });

  it('finds ranges, springs and UTADs, trades them, and has not looked ahead', async () => {
    expect(await runEngine()).toEqual({ results: [AAPL, SPY, TSLA], audit: SOUND });
  });

  it('sees nothing when it cheats, and is found out, beside what an honest run has written', async () => {
    const caught = { ...AAPL, lookAheadBiasCheck: false, reads: 366, violations: 1 };
    expect(await runEngine('--cheat')).toEqual({ results: [caught, SPY, TSLA], cheated: 0, audit: SOUND });
  });
});
