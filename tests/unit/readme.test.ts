import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const textOf = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const manifest = JSON.parse(textOf('package.json')) as { scripts: Record<string, string>; engines: { node: string } };

describe.each([
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'docs/architecture.md',
  'docs/deployment.md',
  'docs/migrating.md',
  'docs/runbook.md',
  'docs/troubleshooting.md',
])('%s', (page) => {
  const text = textOf(page);

  it('links only to files that are there', () => {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((link) => link[1] ?? '');
    expect(targets.filter((target) => !existsSync(join(ROOT, dirname(page), target)))).toEqual([]);
  });

  it('links only to headings that are there', () => {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)];
    const missing = targets.filter(([, file = '', anchor = '']) => {
      const target = file === '' ? text : textOf(join(dirname(page), file));
      return !anchorsOf(target).includes(anchor);
    });
    expect(missing.map(([link]) => link)).toEqual([]);
  });

  it('names only npm scripts that are there', () => {
    const named = [...text.matchAll(/\bnpm (?:run (?:--silent )?([\w:]+)|(start|test)\b)/g)];
    const scripts = named.map((match) => match[1] ?? match[2] ?? '');
    expect(scripts.filter((script) => !(script in manifest.scripts))).toEqual([]);
  });

  it('names only source files that are there', () => {
    const named = [...text.matchAll(/`((?:src|tests|prisma|docs)\/[\w./-]+\.\w+)`/g)].map((match) => match[1] ?? '');
    expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});

describe('README.md', () => {
  it('sets everything up with two commands', () => {
    const [, setUp = ''] = textOf('README.md').split('\n## Set-up\n');
    const commands = [...setUp.slice(0, setUp.indexOf('\n## ')).matchAll(/^```sh\n(.+)\n```$/gm)].map(
      (block) => block[1],
    );
    expect(commands).toEqual(['npm ci && npm start', 'npm ci && npm test']);
    expect(setUp).toContain(`Node ${manifest.engines.node.replace('>=', '')} or newer`);
  });

  it('says of creek and ice what the database says', () => {
    const comments = textOf('prisma/migrations/20261121080000_tables/migration.sql');
    expect(comments).toMatch(/"creek_level" IS 'SUPPORT\b/);
    expect(comments).toMatch(/"ice_level" IS 'RESISTANCE\b/);
    const stated = textOf('README.md').match(/`creek_level` is the SUPPORT and `ice_level` is the RESISTANCE/g);
    expect(stated).toHaveLength(1);
  });
});

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
