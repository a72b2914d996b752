import { describe, expect, it } from 'vitest';
import { Decimal } from '../../src/domain/decimal.js';
import { readOrThrow } from '../../src/domain/problem.js';
import {
  ConnectionError,
  DatabaseError,
  describeProblem,
  InvalidInputError,
  MissingDependencyError,
  type Problem,
  WyckoffError,
} from '../../src/errors.js';

const PROBLEM: Problem = { code: 'PRICE_TOO_PRECISE', path: 'open', value: '1.123456789', rule: 'too precise' };
const printed = (value: unknown) => describeProblem({ ...PROBLEM, path: '', value });

describe('describeProblem', () => {
  it('says where, what and why', () => {
    expect(describeProblem(PROBLEM)).toBe('open: "1.123456789": too precise');
    expect(describeProblem({ ...PROBLEM, row: 0 })).toBe('row 0, open: "1.123456789": too precise');
    expect(describeProblem({ ...PROBLEM, line: 7, row: 3 })).toBe('line 7, row 3, open: "1.123456789": too precise');
    expect(describeProblem({ ...PROBLEM, path: '' })).toBe('"1.123456789": too precise');
  });

  it.each([
    ['a\0"b', '"a\\u0000\\"b"'],
    [0.1, '0.1'],
    [-3n, '-3'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [null, 'null'],
    [undefined, 'undefined'],
    [true, 'true'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Date(Number.NaN), 'Invalid Date'],
    [new Decimal('1e-8'), '0.00000001'],
    [{ a: 1 }, '{"a":1}'],
    [['1'], '["1"]'],
    [() => 1, 'function'],
    [Symbol('s'), 'symbol'],
  ])('prints %o as %s', (value, text) => {
    expect(printed(value)).toBe(`${text}: too precise`);
  });

  it('prints what neither JSON nor String can', () => {
    const circular: unknown[] = [];
    circular.push(circular);
    expect(printed(circular)).toBe('[object Array]: too precise');
    expect(printed({ price: 1n })).toBe('[object Object]: too precise');
    expect(printed(Object.create(null))).toBe('[object Object]: too precise');
  });

  it('cuts a long value', () => {
    expect(printed('x'.repeat(10_000))).toBe(`"${'x'.repeat(79)}...: too precise`);
  });
});

describe('InvalidInputError', () => {
  it("has the first problem's code and hint, and all problems", () => {
    const problems = [{ ...PROBLEM, hint: 'round it' }, { ...PROBLEM, code: 'OTHER' }, PROBLEM];
    const error = new InvalidInputError(problems, 'bar');
    expect(error).toBeInstanceOf(WyckoffError);
    expect(error).toMatchObject({ name: 'InvalidInputError', code: 'PRICE_TOO_PRECISE', hint: 'round it', problems });
    expect(error.message).toBe('invalid bar: open: "1.123456789": too precise (and 2 more)');
  });

  it('is not made of nothing', () => {
    expect(() => new InvalidInputError([])).toThrow(TypeError);
  });
});

describe('readOrThrow', () => {
  it('answers what was read', () => {
    expect(readOrThrow('x', () => 0)).toBe(0);
    expect(readOrThrow('x', () => null)).toBeNull();
  });

  it('throws all problems in one error, even where the reader answered', () => {
    const read = () =>
      readOrThrow('thing', (report) => {
        report(PROBLEM);
        report({ ...PROBLEM, code: 'OTHER' });
        return 1;
      });
    expect(read).toThrow('invalid thing: open: "1.123456789": too precise (and 1 more)');
  });
});

describe('the tree', () => {
  it('names every class, keeps the cause and what the server said', () => {
    const cause = new Error('ECONNREFUSED');
    const error = new ConnectionError('DATABASE_UNREACHABLE', 'no server', {
      cause,
      sqlstate: '08006',
      hint: 'start it',
    });
    expect(error).toBeInstanceOf(DatabaseError);
    expect(error).toMatchObject({
      name: 'ConnectionError',
      code: 'DATABASE_UNREACHABLE',
      message: 'no server',
      hint: 'start it',
      sqlstate: '08006',
      table: undefined,
      cause,
    });
    expect('cause' in new WyckoffError('X', 'without')).toBe(false);
  });

  it('says how to install what is missing', () => {
    const error = new MissingDependencyError('@duckdb/node-api', 'importing files', undefined);
    expect(error).toMatchObject({ code: 'MISSING_DEPENDENCY', hint: 'npm install @duckdb/node-api' });
    expect(error.message).toBe('@duckdb/node-api is not installed; it is needed for importing files');
  });
});
