import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  APPROVAL_CHAIN,
  type ApprovalChain,
  type ApprovalChainInput,
  decodeApprovalChain,
  encodeApprovalChain,
  readApproval,
  readApprovalChain,
  readRejection,
  rejectedChain,
  STAGES,
  type Stage,
  type StageResult,
  VERDICTS,
  type Verdict,
} from '../../src/domain/approval-chain.js';
import type { Json } from '../../src/domain/json.js';
import { JsonSchemas } from '../../src/domain/json-schemas.js';
import { type InstantInput, readInstant } from '../../src/domain/time.js';
import { reading } from './reading.js';
import { signals } from './sample-seeds.js';

const SCHEMAS = new JsonSchemas([APPROVAL_CHAIN]);
const AT = '2024-05-23T00:20:00Z';
const NO_STAGE_FAILED = { rule: 'no stage failed', hint: 'leave it out' };

/** A stage's result: it passes, or gives its reason. */
function stage(name: Stage, status: Verdict = 'PASS', reason = `${name} said ${status}`): StageResult<InstantInput> {
  return { stage: name, status, validator_id: 'v/1', timestamp: AT, ...(status === 'PASS' ? {} : { reason }) };
}

/** The results of the first stages, one a verdict. */
function stages(...verdicts: Verdict[]): StageResult<InstantInput>[] {
  return verdicts.map((verdict, index) => stage(STAGES[index]!, verdict));
}

const ALL_PASS = stages('PASS', 'PASS', 'PASS', 'PASS', 'PASS');
const FAILED_CHAIN = stages('PASS', 'PASS', 'PASS', 'FAIL');

function readChain(chain: unknown) {
  return reading((report) => readApprovalChain(chain, 'approvalChain', SCHEMAS, report));
}

function chainOf(chain: ApprovalChainInput): ApprovalChain {
  const { value, problems } = readChain(chain);
  expect(problems).toEqual([]);
  return value!;
}

