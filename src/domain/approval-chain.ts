import { z } from 'zod';
import { readChoice } from './choice.js';
import { isJsonObject, type Json, type JsonObject, readJson, toJson } from './json.js';
import { DEFAULT_TYPE, type JsonKind, type JsonSchema, type JsonSchemas, schemaVersionOf } from './json-schemas.js';
import type { Report } from './problem.js';
import { instantSchema } from './schemas.js';
import { readText } from './text.js';
import type { InstantInput } from './time.js';

/** What a signal is validated for, in this order. */
export const STAGES = ['Volume', 'Phase', 'Levels', 'Risk', 'Strategy'] as const;
/** A stage of the validation. */
export type Stage = (typeof STAGES)[number];
export const VERDICTS = ['PASS', 'WARN', 'FAIL'] as const;
/** What a stage, or all of them, said. */
export type Verdict = (typeof VERDICTS)[number];

/** What one stage said. Keys beside these are kept. */
export interface StageResult<Instant = Date> {
  readonly stage: Stage;
  readonly status: Verdict;
  /** Needed unless the stage passed. */
  readonly reason?: string | undefined;
  readonly validator_id: string;
  readonly timestamp: Instant;
  readonly metadata?: JsonObject | undefined;
  readonly [key: string]: unknown;
}

/** What a signal's validation said, under the names that the document has. Keys beside these are kept. */
export interface ApprovalChain {
  /** FAIL where a stage failed or a person said no, else WARN where a stage warned, else PASS. */
  readonly overall_status: Verdict;
  /** The stage that failed. None where a person said no. */
  readonly rejection_stage?: Stage | undefined;
  readonly rejection_reason?: string | undefined;
  /** For people to read: the verdict is made of the stages' alone. */
  readonly warnings: readonly string[];
  /** As far as the validation came, from the first stage on: none is skipped, and a FAIL is the last. */
  readonly validation_results: readonly StageResult[];
  readonly [key: string]: unknown;
}

/** A chain as a caller writes it. What follows from the stages may be left out; what is given must agree with them. */
export interface ApprovalChainInput {
  readonly overall_status?: Verdict | undefined;
  readonly rejection_stage?: Stage | undefined;
  readonly rejection_reason?: string | undefined;
  /** Default: none. */
  readonly warnings?: readonly string[] | undefined;
  readonly validation_results: readonly StageResult<InstantInput>[];
  readonly [key: string]: unknown;
}

/** Why a signal is rejected: a chain whose last stage failed, which says it itself, or the reason of a person, with or without a chain. */
export interface RejectionInput {
  /** A person's; needed where no stage failed. */
  readonly reason?: string | undefined;
  /** As far as the validation came. */
  readonly chain?: ApprovalChainInput | undefined;
}

export interface Rejection {
  readonly reason: string;
  /** Null where only a reason was given: the signal's own chain then carries it. */
  readonly chain: ApprovalChain | null;
}

const KIND: JsonKind = 'approval_chain';
const LONGEST_REASON = 10_000;

const words = z.string().regex(/\S/, 'not a text, or a blank one');

const shape = z.looseObject({
  overall_status: z.enum(VERDICTS).optional(),
  rejection_stage: z.enum(STAGES).optional(),
  rejection_reason: words.optional(),
  warnings: z.array(words).default([]),
  validation_results: z.array(
    z.looseObject({
      stage: z.enum(STAGES),
      status: z.enum(VERDICTS),
      reason: words.optional(),
      validator_id: words,
      timestamp: instantSchema,
      metadata: z.custom<JsonObject>((value) => isJsonObject(value as Json), 'not an object').optional(),
    }),
  ),
});
type Shape = z.output<typeof shape>;

/** Version 1 of a signal's approval chain. Another version must answer an {@link ApprovalChain} too: approve and reject look at its stages. */
export const APPROVAL_CHAIN: JsonSchema = {
  kind: KIND,
  type: DEFAULT_TYPE,
  version: 1,
  schema: shape.transform((chain, context): ApprovalChain => {
    const refuse = (code: string, path: (string | number)[], message: string, hint?: string) =>
      context.addIssue({ code: 'custom', path, message, params: { code, hint } });
    checkStages(chain, refuse);
    return conclude(chain, refuse);
  }),
};

