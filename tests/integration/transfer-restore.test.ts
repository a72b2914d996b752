import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openStore, type Store, WyckoffError } from '../../src/index.js';
import { type ExportKind, LEDGER_KINDS } from '../../src/transfer/export/kinds.js';
import { EXPORT_TABLES } from '../../src/transfer/export/tables.js';
import { manifestOf, sha256Of, temporaryDirectory, writeHardBars, writeLedger } from '../setup/exported.js';
import { openRawClient } from '../setup/raw-client.js';
import { storedTable } from '../setup/stored-cells.js';
import { openTestStore } from '../setup/test-database.js';

async function exported() {
  const { store, url } = await openTestStore();
  await writeHardBars(store);
  await writeLedger(store, url);
  const raw = await openRawClient(url);
  // A chain without an event: its only append was left out by ON CONFLICT.
  await raw.query(`INSERT INTO audit_trail (id, event_type, entity_type, entity_id, actor, action, correlation_id)
    SELECT id, event_type, entity_type, entity_id, actor, action, gen_random_uuid() FROM audit_trail LIMIT 1 ON CONFLICT (id) DO NOTHING`);
  const directory = join(await temporaryDirectory(), 'ledger');
  await store.files.export({ kinds: LEDGER_KINDS, format: 'ndjson', directory });
  return { store, raw, directory };
}

async function contentOf(url: string) {
  const raw = await openRawClient(url);
  const tables: Record<string, unknown> = {};
  for (const kind of LEDGER_KINDS) {
    const { relation } = EXPORT_TABLES[kind];
    const order = { 'audit-trail': 'correlation_id, seq', 'audit-chains': 'correlation_id' }[kind as string] ?? 'id';
    tables[relation] = (await storedTable(raw, relation, order)).rows;
  }
  return tables;
}

async function refused(store: Store, directory: string): Promise<string> {
  const error = await store.files.restoreLedger({ directory }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WyckoffError);
  return `${(error as WyckoffError).code}: ${(error as WyckoffError).message}`;
}

test('a ledger is restored verbatim, its chains whole, and goes on from there', async () => {
  const from = await openTestStore();
  const { store, raw, directory } = await exported();
  const { digest } = await store.audit.verify();
  const gzipped = join(directory, '..', 'gzipped');
  await store.files.export({ format: 'ndjson', compression: 'gzip', directory: gzipped });
  for (const path of [directory, gzipped]) {
    const { store: other, url } = path === gzipped ? from : await openTestStore();
    const result = await other.files.restoreLedger({ directory: path });
    expect(result).toMatchObject({
      auditDigest: digest,
      rows: { 'trading-ranges': 3, patterns: 2, 'backtest-results': 1 },
    });
    const { host, port, database } = raw;
    expect(await contentOf(url)).toEqual(
      await contentOf(`postgresql://${raw.user}:${raw.password ?? ''}@${host}:${port}/${database}`),
    );
    expect(await other.audit.verify()).toMatchObject({ digest, problems: [], complete: true });
    const again = join(directory, '..', `again-${path === gzipped}`);
    await other.files.export({ kinds: LEDGER_KINDS, format: 'ndjson', directory: again });
    for (const { path: file, sha256 } of (await manifestOf(directory)).files)
      expect(await sha256Of(join(again, file)), file).toBe(sha256);
    // The deleted range is there still, as deleted, and can be brought back; its chain goes on.
    const [deleted] = (
      await (await openRawClient(url)).query('SELECT id, version FROM trading_ranges WHERE deleted_at IS NOT NULL')
    ).rows;
    await other.tradingRanges.restore(deleted.id, { version: deleted.version });
    expect((await other.audit.verify()).problems).toEqual([]);
    expect(await refused(other, path)).toMatch(/^RESTORE_NOT_EMPTY: .*trading_ranges, .*audit_trail/);
  }
});

test('a database whose ledger was never used does not take its own export again', async () => {
  const { store } = await openTestStore();
  await writeHardBars(store);
  await store.bars.delete({ symbol: 'AAPL', timeframe: '1d', from: '2000-01-01', to: '2100-01-01' }); // events of market data
  const directory = join(await temporaryDirectory(), 'own');
  await store.files.export({ kinds: LEDGER_KINDS, format: 'ndjson', directory });
  expect(await refused(store, directory)).toMatch(/^RESTORE_NOT_EMPTY: .* of this very export/);
  const { store: other } = await openTestStore();
  await writeHardBars(other);
  await other.bars.delete({ symbol: 'AAPL', timeframe: '1d', from: '2000-01-01', to: '2100-01-01' });
  expect((await other.files.restoreLedger({ directory })).rows['audit-trail']).toBeGreaterThan(0);
});