describe('a chain', () => {
  test.each(signals)('of the sample: $symbol at $generated_at, $status', ({ approval_chain: document }) => {
    const { value, problems } = readChain(document);
    expect(problems).toEqual([]);
    expect(encodeApprovalChain(value!)).toEqual(document);
    expect(value!.validation_results[0]!.timestamp).toEqual(new Date(document.validation_results[0]!.timestamp));
    const { overall_status: _, rejection_stage: __, rejection_reason: ___, ...bare } = document;
    expect(encodeApprovalChain(readChain(bare).value!)).toEqual(document);
  });

  it.each<[Verdict[], Verdict]>([
    [[], 'PASS'],
    [['PASS', 'PASS'], 'PASS'],
    [['PASS', 'WARN', 'PASS'], 'WARN'],
    [['WARN', 'FAIL'], 'FAIL'],
    [['FAIL'], 'FAIL'],
  ])('of %j is %s', (verdicts, overall) => {
    const chain = chainOf({ validation_results: stages(...verdicts) });
    expect(chain.overall_status).toBe(overall);
    expect(chain.warnings).toEqual([]);
    const failed = verdicts.indexOf('FAIL');
    expect(chain.rejection_stage).toBe(STAGES[failed]);
    expect(chain.rejection_reason).toBe(failed < 0 ? undefined : `${STAGES[failed]} said FAIL`);
    expect('rejection_stage' in chain).toBe(failed >= 0);
  });

  it('takes its verdict from the stages, not from the warnings', () => {
    expect(chainOf({ warnings: ['thin volume'], validation_results: ALL_PASS }).overall_status).toBe('PASS');
  });

  it('keeps the keys that it does not know, and metadata as they are', () => {
    const metadata = { limit_pct: '5.00', tried: [1, null] };
    const chain = chainOf({
      desk: 'A',
      validation_results: [{ ...stage('Volume'), metadata, took_ms: 3, timestamp: new Date(AT) }],
    });
    expect(chain.desk).toBe('A');
    expect(chain.validation_results[0]).toMatchObject({ metadata, took_ms: 3, timestamp: new Date(AT) });
  });

  it('does not ask the timestamps to grow', () => {
    const early = { ...stage('Phase'), timestamp: '2024-05-23T00:19:59Z' };
    expect(chainOf({ validation_results: [stage('Volume'), early] }).validation_results).toHaveLength(2);
  });

  const wrong: [string, object, object][] = [
    [
      'out of order',
      { validation_results: [stage('Phase'), stage('Volume')] },
      {
        code: 'STAGE_OUT_OF_ORDER',
        path: 'approvalChain.validation_results.0.stage',
        value: 'Phase',
        rule: 'stages come in the order Volume, Phase, Levels, Risk, Strategy, each once and none skipped',
        hint: 'here comes Volume',
      },
    ],
    [
      'twice the same stage',
      { validation_results: [stage('Volume'), stage('Volume')] },
      { code: 'STAGE_OUT_OF_ORDER', path: 'approvalChain.validation_results.1.stage', hint: 'here comes Phase' },
    ],
    [
      'a skipped stage',
      { validation_results: [stage('Volume'), stage('Phase'), stage('Risk')] },
      { code: 'STAGE_OUT_OF_ORDER', path: 'approvalChain.validation_results.2.stage', hint: 'here comes Levels' },
    ],
    [
      'a sixth stage',
      { validation_results: [...ALL_PASS, stage('Strategy')] },
      { code: 'STAGE_OUT_OF_ORDER', path: 'approvalChain.validation_results.5.stage', value: 'Strategy' },
    ],
    [
      'a stage after a FAIL',
      { validation_results: stages('PASS', 'FAIL', 'PASS') },
      {
        code: 'STAGE_AFTER_FAIL',
        path: 'approvalChain.validation_results.2',
        rule: 'validation stops at the first FAIL, here Phase',
      },
    ],
    [
      'a WARN without a reason',
      { validation_results: [{ ...stage('Volume'), status: 'WARN' }] },
      {
        code: 'REASON_MISSING',
        path: 'approvalChain.validation_results.0.reason',
        value: undefined,
        rule: 'a stage with a WARN says why',
      },
    ],
    [
      'a FAIL without a reason',
      { validation_results: [{ ...stage('Volume'), status: 'FAIL' }] },
      {
        code: 'REASON_MISSING',
        path: 'approvalChain.validation_results.0.reason',
        rule: 'a stage with a FAIL says why',
      },
    ],
    [
      'a blank reason',
      { validation_results: [{ ...stage('Volume'), status: 'WARN', reason: ' ' }] },
      {
        code: 'JSON_SHAPE',
        path: 'approvalChain.validation_results.0.reason',
        value: ' ',
        rule: 'not a text, or a blank one',
      },
    ],
    [
      'PASS over a WARN',
      { overall_status: 'PASS', validation_results: stages('WARN') },
      {
        code: 'OVERALL_STATUS_WRONG',
        path: 'approvalChain.overall_status',
        value: 'PASS',
        rule: 'the stages make it WARN',
        hint: 'leave it out',
      },
    ],
    [
      'WARN for a warning alone',
      { overall_status: 'WARN', warnings: ['thin volume'], validation_results: ALL_PASS },
      { code: 'OVERALL_STATUS_WRONG', path: 'approvalChain.overall_status', rule: 'the stages make it PASS' },
    ],
    [
      'FAIL without a stage or a reason',
      { overall_status: 'FAIL', validation_results: ALL_PASS },
      { code: 'OVERALL_STATUS_WRONG', path: 'approvalChain.overall_status', rule: 'the stages make it PASS' },
    ],
    [
      'a rejection stage without a FAIL',
      { rejection_stage: 'Risk', validation_results: ALL_PASS },
      { code: 'REJECTION_STAGE_WRONG', path: 'approvalChain.rejection_stage', value: 'Risk', ...NO_STAGE_FAILED },
    ],
    [
      'another rejection stage',
      { rejection_stage: 'Volume', validation_results: FAILED_CHAIN },
      {
        code: 'REJECTION_STAGE_WRONG',
        path: 'approvalChain.rejection_stage',
        rule: 'the stage that failed is Risk',
      },
    ],
    [
      'a rejection reason without a FAIL',
      { rejection_reason: 'no', validation_results: ALL_PASS },
      { code: 'REJECTION_REASON_WRONG', path: 'approvalChain.rejection_reason', value: 'no', ...NO_STAGE_FAILED },
    ],
    [
      'another rejection reason',
      { rejection_reason: 'no', validation_results: FAILED_CHAIN },
      {
        code: 'REJECTION_REASON_WRONG',
        path: 'approvalChain.rejection_reason',
        rule: "a rejection's reason is that of the stage that failed",
      },
    ],
    ['no results', { warnings: [] }, { code: 'JSON_SHAPE', path: 'approvalChain.validation_results' }],
    [
      'an unknown stage',
      { validation_results: [{ ...stage('Volume'), stage: 'volume' }] },
      { code: 'JSON_SHAPE', path: 'approvalChain.validation_results.0.stage', value: 'volume' },
    ],
    [
      'an unknown verdict',
      { validation_results: [{ ...stage('Volume'), status: 'OK' }] },
      { code: 'JSON_SHAPE', path: 'approvalChain.validation_results.0.status', value: 'OK' },
    ],
    [
      'no validator',
      { validation_results: [{ stage: 'Volume', status: 'PASS', timestamp: AT }] },
      { code: 'JSON_SHAPE', path: 'approvalChain.validation_results.0.validator_id' },
    ],
    [
      'no instant',
      { validation_results: [{ ...stage('Volume'), timestamp: 'yesterday' }] },
      { code: 'INSTANT_INVALID', path: 'approvalChain.validation_results.0.timestamp', value: 'yesterday' },
    ],
    [
      'metadata that are no object',
      { validation_results: [{ ...stage('Volume'), metadata: [1] }] },
      { code: 'JSON_SHAPE', path: 'approvalChain.validation_results.0.metadata', rule: 'not an object' },
    ],
    [
      'a warning that is no text',
      { warnings: [7], validation_results: [] },
      { code: 'JSON_SHAPE', path: 'approvalChain.warnings.0', value: 7 },
    ],
    [
      'NaN inside',
      { validation_results: [{ ...stage('Volume'), metadata: { r: Number.NaN } }] },
      { code: 'JSON_INVALID', path: 'approvalChain.validation_results.0.metadata.r' },
    ],
    [
      'a version that nobody registered',
      { schema_version: 2, validation_results: [] },
      { code: 'JSON_SCHEMA_UNKNOWN', path: 'approvalChain', value: 2, hint: 'there is version 1' },
    ],
  ];
  it.each(wrong)('with %s is refused', (_, chain, expected) => {
    const { value, problems } = readChain(chain);
    expect(value).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject(expected);
  });

  it('reports everything that is wrong with it', () => {
    const chain = {
      ...{ overall_status: 'PASS', rejection_stage: 'Phase', rejection_reason: 'no' },
      validation_results: [stage('Phase'), { ...stage('Levels'), status: 'FAIL' }, stage('Risk')],
    };
    expect(readChain(chain).codes).toEqual([
      'STAGE_OUT_OF_ORDER',
      'STAGE_AFTER_FAIL',
      'REASON_MISSING',
      'OVERALL_STATUS_WRONG',
      'REJECTION_STAGE_WRONG',
      'REJECTION_REASON_WRONG',
    ]);
  });

  it.each([
    ['a text', 'PASS'],
    ['a list', [1]],
    ['a Map', new Map()],
    ['a Date', new Date(AT)],
  ])('is not %s', (_, chain) => {
    const { value, codes } = readChain(chain);
    expect(value).toBeUndefined();
    expect(codes).toHaveLength(1);
  });
});

