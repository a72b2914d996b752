import { APPROVAL_CHAIN } from './approval-chain.js';
import { AUDIT_METADATA } from './audit-event.js';
import { CAMPAIGN_ENTRY } from './campaign-entry.js';
import { JsonSchemas } from './json-schemas.js';
import { PATTERN_METADATA } from './pattern-metadata.js';

/** The shapes of the ledger's JSON documents that come with the store. A caller adds its own by `with`. */
export const LEDGER_SCHEMAS = new JsonSchemas([...PATTERN_METADATA, APPROVAL_CHAIN, CAMPAIGN_ENTRY, ...AUDIT_METADATA]);
