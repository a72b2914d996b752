import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';

/** What is wrong with the words behind `wyckoff`; undefined where there are such commands and options. */
function fault(words: readonly string[]): string | undefined {
  let command: Command = createProgram();
  for (const word of words) {
    if (word.startsWith('--')) {
      if (!command.options.some(({ long }) => long === word)) return `${command.name()} has no ${word}`;
      continue;
    }
    const next = command.commands.find((one) => one.name() === word);
    if (next) command = next;
    else if (command.commands.length > 0) return `${command.name()} has no ${word}`;
  }
  return undefined;
}

describe.each(['docs/cutover.md', 'docs/migrating.md', 'docs/runbook.md', 'docs/troubleshooting.md'])('%s', (page) => {
  const text = readFileSync(fileURLToPath(new URL(`../../${page}`, import.meta.url)), 'utf8');

  it('names only commands that there are', () => {
    const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, lines = '']) => lines.split('\n'));
    const spans = [...text.replace(/^```.*?^```$/gms, '').matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
    const commands = [...blocks, ...spans].filter((line) => /^(npx )?wyckoff /.test(line));
    expect(commands.length).toBeGreaterThan(10);
    const faults = commands.map((line) => {
      const words = line.replace(/^(npx )?wyckoff /, '').match(/'[^']*'|\S+/g) ?? [];
      const wrong = fault(words);
      return wrong && `${line}: ${wrong}`;
    });
    expect(faults.filter((one) => one !== undefined)).toEqual([]);
  });
});

it('a command that is none is found', () => {
  expect(fault(['storage', 'status'])).toBeUndefined();
  expect(fault(['storage', 'compress', '--older-than', "'7 days'"])).toBeUndefined();
  expect(fault(['storage', 'squeeze'])).toBe('storage has no squeeze');
  expect(fault(['migrate', '--rolled-back'])).toBe('migrate has no --rolled-back');
});
