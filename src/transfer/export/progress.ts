import type { ExportKind } from './kinds.js';

export interface ExportProgress {
  readonly kind: ExportKind;
  /** Series of the kind that are through, and how many there are; of the ledger a table. */
  readonly parts: number;
  readonly allParts: number;
  /** Rows of those parts, and the bytes of the file. */
  readonly rows: number;
  readonly bytes: number;
}