describe('no chain', () => {
  it.each([undefined, null, {}])('is %j', (none) => {
    expect(readChain(none)).toMatchObject({ value: null, problems: [] });
  });

  it('is stored as the empty object, which reads as none', () => {
    expect(encodeApprovalChain(null)).toEqual({});
    expect(reading((report) => decodeApprovalChain({}, 'approval_chain', SCHEMAS, report)).value).toBeNull();
  });
});

describe('a stored chain', () => {
  const decode = (json: Json) => reading((report) => decodeApprovalChain(json, 'approval_chain', SCHEMAS, report));

  it('of a version that nobody registered comes back as it stands', () => {
    const json = { schema_version: 9, verdict: 'maybe' };
    expect(decode(json)).toMatchObject({ value: json, problems: [] });
  });

  it.each<[string, Json, string]>([
    ['null', null, 'approval_chain'],
    ['a list', [], 'approval_chain'],
    ['a chain without results', { overall_status: 'PASS' }, 'approval_chain.validation_results'],
  ])('that is %s is reported', (_, json, path) => {
    expect(decode(json).problems).toMatchObject([{ code: 'JSON_SHAPE', path }]);
  });

  it('reads as what was written', () => {
    const verdict = fc.constantFrom(...VERDICTS);
    const chains = fc
      .record({
        verdicts: fc.array(verdict, { maxLength: 5 }),
        reasons: fc.array(
          fc.string().filter((text) => text.trim() !== ''),
          { minLength: 5, maxLength: 5 },
        ),
        at: fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
      })
      .map(({ verdicts, reasons, at }) => {
        const failed = verdicts.indexOf('FAIL');
        const run = failed < 0 ? verdicts : verdicts.slice(0, failed + 1);
        return run.map((status, index) => ({ ...stage(STAGES[index]!, status, reasons[index]), timestamp: at }));
      });
    fc.assert(
      fc.property(chains, (results) => {
        const { value, problems } = readChain({ validation_results: results });
        // A NUL cannot be stored: whatever else comes is a chain.
        if (results.some(({ reason }) => reason?.includes('\0'))) return expect(value).toBeUndefined();
        expect(problems).toEqual([]);
        const worst = VERDICTS.findLast((status) => results.some((result) => result.status === status)) ?? 'PASS';
        expect(value!.overall_status).toBe(worst);
        expect(decode(encodeApprovalChain(value!))).toEqual({ value, problems: [], codes: [] });
      }),
    );
  });
});

