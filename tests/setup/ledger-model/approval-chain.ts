import type { Document, Plain } from './rows.js';
import { isText } from './values.js';

const STAGES = ['Volume', 'Phase', 'Levels', 'Risk', 'Strategy'];
const VERDICTS = ['PASS', 'WARN', 'FAIL'];

interface Stage {
  readonly [key: string]: Plain;
  readonly stage: string;
  readonly status: string;
  readonly timestamp: string;
}

/** The chain that is stored, `{}` for none; undefined where it is refused. Instants are spelled as they are stored. */
export function readChain(chain: Document | null | undefined): Document | undefined {
  if (chain === null || chain === undefined || Object.keys(chain).length === 0) return {};
  const stages = chain.validation_results as readonly Stage[];
  if (stages.some(({ stage, status }, place) => stage !== STAGES[place] || !VERDICTS.includes(status)))
    return undefined;
  if (stages.some(({ status, reason }) => status !== 'PASS' && !isText(reason, 10_000))) return undefined;
  const failed = stages.findIndex(({ status }) => status === 'FAIL');
  if (failed >= 0 && failed < stages.length - 1) return undefined;
  const { overall_status: given, rejection_stage: stage, rejection_reason: reason } = chain;
  const last = failed < 0 ? undefined : stages[failed]!;
  const byHand = !last && given === 'FAIL' && isText(reason, 10_000);
  const warned = stages.some(({ status }) => status === 'WARN');
  const overall = last || byHand ? 'FAIL' : warned ? 'WARN' : 'PASS';
  if (given !== undefined && given !== overall) return undefined;
  if (stage !== undefined && stage !== last?.stage) return undefined;
  if (reason !== undefined && !byHand && reason !== last?.reason) return undefined;
  return {
    warnings: [],
    ...chain,
    overall_status: overall,
    ...(last && { rejection_stage: last.stage, rejection_reason: last.reason! }),
  };
}

/** The chain that approves: all five stages, no FAIL. */
export function readApproval(input: Document): Document | undefined {
  const chain = readChain(input);
  const complete = (chain?.validation_results as readonly Plain[] | undefined)?.length === STAGES.length;
  return complete && chain?.overall_status !== 'FAIL' ? chain : undefined;
}

/**
 * The chain of a rejected signal whose chain was `stored`: that of the rejection, or the stored one, with the reason. The reason of a stage
 * that failed is the reason.
 */
export function readRejection(
  { reason: given, chain: input }: { readonly reason?: unknown; readonly chain?: Document },
  stored: Document,
): Document | undefined {
  if (given !== undefined && !isText(given, 10_000)) return undefined;
  const read = readChain(input);
  if (read === undefined) return undefined;
  const own = Object.keys(read).length > 0;
  const reason = given ?? (own ? read.rejection_reason : undefined);
  if (reason === undefined) return undefined;
  const base = own ? read : Object.keys(stored).length > 0 ? stored : { warnings: [], validation_results: [] };
  if (base.overall_status !== 'FAIL') return { ...base, overall_status: 'FAIL', rejection_reason: reason };
  return base.rejection_reason === reason ? base : undefined;
}
