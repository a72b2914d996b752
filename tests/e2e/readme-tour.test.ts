import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installTarball, packTarball, ROOT } from './installed-package.js';

/** A block of the tour, and the output that README shows for it, if it shows any. */
interface Step {
  readonly language: string;
  readonly source: string;
  readonly shown: string | undefined;
}

const steps = readSteps();
const commands = steps.filter((step) => step.language === 'sh');
const pieces = steps.filter((step) => step.language === 'js');

let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'wyckoff-tour-'));
  await chmod(project, 0o711); // as root, the server runs as another user, who must get through
  await installTarball(await packTarball(project), project);
});

afterAll(async () => {
  await rm(project, { recursive: true, force: true });
});

describe('the tour of README.md', () => {
  it('has the steps that it promises', () => {
    expect(commands.map(({ source }) => /npx wyckoff (\S+ ?\w*)/.exec(source)?.[1])).toEqual([
      'migrate',
      'seed',
      'check lookups',
      'bars list',
      'ranges list',
      'signals show',
      'trace 48848a86',
      'bars range',
      'import ACME',
      'inspect prices',
      'import prices',
      'verify prices',
      'bars gaps',
      'export bars',
    ]);
    const calls = pieces.flatMap(({ source }) =>
      [...source.matchAll(/store\.(?:bars\.)?(\w+)\(/g)].map((call) => call[1]),
    );
    const promised = ['upsert', 'range', 'asOf', 'columns', 'latest', 'delete', 'revisions', 'transaction', 'close'];
    expect(promised.filter((name) => !calls.includes(name))).toEqual([]);
  });

  it.each(commands)('$source', async ({ source, shown }) => {
    const { code, stdout } = await run('bash', '-euo', 'pipefail', '-c', source);
    // How quick a lookup is depends on what else the machine does; that it finds everything does not.
    const timed = source.includes('check lookups');
    expect(timed ? [0, 1] : [0]).toContain(code);
    if (shown !== undefined)
      expectShown(stdout, timed ? shown.replaceAll('PASS', '...').replace('All 5 passed.', '...') : shown);
  });

  it('the code', async () => {
    const marked = pieces.map(({ source }, index) => `console.log('piece ${index}');\n${source}`);
    // Imports come first in a file wherever they stand.
    await writeFile(join(project, 'tour.mjs'), marked.join('\n'));
    const { code, stdout, stderr } = await run('node', 'tour.mjs');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const outputs = stdout.split(/^piece \d+\n/m).slice(1);
    expect(outputs).toHaveLength(pieces.length);
    for (const [index, { shown }] of pieces.entries()) {
      if (shown === undefined) expect(outputs[index]).toBe('');
      else expectShown(outputs[index] ?? '', shown);
    }
  });
});

/** The tour's code blocks in their order; a `text` block is the output of the block before it. */
function readSteps(): Step[] {
  const [, tour = ''] = readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n## A five-minute tour\n');
  const blocks = tour.slice(0, tour.indexOf('\n## ')).matchAll(/^```(\w+)\n(.*?)^```$/gms);
  const found: Step[] = [];
  for (const [, language = '', source = ''] of blocks) {
    const previous = found.at(-1);
    if (language !== 'text') found.push({ language, source, shown: undefined });
    else if (previous) found[found.length - 1] = { ...previous, shown: source };
  }
  return found;
}

/** Line by line; in what README shows, `...` stands for any text and, alone on its line, for any number of lines. */
function expectShown(actual: string, shown: string): void {
  const lines = shown.trimEnd().split('\n');
  const pattern = lines
    .map((line) => (line === '...' ? '(?:.*\\n)*' : `${line.split('...').map(escapePattern).join('.*')} *\\n`))
    .join('');
  expect(actual).toMatch(new RegExp(`^${pattern}$`));
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Runs a program in the project's folder, with nothing configured: the store comes to the embedded server. */
function run(program: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { PATH, HOME } = process.env;
  const env = { PATH: `${dirname(process.execPath)}:${PATH}`, HOME };
  return new Promise((resolve) => {
    execFile(program, args, { cwd: project, env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
    });
  });
}
