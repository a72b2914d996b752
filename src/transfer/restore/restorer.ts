import type { Client, Session } from '../../database/session.js';
import { WyckoffError } from '../../errors.js';
import { OWN_NAMES, verifyWithin } from '../../repositories/audit/verify.js';
import type { ExportKind } from '../export/kinds.js';
import { type ExportedFile, MANIFEST, readManifest } from '../export/manifest.js';
import { EXPORT_TABLES } from '../export/tables.js';
import { compareLines } from './compare-lines.js';
import { restoreEmptyChains } from './empty-chains.js';
import { checkedLines, fileLines, ledgerFiles, refusal } from './export-files.js';
import { insertLines } from './insert-lines.js';
import { requireOtherChains, takeEmptyLedger } from './target.js';

export interface RestoreProgress {
  readonly kind: ExportKind;
  readonly phase: 'write' | 'compare';
  readonly rows: number;
  readonly total: number;
}

export interface RestoreOptions {
  /** What `store.export` wrote, in NDJSON, of the whole ledger. */
  readonly directory: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: RestoreProgress) => void) | undefined;
}

export interface RestoreResult {
  readonly rows: Readonly<Partial<Record<ExportKind, number>>>;
  /** Of the audit trail's heads, as `audit.verify()` answers it. */
  readonly auditDigest: string;
  readonly seconds: number;
}

/**
 * Restores the ledger of an export into an empty one, verbatim: ids, instants, versions, deleted ranges, and the audit trail with its hashes. In
 * one transaction; what was restored is exported again and held against the files, and the chains are verified, before it is committed. No event tells
 * of it: the trail is the one that was exported, with the digest that it had.
 *
 * The triggers of the audit trail stay on. They give an event its place and its hash, and of the same events in the same order those are the same.
 *
 * @throws InvalidInputError for files that are not what was exported; DatabaseError RESTORE_NOT_OWNER; MigrationError RESTORE_NEWER; ConflictError
 *   RESTORE_NOT_EMPTY; WyckoffError RESTORE_UNVERIFIED; the signal's reason
 */
export async function restoreLedger(session: Session, options: RestoreOptions): Promise<RestoreResult> {
  const started = performance.now();
  const { directory, signal } = options;
  signal?.throwIfAborted();
  const manifest = await readManifest(directory);
  const files = ledgerFiles(manifest, directory);
  const auditDigest = await session.transaction(async (client) => {
    await client.query("SET LOCAL statement_timeout = 0; SET LOCAL timezone = 'UTC'");
    const others = await takeEmptyLedger(client, manifest.migrations);
    const chains = files.find(({ kind }) => kind === 'audit-chains')!;
    await requireOtherChains(others, fileLines(directory, chains));
    for (const file of files) await writeFile(client, file, options);
    for (const file of files) await compareFile(client, file, others, options);
    return requireSoundTrail(client, signal);
  });
  return {
    rows: Object.fromEntries(files.map(({ kind, rows }) => [kind, rows])),
    auditDigest,
    seconds: (performance.now() - started) / 1000,
  };
}

async function writeFile(client: Client, file: ExportedFile, { directory, signal, onProgress }: RestoreOptions) {
  const { kind, path, rows: total } = file;
  const lines = fileLines(directory, file);
  // The heads are the trigger's to write, event by event; chains without an event have to be asked for.
  if (kind === 'audit-chains') return restoreEmptyChains(client, lines);
  await insertLines(client, EXPORT_TABLES[kind], lines, path, (rows) => {
    signal?.throwIfAborted();
    onProgress?.({ kind, phase: 'write', rows, total });
  });
}

/** `others`: chains of events that were there before. */
async function compareFile(
  client: Client,
  file: ExportedFile,
  others: readonly string[],
  { directory, signal, onProgress }: RestoreOptions,
) {
  const { kind, path, rows: total } = file;
  const audited = kind === 'audit-trail' || kind === 'audit-chains';
  const parts = [{ where: audited ? `stored.correlation_id <> ALL ('{${others.join(',')}}')` : 'true' }];
  const done = (_: unknown, rows: number) => onProgress?.({ kind, phase: 'compare', rows, total });
  const rows = { client, table: EXPORT_TABLES[kind], parts, signal, done };
  const found = await compareLines(rows, checkedLines(directory, file), path);
  if (found === total) return;
  throw refusal('EXPORT_MANIFEST_INVALID', MANIFEST, `it counts ${total} rows of ${path}, which has ${found}`, {
    hint: 'take a copy of the export that is whole',
  });
}

async function requireSoundTrail(client: Client, signal: AbortSignal | undefined): Promise<string> {
  await client.query(OWN_NAMES);
  const { problems, digest } = await verifyWithin(client, { signal });
  const [first] = problems;
  if (!first) return digest;
  throw new WyckoffError('RESTORE_UNVERIFIED', `the audit trail of the export does not hold: ${first.message}`, {
    hint: '`wyckoff audit verify` says the same of the database that was exported; what was written past the store is moved with pg_dump',
  });
}