type Refuse = (code: string, path: (string | number)[], message: string, hint?: string) => void;

function checkStages({ validation_results: results }: Shape, refuse: Refuse): void {
  const misplaced = results.findIndex(({ stage }, index) => stage !== STAGES[index]);
  if (misplaced >= 0) {
    const rule = `stages come in the order ${STAGES.join(', ')}, each once and none skipped`;
    const expected = STAGES[misplaced];
    const hint = expected && `here comes ${expected}`;
    refuse('STAGE_OUT_OF_ORDER', ['validation_results', misplaced, 'stage'], rule, hint);
  }
  const failed = results.findIndex(({ status }) => status === 'FAIL');
  if (failed >= 0 && failed < results.length - 1) {
    const rule = `validation stops at the first FAIL, here ${results[failed]?.stage}`;
    refuse('STAGE_AFTER_FAIL', ['validation_results', failed + 1], rule);
  }
  for (const [index, { status, reason }] of results.entries()) {
    if (status === 'PASS' || reason !== undefined) continue;
    refuse('REASON_MISSING', ['validation_results', index, 'reason'], `a stage with a ${status} says why`);
  }
}

/** Adds what follows from the stages, and refuses what contradicts it. */
function conclude(chain: Shape, refuse: Refuse): ApprovalChain {
  const {
    overall_status: given,
    rejection_stage: stage,
    rejection_reason: reason,
    validation_results: results,
  } = chain;
  const failed = results.find(({ status }) => status === 'FAIL');
  // A person may say no to what every stage let pass: a FAIL with a reason, and no stage to its name.
  const refusedByHand = failed === undefined && given === 'FAIL' && reason !== undefined;
  const warned = results.some(({ status }) => status === 'WARN');
  const overall = failed || refusedByHand ? 'FAIL' : warned ? 'WARN' : 'PASS';

  if (given !== undefined && given !== overall) {
    refuse('OVERALL_STATUS_WRONG', ['overall_status'], `the stages make it ${overall}`, 'leave it out');
  }
  if (stage !== undefined && stage !== failed?.stage) {
    const rule = failed ? `the stage that failed is ${failed.stage}` : 'no stage failed';
    refuse('REJECTION_STAGE_WRONG', ['rejection_stage'], rule, 'leave it out');
  }
  if (reason !== undefined && !refusedByHand && reason !== failed?.reason) {
    const rule = failed ? "a rejection's reason is that of the stage that failed" : 'no stage failed';
    refuse('REJECTION_REASON_WRONG', ['rejection_reason'], rule, 'leave it out');
  }
  const rejection = failed && { rejection_stage: failed.stage, rejection_reason: failed.reason };
  return { ...chain, overall_status: overall, ...rejection };
}

/** Reads a chain that is to be written; null where none is given, or an empty one. */
export function readApprovalChain(
  value: unknown,
  path: string,
  schemas: JsonSchemas,
  report: Report,
): ApprovalChain | null | undefined {
  const json = readJson(value ?? {}, path, report);
  if (json === undefined) return undefined;
  if (isEmpty(json)) return null;
  const chain = schemas.read(KIND, DEFAULT_TYPE, schemaVersionOf(json), json, path, report);
  return chain === undefined ? undefined : asChain(chain, path, report);
}

/** The chain of a stored signal, whose empty document `{}` is no chain. */
export function decodeApprovalChain(
  json: Json,
  path: string,
  schemas: JsonSchemas,
  report: Report,
): ApprovalChain | null | undefined {
  if (isEmpty(json)) return null;
  return schemas.decode(KIND, DEFAULT_TYPE, schemaVersionOf(json), json, path, report) as ApprovalChain | undefined;
}