describe('an approval', () => {
  const approve = (chain: unknown) => reading((report) => readApproval(chain, SCHEMAS, report));

  it('takes all five stages, and derives the verdict', () => {
    expect(approve({ validation_results: ALL_PASS }).value).toMatchObject({ overall_status: 'PASS', warnings: [] });
    const warned = { validation_results: stages('PASS', 'WARN', 'PASS', 'PASS', 'PASS'), warnings: ['w'] };
    expect(approve(warned).value).toMatchObject({ overall_status: 'WARN', warnings: ['w'] });
  });

  const missing = (names: string) => ({
    code: 'CHAIN_INCOMPLETE',
    path: 'validation_results',
    rule: `an approval needs all five stages: ${names} missing`,
  });
  it.each<[string, unknown, object]>([
    ['four stages', { validation_results: ALL_PASS.slice(0, 4) }, missing('Strategy is')],
    ['three stages', { validation_results: ALL_PASS.slice(0, 3) }, missing('Risk, Strategy are')],
    ['no stage', { validation_results: [] }, missing('Volume, Phase, Levels, Risk, Strategy are')],
    ['an empty chain', {}, missing('Volume, Phase, Levels, Risk, Strategy are')],
    ['no chain', undefined, missing('Volume, Phase, Levels, Risk, Strategy are')],
    [
      'a FAIL at the last stage',
      { validation_results: stages('PASS', 'PASS', 'PASS', 'PASS', 'FAIL') },
      {
        code: 'CHAIN_FAILED',
        path: 'overall_status',
        value: 'FAIL',
        rule: 'a chain with a FAIL approves nothing',
        hint: 'reject the signal with it',
      },
    ],
    ['an early FAIL', { validation_results: FAILED_CHAIN }, { code: 'CHAIN_FAILED', path: 'overall_status' }],
    [
      'a verdict that disagrees',
      { overall_status: 'WARN', validation_results: ALL_PASS },
      { code: 'OVERALL_STATUS_WRONG', path: 'overall_status', rule: 'the stages make it PASS' },
    ],
    [
      'a broken chain',
      { validation_results: [stage('Phase')] },
      { code: 'STAGE_OUT_OF_ORDER', path: 'validation_results.0.stage' },
    ],
  ])('is not made of %s', (_, chain, expected) => {
    const { value, problems } = approve(chain);
    expect(value).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject(expected);
  });

  it('refuses what a schema of a version of its own answers, where that is no chain', () => {
    const { schema } = APPROVAL_CHAIN;
    const own = SCHEMAS.with([{ ...APPROVAL_CHAIN, version: 2, schema: schema.transform(() => ({ done: true })) }]);
    const chain = { schema_version: 2, validation_results: ALL_PASS };
    expect(reading((report) => readApproval(chain, own, report))).toMatchObject({
      value: undefined,
      problems: [{ code: 'CHOICE_UNKNOWN', path: 'overall_status' }],
    });
    const same = SCHEMAS.with([{ ...APPROVAL_CHAIN, version: 2 }]);
    expect(reading((report) => readApproval(chain, same, report)).value).toMatchObject({ schema_version: 2 });
  });
});