/** Changes a line of a file, and the manifest as well unless `seen`: then nobody could tell by the checksum. */
async function tampered(
  directory: string,
  kind: ExportKind,
  change: (lines: string[]) => string[],
  seen = false,
): Promise<string> {
  const copy = `${directory}-${kind}-${Math.random()}`;
  await cp(directory, copy, { recursive: true });
  const path = join(copy, `${kind}.ndjson`);
  const text = `${change((await readFile(path, 'utf8')).split('\n').slice(0, -1)).join('\n')}\n`;
  await writeFile(path, text);
  if (seen) return copy;
  const manifest = await manifestOf(copy);
  const file = manifest.files.find((one) => one.kind === kind)!;
  const rows = text.split('\n').length - 1;
  const told = {
    ...file,
    rows,
    bytes: Buffer.byteLength(text),
    sha256: createHash('sha256').update(text).digest('hex'),
  };
  const files = manifest.files.map((one) => (one.kind === kind ? told : one));
  await writeFile(join(copy, 'manifest.json'), JSON.stringify({ ...manifest, files }));
  return copy;
}

const inLine = (index: number, from: string | RegExp, to: string) => (lines: string[]) => {
  const changed = lines.with(index, lines[index]!.replace(from, to));
  expect(changed).not.toEqual(lines);
  return changed;
};

