import type { ExportKind, ExportTable } from './kinds.js';
import { LEDGER_TABLES } from './ledger-tables.js';
import { MARKET_TABLES } from './market-tables.js';

/** The own format of an export, by kind: what `wyckoff import` and `wyckoff restore` read. */
export const EXPORT_TABLES: Readonly<Record<ExportKind, ExportTable>> = { ...MARKET_TABLES, ...LEDGER_TABLES };