describe('a rejection', () => {
  const reject = (input: unknown) => reading((report) => readRejection(input, SCHEMAS, report));
  /** The chain that is stored when `input` rejects a signal with the chain `stored`. */
  const storedAfter = (input: object, stored: ApprovalChain | null) => {
    const rejection = reject(input).value!;
    return reading((report) => rejectedChain(rejection, stored, report));
  };

  it('takes a chain that failed, and its reason from it', () => {
    const { value, problems } = reject({ chain: { validation_results: FAILED_CHAIN } });
    expect(problems).toEqual([]);
    expect(value).toMatchObject({
      reason: 'Risk said FAIL',
      chain: { overall_status: 'FAIL', rejection_stage: 'Risk' },
    });
    expect(
      storedAfter({ chain: { validation_results: FAILED_CHAIN } }, chainOf({ validation_results: ALL_PASS })),
    ).toEqual({
      value: value!.chain,
      problems: [],
      codes: [],
    });
  });

  it('takes a chain that failed together with the same reason', () => {
    const { value } = reject({ reason: 'Risk said FAIL', chain: { validation_results: FAILED_CHAIN } });
    expect(value?.chain).toMatchObject({ rejection_stage: 'Risk', rejection_reason: 'Risk said FAIL' });
  });

  it('takes a reason alone, which the stored chain then carries', () => {
    const stored = chainOf({ warnings: ['w'], validation_results: stages('PASS', 'WARN') });
    const { value } = storedAfter({ reason: 'earnings tomorrow' }, stored);
    expect(value).toEqual({ ...stored, overall_status: 'FAIL', rejection_reason: 'earnings tomorrow' });
    // It is a chain like any other: it reads, and it approves nothing.
    expect(readChain(value).value).toEqual(value);
    expect(reading((report) => readApproval(value, SCHEMAS, report)).codes).toEqual(['CHAIN_FAILED']);
  });

  it('takes a reason alone where the signal has no chain', () => {
    const { value } = storedAfter({ reason: 'earnings tomorrow' }, null);
    const expected = {
      overall_status: 'FAIL',
      rejection_reason: 'earnings tomorrow',
      warnings: [],
      validation_results: [],
    };
    expect(value).toEqual(expected);
    expect(readChain(value).value).toEqual(expected);
  });

  it('takes a reason and a chain that let the signal pass: a person says no', () => {
    const { value } = reject({ reason: 'earnings tomorrow', chain: { validation_results: ALL_PASS } });
    expect(value?.chain).toMatchObject({ overall_status: 'FAIL', rejection_reason: 'earnings tomorrow' });
    expect(value?.chain?.rejection_stage).toBeUndefined();
    expect(value?.chain?.validation_results).toHaveLength(5);
  });

  it('does not replace the reason for which the stored chain has failed', () => {
    const failed = chainOf({ validation_results: FAILED_CHAIN });
    expect(storedAfter({ reason: 'Risk said FAIL' }, failed).value).toEqual(failed);
    expect(storedAfter({ reason: 'no' }, failed)).toMatchObject({
      value: undefined,
      problems: [
        {
          code: 'REJECTION_REASON_WRONG',
          path: 'reason',
          value: 'no',
          rule: 'the chain has failed for another reason: Risk said FAIL',
          hint: 'give that one',
        },
      ],
    });
  });

  const noReason = {
    code: 'REJECTION_WITHOUT_REASON',
    path: 'reason',
    rule: 'a rejection has a reason, or a chain in which a stage failed',
  };
  it.each<[string, unknown, object]>([
    ['nothing', undefined, { code: 'REJECTION_INVALID', path: '', rule: 'not an object with a reason or a chain' }],
    ['a text', 'no', { code: 'REJECTION_INVALID', value: 'no', hint: "give { chain }, or { reason: '...' }" }],
    ['an empty object', {}, noReason],
    ['an empty chain', { chain: {} }, noReason],
    ['a chain that passed', { chain: { validation_results: ALL_PASS } }, noReason],
    ['a blank reason', { reason: ' ' }, { code: 'TEXT_INVALID', path: 'reason', value: ' ' }],
    ['a reason of 10,001 characters', { reason: 'n'.repeat(10_001) }, { code: 'TEXT_INVALID', path: 'reason' }],
    ['a reason with NUL', { reason: 'n\0' }, { code: 'TEXT_INVALID', path: 'reason' }],
    [
      'a reason that is not that of the stage',
      { reason: 'no', chain: { validation_results: FAILED_CHAIN } },
      { code: 'REJECTION_REASON_WRONG', path: 'reason', value: 'no' },
    ],
    [
      'a broken chain',
      { chain: { validation_results: stages('FAIL', 'PASS') } },
      { code: 'STAGE_AFTER_FAIL', path: 'chain.validation_results.1' },
    ],
  ])('is not made of %s', (_, input, expected) => {
    const { value, problems } = reject(input);
    expect(value).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject(expected);
  });
});

test('a stage has the timestamp that every reader of instants would read', () => {
  const local = '2024-05-22T20:20:00-04:00';
  const chain = chainOf({ validation_results: [{ ...stage('Volume'), timestamp: local }] });
  expect(chain.validation_results[0]!.timestamp).toEqual(readInstant(local, '', () => {}));
});
