import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readEntries } from '../../scripts/api-docs/entries.js';
import { allExamples, reachedMethods } from '../../scripts/api-docs/examples.js';
import { openProject } from '../../scripts/api-docs/exports.js';
import { anchorOf } from '../../scripts/api-docs/links.js';
import { makePages } from '../../scripts/api-docs/pages.js';
import { compile } from '../setup/compile.js';

const FOLDER = fileURLToPath(new URL('../../docs/api', import.meta.url));
const REPOSITORIES = [
  ...['bars', 'trades', 'quotes', 'orderBooks', 'indicators', 'tradingRanges', 'patterns', 'signals', 'campaigns'],
  ...['backtests', 'audit', 'feed', 'ingest'],
];

const entries = readEntries(openProject());
const pages = makePages(entries);
const methods = reachedMethods(entries);

describe('docs/api', () => {
  it('is what the doc comments give: `npm run docs` makes it anew', () => {
    expect(readdirSync(FOLDER).sort()).toEqual([...pages.keys()].sort());
    const stale = [...pages].filter(([name, text]) => readFileSync(join(FOLDER, name), 'utf8') !== text);
    expect(stale.map(([name]) => name)).toEqual([]);
  });

  it('leads only to headings and files that are there', () => {
    const broken = [...pages].flatMap(([name, text]) =>
      linksOf(text).filter(([file, anchor]) => {
        if (file !== '' && !pages.has(file)) return !existsSync(join(dirname(join(FOLDER, name)), file));
        return anchor !== '' && !headingsOf(pages.get(file || name) ?? '').includes(anchor);
      }),
    );
    expect(broken).toEqual([]);
    const links = [...pages.values()].flatMap(linksOf);
    expect(links.length).toBeGreaterThan(1_000);
  });

  it('has no heading twice on a page', () => {
    for (const text of pages.values()) {
      const headings = headingsOf(text);
      expect(headings.filter((one, index) => headings.indexOf(one) !== index)).toEqual([]);
    }
  });

  it('names no folder of a machine', () => {
    for (const text of pages.values())
      expect(text).not.toMatch(/import\("|node_modules|file:\/\/|\/(?:home|root|Users|work)\//);
  });
});

describe('the doc comments', () => {
  it('reach every repository', () => {
    const reached = new Set(methods.map(({ name }) => name.split('.').slice(0, -1).join('.')));
    expect([...reached]).toEqual(expect.arrayContaining(['store', ...REPOSITORIES.map((name) => `store.${name}`)]));
  });

  it('say what every method does', () => {
    expect(methods.filter(({ text }) => text === '').map(({ name }) => name)).toEqual([]);
  });

  it('show every method at work', () => {
    const shown = ({ name, examples }: (typeof methods)[number]) => examples.some((one) => one.includes(`${name}(`));
    expect(methods.filter((method) => !shown(method)).map(({ name }) => name)).toEqual([]);
  });

  it('have examples that compile', async () => {
    const examples = allExamples(entries);
    expect(examples.length).toBeGreaterThan(100);
    expect(await compile(examples)).toEqual([]);
  }, 180_000);

  it('have examples that are looked at: a wrong one is found', async () => {
    const wrong = {
      name: 'wrong',
      source: "const bars: string = await store.bars.range({ symbol: 'AAPL', timeframe: '2d' });",
    };
    expect((await compile([wrong])).map((line) => /^wrong.*error (TS\d+)/.exec(line)?.[1])).toEqual([
      'TS2322',
      'TS2322',
    ]);
  }, 180_000);
});

function linksOf(text: string): [file: string, anchor: string][] {
  const outside = text.replace(/^```.*?^```$/gms, '');
  return [...outside.matchAll(/\]\((?!https?:)([^)#]*)#?([^)]*)\)/g)].map(([, file = '', anchor = '']) => [
    file,
    anchor,
  ]);
}

function headingsOf(text: string): string[] {
  const outside = text.replace(/^```.*?^```$/gms, '');
  return [...outside.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
}
