import type { Client } from '../../database/session.js';
import type { ExportPart } from './column.js';
import type { ExportTable } from './kinds.js';

/** The rows of a table that are to be written, part by part, in one snapshot. */
export interface PartRows {
  readonly client: Client;
  readonly table: ExportTable;
  readonly parts: readonly ExportPart[];
  readonly signal: AbortSignal | undefined;
  /** Is told of each part that is through, and how many rows it had. */
  readonly done: (part: ExportPart, rows: number) => void;
}
