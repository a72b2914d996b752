import { basename, dirname } from 'node:path';
import { InvalidInputError } from '../../errors.js';
import { EXPORT_KINDS } from '../export/kinds.js';
import { readManifest } from '../export/manifest.js';
import { refusal } from '../restore/export-files.js';
import type { HashedFile } from './file-identity.js';

const KINDS: readonly string[] = EXPORT_KINDS;

/**
 * A file that lies beside the manifest of its export is imported only as it was exported: a row that is gone from it, or another price, would be sound by
 * itself. @throws InvalidInputError EXPORT_FILE_CHANGED
 */
export async function requireAsExported({ path, contentHash }: HashedFile): Promise<void> {
  const name = basename(path);
  if (!KINDS.includes(name.slice(0, name.indexOf('.')))) return;
  const manifest = await readManifest(dirname(path)).catch((error: unknown) => {
    if (error instanceof InvalidInputError) return undefined; // there is none, or it is another program's
    throw error;
  });
  const exported = manifest?.files.find((file) => file.path === name);
  if (!exported || exported.sha256 === contentHash.toString('hex')) return;
  throw refusal(
    'EXPORT_FILE_CHANGED',
    name,
    'its SHA-256 is not the one in manifest.json: it was changed since the export',
    {
      hint: 'take a copy of the export that is whole; where the change is meant, move the file away from its manifest.json',
    },
  );
}
