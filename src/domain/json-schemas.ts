import type { z } from 'zod';
import { isJsonObject, type Json, readJson } from './json.js';
import type { Report } from './problem.js';

/** The JSON columns of the ledger. */
export type JsonKind = 'pattern_metadata' | 'approval_chain' | 'campaign_entry' | 'backtest_config' | 'audit_metadata';

/**
 * What a document of one kind, type and version looks like. The schema reads JSON (decimals are strings there) and may answer Decimals and
 * Dates; what it answers, written as JSON again, must satisfy it.
 *
 * The type is a pattern's type, an audit event's type, a backtest configuration's own `type`, and `DEFAULT` for the rest. A pattern's version
 * is in its column metadata_version; the other documents carry theirs as `schema_version`, 1 where they do not.
 */
export interface JsonSchema {
  readonly kind: JsonKind;
  readonly type: string;
  /** From 1. */
  readonly version: number;
  readonly schema: z.ZodType;
}

export const DEFAULT_TYPE = 'DEFAULT';

/** Kinds whose documents are mostly their caller's own: one that has no schema is any object. */
const OPEN_KINDS: ReadonlySet<JsonKind> = new Set(['backtest_config', 'audit_metadata']);

/** Every known shape of the ledger's documents. A new version is added beside the old one, so that rows written before still read. */
export class JsonSchemas {
  readonly #schemas: ReadonlyMap<string, JsonSchema>;

  constructor(schemas: Iterable<JsonSchema>) {
    this.#schemas = new Map([...schemas].map((schema) => [keyOf(schema.kind, schema.type, schema.version), schema]));
  }

  /** These and the given ones, which win where both have a schema. */
  with(schemas: Iterable<JsonSchema>): JsonSchemas {
    return new JsonSchemas([...this.#schemas.values(), ...schemas]);
  }

  /** Reads a document that is to be written. What its schema answers comes back: Decimals and Dates where the schema has them. */
  read(kind: JsonKind, type: string, version: number, value: unknown, path: string, report: Report): unknown {
    const json = readJson(value, path, report);
    if (json === undefined) return undefined;
    const known = this.#schemas.get(keyOf(kind, type, version));
    if (known === undefined) return this.#readUnknown(kind, type, version, json, path, report);
    return parse(known.schema, json, path, report);
  }

  /**
   * The value of a stored document: as its schema answers it, or as it stands where nobody registered one for its type and version (a
   * detector may write versions that another process does not know). A document that breaks its schema is reported.
   */
  decode(kind: JsonKind, type: string, version: number, json: Json, path: string, report: Report): unknown {
    const known = this.#schemas.get(keyOf(kind, type, version));
    return known === undefined ? json : parse(known.schema, json, path, report);
  }

  #readUnknown(kind: JsonKind, type: string, version: number, json: Json, path: string, report: Report): unknown {
    const versions = [...this.#schemas.values()]
      .filter((schema) => schema.kind === kind && schema.type === type)
      .map((schema) => schema.version);
    if (OPEN_KINDS.has(kind) && versions.length === 0 && isJsonObject(json)) return json;
    const rule =
      OPEN_KINDS.has(kind) && versions.length === 0
        ? 'not an object'
        : `nobody has registered ${kind} ${type} version ${version}`;
    const hint = versions.length > 0 ? `there is version ${versions.join(', ')}` : 'add it to jsonSchemas of openStore';
    report({ code: 'JSON_SCHEMA_UNKNOWN', path, value: version, rule, hint });
    return undefined;
  }
}

/** The version that a document other than a pattern's metadata carries. */
export function schemaVersionOf(document: unknown): number {
  const version = isJsonObject(document as Json)
    ? (document as { schema_version?: unknown }).schema_version
    : undefined;
  return typeof version === 'number' ? version : 1;
}

function keyOf(kind: JsonKind, type: string, version: number): string {
  return JSON.stringify([kind, type, version]);
}

function parse(schema: z.ZodType, json: Json, path: string, report: Report): unknown {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const place = [path, ...issue.path.map(String)].filter((part) => part !== '').join('.');
    const found = issue.path.reduce<unknown>(
      (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
      json,
    );
    const params = issue.code === 'custom' ? issue.params : undefined;
    const code = typeof params?.code === 'string' ? params.code : 'JSON_SHAPE';
    const hint = typeof params?.hint === 'string' ? { hint: params.hint } : {};
    report({ code, path: place, value: found, rule: issue.message, ...hint });
  }
  return undefined;
}