/** The document that is stored for a chain, `{}` for none. */
export function encodeApprovalChain(chain: ApprovalChain | null): Json {
  return chain === null ? {} : toJson(chain);
}

/** Reads what approves a signal: all five stages, none with a FAIL. Paths are the chain's own. */
export function readApproval(value: unknown, schemas: JsonSchemas, report: Report): ApprovalChain | undefined {
  const chain = readApprovalChain(value, '', schemas, report);
  if (chain === undefined) return undefined;
  const seen = new Set(chain?.validation_results.map(({ stage }) => stage));
  const missing = STAGES.filter((stage) => !seen.has(stage));
  if (chain?.overall_status === 'FAIL') {
    const rule = 'a chain with a FAIL approves nothing';
    report({ code: 'CHAIN_FAILED', path: 'overall_status', value: 'FAIL', rule, hint: 'reject the signal with it' });
  } else if (chain === null || missing.length > 0) {
    const rule = `an approval needs all five stages: ${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing`;
    report({ code: 'CHAIN_INCOMPLETE', path: 'validation_results', value: [...seen], rule });
  } else return chain;
  return undefined;
}

/** Reads what rejects a signal; {@link rejectedChain} makes of it what is stored. */
export function readRejection(input: unknown, schemas: JsonSchemas, report: Report): Rejection | undefined {
  if (typeof input !== 'object' || input === null) {
    const hint = "give { chain }, or { reason: '...' }";
    report({ code: 'REJECTION_INVALID', path: '', value: input, rule: 'not an object with a reason or a chain', hint });
    return undefined;
  }
  const { reason: given, chain: document }: { readonly reason?: unknown; readonly chain?: unknown } = input;
  const reason = given === undefined ? undefined : readText(given, LONGEST_REASON, 'reason', report);
  const chain = readApprovalChain(document, 'chain', schemas, report);
  if (chain === undefined || (given !== undefined && reason === undefined)) return undefined;
  const said = reason ?? chain?.rejection_reason;
  if (said === undefined) {
    const rule = 'a rejection has a reason, or a chain in which a stage failed';
    report({ code: 'REJECTION_WITHOUT_REASON', path: 'reason', value: given, rule });
    return undefined;
  }
  const rejected = chain && withReason(chain, said, report);
  return rejected === undefined ? undefined : { reason: said, chain: rejected };
}

/**
 * The chain of a rejected signal whose chain was `stored`: the rejection's own, or the stored one with the reason added. Reports a reason
 * that is not the one for which the stored chain has failed already.
 */
export function rejectedChain(
  { reason, chain }: Rejection,
  stored: ApprovalChain | null,
  report: Report,
): ApprovalChain | undefined {
  return (
    chain ?? withReason(stored ?? { overall_status: 'PASS', warnings: [], validation_results: [] }, reason, report)
  );
}

function withReason(chain: ApprovalChain, reason: string, report: Report): ApprovalChain | undefined {
  if (chain.overall_status !== 'FAIL') return { ...chain, overall_status: 'FAIL', rejection_reason: reason };
  if (chain.rejection_reason === reason) return chain;
  const rule = `the chain has failed for another reason: ${chain.rejection_reason}`;
  report({ code: 'REJECTION_REASON_WRONG', path: 'reason', value: reason, rule, hint: 'give that one' });
  return undefined;
}

function isEmpty(json: Json): boolean {
  return isJsonObject(json) && Object.keys(json).length === 0;
}

/** What every version has, whoever registered its schema. */
function asChain(document: unknown, path: string, report: Report): ApprovalChain | undefined {
  const { overall_status: status, validation_results: results }: Partial<Record<string, unknown>> = Object(document);
  const at = path === '' ? 'overall_status' : `${path}.overall_status`;
  if (readChoice(status, VERDICTS, 'an overall status', at, report) === undefined) return undefined;
  if (Array.isArray(results) && results.every((result) => isJsonObject(result))) return document as ApprovalChain;
  const rule = 'a chain of any version has a list of validation_results';
  report({ code: 'JSON_SHAPE', path, value: document, rule });
  return undefined;
}
