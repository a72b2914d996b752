import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyPackages, installTarball, packTarball, ROOT, type Tarball } from './installed-package.js';

let scratch: string;
let tarball: Tarball;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'wyckoff-package-'));
  await chmod(scratch, 0o711); // as root, the server runs as another user, who must get through
  tarball = await packTarball(scratch);
  await installTarball(tarball, scratch);
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in the consumer's folder, with nothing configured: the store comes to the embedded server. */
function run(program: string, ...args: string[]): Promise<Outcome> {
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    execFile(program, args, { cwd: scratch, env: { PATH, HOME } }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
    });
  });
}

const node = (...args: string[]) => run(process.execPath, ...args);
const wyckoff = (...args: string[]) => run(join(scratch, 'node_modules/.bin/wyckoff'), ...args);

/** Files below a folder of this project. */
function filesIn(folder: string, wanted: (path: string) => boolean): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
    .filter(wanted);
}

describe('the tarball', () => {
  it('has what was built from the sources, the schema, the migrations and the sample data, and nothing else', () => {
    const sources = [
      ...filesIn('src', (path) => path.endsWith('.ts')),
      ...filesIn('seeds', (path) => path.endsWith('.ts') && !path.startsWith('seeds/generate/')),
    ];
    const expected = [
      ...sources.flatMap((source) => [`dist/${source.slice(0, -3)}.js`, `dist/${source.slice(0, -3)}.d.ts`]),
      ...filesIn('prisma', () => true),
      ...['prisma.config.ts', 'seeds/sample-ledger.json', 'seeds/sample-ohlcv.json'],
      ...['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'],
    ];
    expect(tarball.files).toEqual(expected.sort());
    expect(tarball.files).toContain('dist/src/generated/prisma/client.js');
    expect(tarball.files).toContain('prisma/migrations/migration_lock.toml');
  });
});

/** A consumer as its author would write it: every name that it uses has to be there, with these types. */
const CONSUMER = `
import { type Bar, type BarInput, Decimal, InvalidInputError, openStore, type Store, type StoreOptions, TIMEFRAMES } from 'wyckoff-store';
import { priceSchema, readSymbol } from 'wyckoff-store/domain';

const options: StoreOptions = { maxConnections: 2 };
const store: Store = await openStore(options);
try {
  const day = { symbol: 'ACME', timeframe: '1d', volume: 1_000 } as const;
  const written: BarInput[] = [
    { ...day, timestamp: '2024-01-02', open: '10.00000001', high: '11', low: 10, close: new Decimal('10.5') },
    { ...day, timestamp: new Date('2024-01-03'), open: '10.5', high: '12.5', low: '10', close: '12' },
  ];
  const counts = await store.bars.upsert(written);
  const bars: Bar[] = await store.bars.range({ symbol: 'acme', timeframe: '1d', from: '2024-01-01', to: '2025-01-01' });
  const columns = await store.bars.columns({ symbol: 'ACME', timeframe: '1d' });
  const high: bigint | undefined = columns.high.values[1];
  const refused: unknown = await store.bars.upsert([{ ...written[0]!, high: '1' }]).catch((error: unknown) => error);
  const code: string = refused instanceof InvalidInputError ? refused.code : 'accepted';
  // @ts-expect-error an instant is not a number
  const wrong = store.bars.range({ symbol: 'ACME', timeframe: '1d', from: 20240101 }).catch((error: Error) => error.message);
  // @ts-expect-error a timeframe is one of five
  const unknown = store.bars.range({ symbol: 'ACME', timeframe: '1D' }).catch((error: Error) => error.message);
  console.log(JSON.stringify({
    counts,
    bars: bars.map((bar) => [bar.timestamp.toISOString(), bar.open.toFixed(), bar.spread.toFixed(), bar.spreadRatio.toFixed(4)]),
    high: String(high),
    code,
    wrong: await wrong,
    unknown: await unknown,
    timeframes: TIMEFRAMES,
    symbol: readSymbol(' brk.b ', 'symbol', () => {}),
    price: priceSchema.parse('1.10').toFixed(),
    layout: store.layout,
  }));
} finally {
  await store.close();
}
`;

const COMPILER_OPTIONS = {
  ...{ module: 'NodeNext', target: 'ES2022', lib: ['ES2023', 'ESNext.Disposable'], types: ['node'], strict: true },
  ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
};

describe('the package, installed without development dependencies', () => {
  it('type-checks in a consumer, its own declarations included', async () => {
    await writeFile(join(scratch, 'consumer.ts'), CONSUMER);
    await writeFile(
      join(scratch, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files: ['consumer.ts'] }),
    );
    // Whoever writes TypeScript for Node has these two.
    await copyPackages(['node_modules/@types/node', 'node_modules/undici-types'], scratch);
    expect(await node(join(ROOT, 'node_modules/typescript/bin/tsc'))).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('shows its commands', async () => {
    const { code, stdout } = await wyckoff('--help');
    expect(code).toBe(0);
    for (const command of ['migrate', 'seed', 'check', 'import', 'bars', 'db']) {
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    }
  });

  it('migrates the embedded server', async () => {
    const { code, stdout } = await wyckoff('migrate', '--json');
    expect(code).toBe(0);
    const migrations = filesIn('prisma/migrations', (path) => path.endsWith('.sql')).map((path) => path.split('/')[2]);
    expect(JSON.parse(stdout)).toMatchObject({ applied: migrations.sort(), embedded: true, layout: 'plain' });
  });

  it('runs the consumer', async () => {
    const { code, stdout, stderr } = await node('consumer.js');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      counts: { inserted: 2, changed: 0, unchanged: 0 },
      bars: [
        ['2024-01-02T00:00:00.000Z', '10.00000001', '1', '1.0000'],
        ['2024-01-03T00:00:00.000Z', '10.5', '2.5', '2.5000'],
      ],
      high: '1250000000',
      code: 'HIGH_BELOW_LOW',
      wrong: expect.stringContaining('from: 20240101: not an instant'),
      unknown: expect.stringContaining('timeframe: "1D"'),
      timeframes: ['1m', '5m', '15m', '1h', '1d'],
      symbol: 'BRK.B',
      price: '1.1',
      layout: 'plain',
    });
  });

  it('prints what the consumer wrote, from the command line', async () => {
    const { code, stdout } = await wyckoff('bars', 'range', 'ACME', '1d', '--from', '2024-01-03', '--format', 'csv');
    expect(code).toBe(0);
    expect(stdout).toBe(
      'symbol,timeframe,timestamp,open,high,low,close,volume,spread,spread_ratio,volume_ratio,vwap,source\n' +
        'ACME,1d,2024-01-03T00:00:00Z,10.5,12.5,10,12,1000,2.5,2.5,1,,\n',
    );
  });

  it('imports a file through DuckDB', async () => {
    await writeFile(join(scratch, 'ZORG.csv'), 'Date,Open,High,Low,Close,Volume\n2024-01-02,1,2,0.5,1.5,100\n');
    const { code, stdout } = await wyckoff('import', 'ZORG.csv', '--timeframe', '1d', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ files: [{ inserted: 1, changed: 0, unchanged: 0, rejected: 0 }] });
  });
});