test('a file that was changed is refused, its first line named, and nothing is written', async () => {
  const { directory } = await exported();
  const { store, url } = await openTestStore();
  const empty = await contentOf(url);
  const refusedBy = async (...given: Parameters<typeof tampered> extends [string, ...infer Rest] ? Rest : never) =>
    refused(store, await tampered(directory, ...given));
  const SEEN = true;
  // The manifest tells, whichever file it is.
  for (const kind of LEDGER_KINDS) {
    if (kind === 'audit-chains' || kind === 'audit-trail') continue;
    expect(await refusedBy(kind, inLine(0, '"timeframe":"1d"', '"timeframe":"1h"'), SEEN), kind).toMatch(
      /^EXPORT_FILE_CHANGED/,
    );
  }
  // A trail does not need it.
  for (const seen of [true, false]) {
    expect(await refusedBy('audit-trail', inLine(4, /"actor":"[^"]*"/, '"actor":"somebody"'), seen)).toMatch(
      /^EXPORT_ROW_CHANGED: .*line 5.*does not fit its hash/,
    );
  }
  expect(await refusedBy('audit-trail', inLine(1, /"row_hash":"../, '"row_hash":"00'))).toMatch(
    /^EXPORT_ROW_CHANGED: .*line 2/,
  );
  expect(await refusedBy('audit-trail', (lines) => lines.toSpliced(2, 1))).toMatch(/^EXPORT_ROW_CHANGED/);
  expect(await refusedBy('audit-trail', (lines) => lines.slice(0, -1))).toMatch(/^EXPORT_ROW_CHANGED: .*audit-chains/);
  expect(await refusedBy('audit-chains', inLine(0, /"length":"\d+"/, '"length":"99"'))).toMatch(
    /^EXPORT_ROW_CHANGED: .*line 1: .*head/,
  );
  expect(await refusedBy('audit-chains', (lines) => lines.filter((line) => !line.includes('"length":"1"')))).toMatch(
    /^EXPORT_ROW_CHANGED/,
  );
  // Rows that the chains do not tell of, that the tables refuse, or that they would keep otherwise.
  expect(await refusedBy('patterns', (lines) => [...lines, lines[1]!.replace(/"id":"../, '"id":"00')])).toMatch(
    /^EXPORT_ROW_CHANGED|RESTORE_UNVERIFIED: .*patterns 00/,
  );
  expect(await refusedBy('patterns', inLine(1, '"confidence_score":80', '"confidence_score":101'))).toMatch(
    /^EXPORT_ROW_INVALID: .*line 2/,
  );
  expect(
    await refusedBy('patterns', inLine(1, '"entry_price":"109.00000000"', '"entry_price":"109.000000001"')),
  ).toMatch(/^EXPORT_ROW_CHANGED: .*line 2/);
  expect(await refusedBy('signals', inLine(0, /"pattern_id":"../, '"pattern_id":"00'))).toMatch(
    /^EXPORT_ROW_INVALID: .*line 1.*fk_signals_pattern_id/,
  );
  expect(await refusedBy('signals', inLine(0, '{', '['))).toMatch(/^EXPORT_ROW_INVALID: .*line 1/);
  expect(await refusedBy('trading-ranges', (lines) => [lines.join(',')])).toMatch(/^EXPORT_ROW_CHANGED: .*line 1/);
  // What the manifest says of a sound file, and what is no file.
  const lying = await tampered(directory, 'signals', (lines) => lines);
  const manifest = await manifestOf(lying);
  const files = manifest.files.map((file) => (file.kind === 'signals' ? { ...file, rows: file.rows + 1 } : file));
  await writeFile(join(lying, 'manifest.json'), JSON.stringify({ ...manifest, files }));
  expect(await refused(store, lying)).toMatch(
    /^EXPORT_MANIFEST_INVALID: .*counts \d+ rows of signals.ndjson, which has/,
  );
  await rm(join(lying, 'signals.ndjson'));
  await promisify(execFile)('mkfifo', [join(lying, 'signals.ndjson')]);
  expect(await refused(store, lying)).toMatch(/^EXPORT_FILE_UNREADABLE: .*is no file/);
  expect(await contentOf(url)).toEqual(empty);
});

test('a whole ledger of the same columns, into an empty one, by its owner', async () => {
  const { store: source, directory } = await exported();
  const { store, url } = await openTestStore();
  const other = async (name: string, change: object, options: object = {}) => {
    const path = join(directory, '..', name);
    await source.files.export({ kinds: LEDGER_KINDS, format: 'ndjson', ...options, directory: path });
    await writeFile(join(path, 'manifest.json'), JSON.stringify({ ...(await manifestOf(path)), ...change }));
    return refused(store, path);
  };
  expect(await refused(store, join(directory, 'nowhere'))).toMatch(/^EXPORT_MANIFEST_MISSING/);
  expect(await other('text', { files: [{ path: '../../etc/passwd' }] })).toMatch(/^EXPORT_MANIFEST_INVALID: .*files/);
  expect(await other('csv', {}, { format: 'csv' })).toMatch(/^RESTORE_FORMAT/);
  expect(await other('part', {}, { kinds: ['patterns'] })).toMatch(/^RESTORE_PARTIAL: .*trading-ranges/);
  expect(await other('symbol', { selection: { symbols: ['AAPL'], timeframes: null, from: null, to: null } })).toMatch(
    /^RESTORE_PARTIAL/,
  );
  expect(await other('newer', { migrations: ['20991231000000_later'] })).toMatch(
    /^RESTORE_NEWER: .*20991231000000_later/,
  );
  const { files } = await manifestOf(directory);
  expect(
    await other('columns', { files: files.map((file) => ({ ...file, columns: [...file.columns, 'mood'] })) }),
  ).toMatch(/^RESTORE_COLUMNS/);
  const broken = join(directory, '..', 'broken');
  await source.files.export({ kinds: LEDGER_KINDS, format: 'ndjson', compression: 'gzip', directory: broken });
  await writeFile(join(broken, 'patterns.ndjson.gz'), gzipSync('x').subarray(0, 12));
  expect(await refused(store, broken)).toMatch(/^EXPORT_FILE_UNREADABLE: .*patterns/);
  // An import of bars leaves events of its own; they stay, beside the ledger's.
  const bars = join(directory, '..', 'AAPL_1d.csv');
  await writeFile(bars, 'date,open,high,low,close,volume\n2024-01-02,1,1,1,1,1\n');
  expect(await store.files.import({ paths: [bars], onError: 'stop' })).toMatchObject({ files: [{ error: null }] });
  // Whoever may read and write every table is not their owner yet.
  const raw = await openRawClient(url);
  const role = new URL(url).pathname.slice(1);
  await raw.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT pg_read_all_data, pg_write_all_data TO ${role}`);
  const app = await openStore({ databaseUrl: Object.assign(new URL(url), { username: role, password: 'x' }).href });
  expect(await refused(app, directory)).toMatch(/^RESTORE_NOT_OWNER: .* does not own audit_chains/);
  await app.close();
  await raw.query(`DROP ROLE ${role}`);
  await store.files.restoreLedger({ directory });
  expect((await store.audit.verify()).problems).toEqual([]);
  expect((await store.audit.verify()).chains).toBe(1 + files.at(-1)!.rows);
});
