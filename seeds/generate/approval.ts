import type { ApprovalChain, Stage, StageResult, Verdict } from './ledger-rows.js';

const STAGES: readonly Stage[] = ['Volume', 'Phase', 'Levels', 'Risk', 'Strategy'];

export interface Remark {
  readonly stage: Stage;
  readonly status: Exclude<Verdict, 'PASS'>;
  readonly reason: string;
}

/** The stages up to `lastStage`, or up to the one that fails; all pass but the one that is remarked on. */
export function approvalChain(at: string, remark?: Remark, lastStage: Stage = 'Strategy'): ApprovalChain {
  const end = remark?.status === 'FAIL' ? remark.stage : lastStage;
  const results = STAGES.slice(0, STAGES.indexOf(end) + 1).map((stage): StageResult => {
    const validator = { validator_id: `${stage.toLowerCase()}-validator/1.0`, timestamp: at };
    if (remark?.stage !== stage) return { stage, status: 'PASS', ...validator };
    return { stage, status: remark.status, reason: remark.reason, ...validator };
  });
  return {
    overall_status: remark?.status ?? 'PASS',
    ...(remark?.status === 'FAIL' ? { rejection_stage: remark.stage, rejection_reason: remark.reason } : {}),
    warnings: remark?.status === 'WARN' ? [remark.reason] : [],
    validation_results: results,
  };
}
