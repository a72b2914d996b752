import { counted } from '../../domain/counted.js';
import type { Difference, Findings } from './report.js';
import type { Routine, Schema } from './schema.js';

/** Functions and procedures, with their bodies. Others than ours are nobody's business. */
export function compareFunctions(expected: Schema, found: Schema): Findings {
  const differences = Object.entries(expected.functions).flatMap(([name, routine]) => {
    const there = found.functions[name];
    return there && sourceOf(there) === sourceOf(routine) ? [] : [describe(name, routine, there)];
  });
  return {
    checked: `${counted(Object.keys(expected.functions).length, 'function')}, with their bodies`,
    differences,
  };
}

function sourceOf({ head, body }: Routine): string {
  return [head, ...body].join('\n');
}

function describe(name: string, expected: Routine, found: Routine | undefined): Difference {
  if (!found) {
    return {
      ...{ object: name, expected: expected.head, found: `no such ${expected.kind.toLowerCase()}` },
      meaning: 'what calls it fails',
      mend: `${statement(expected)} REVOKE ALL ON ${expected.kind} public.${name} FROM PUBLIC;`,
    };
  }
  if (found.head !== expected.head) {
    const recreate = returned(found) === returned(expected) ? '' : `DROP ${found.kind} public.${name}; `;
    return {
      ...{ object: name, expected: expected.head, found: found.head },
      meaning: 'it was changed by hand, and runs otherwise than the store counts on',
      mend: `${recreate}${statement(expected)}`,
    };
  }
  const [wanted, there] = [linesOf(expected), linesOf(found)];
  const line = wanted.findIndex((text, at) => text !== there[at]);
  const at = line < 0 ? wanted.length : line;
  return {
    object: name,
    expected: `in its body: ${wanted[at] ?? 'the end'}`,
    found: there[at] ?? (line < 0 ? 'other white space' : 'the end'),
    meaning: 'its body was changed by hand, and does something else than the store counts on',
    mend: statement(expected),
  };
}

function linesOf({ body }: Routine): string[] {
  return body.map((line) => line.trim()).filter((line) => line !== '');
}

/** CREATE OR REPLACE changes no type that is returned. */
function returned({ head }: Routine): string | undefined {
  return / RETURNS (.*?) LANGUAGE /.exec(head)?.[1];
}

/** On one line: a body is a text as any other, with its line feeds written as such. */
function statement({ head, body }: Routine): string {
  const text = body.join('\n').replace(/\\/g, '\\\\').replace(/'/g, "''").replace(/\n/g, '\\n').replace(/\t/g, '\\t');
  return `${head} AS E'${text.replace(/\r/g, '\\r')}';`;
}
