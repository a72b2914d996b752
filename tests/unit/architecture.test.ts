import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseAst } from 'vitest/node';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PRISMA_CLIENT = 'src/generated/prisma/client.ts';

const files = ['src', 'seeds'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path}`)
    .filter((path) => path.endsWith('.ts') && roomOf(path) !== 'generated'),
);
const imports = new Map(files.map((file) => [file, importsOf(file)]));
const arrows = [...imports].flatMap(([from, targets]) => targets.map((to) => ({ from, to })));
const page = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
const allowed = allowedByThePage(page);

describe('what may import what', () => {
  it('sees every way to import a file', () => {
    expect(imports.get('src/domain/index.ts')).toContain('src/domain/time.ts'); // export ... from
    expect(imports.get('src/database/pool.ts')).toContain('src/database/session.ts'); // import type
    expect(imports.get('src/database/database.ts')).toContain('src/database/prisma.ts'); // import()
    expect(arrows.filter(({ to }) => to !== PRISMA_CLIENT && !existsSync(join(ROOT, to)))).toEqual([]);
  });

  it('has a row in docs/architecture.md for every room', () => {
    const rooms = new Set([...files.map(roomOf), 'generated']);
    expect([...rooms].filter((room) => !allowed.has(room))).toEqual([]);
  });

  it('gives each room only rooms of rows above its own, so that no arrow runs up', () => {
    const rows = [...allowed.keys()];
    const upward = [...allowed].flatMap(([room, targets]) =>
      targets.filter((to) => !(rows.indexOf(to) >= 0 && rows.indexOf(to) < rows.indexOf(room))).map((to) => [room, to]),
    );
    expect(upward).toEqual([]);
  });

  it('is what docs/architecture.md says', () => {
    const wrong = arrows.filter(({ from, to }) => {
      const [room, target] = [roomOf(from), roomOf(to)];
      return room !== target && !allowed.get(room)?.includes(target);
    });
    expect(wrong).toEqual([]);
  });

  it('reaches the generated client through database/prisma.ts alone', () => {
    const importers = arrows.filter(({ to }) => roomOf(to) === 'generated');
    expect(importers).toEqual([{ from: 'src/database/prisma.ts', to: PRISMA_CLIENT }]);
  });

  it('never imports an index.ts from inside', () => {
    expect(arrows.filter(({ to }) => to.endsWith('/index.ts'))).toEqual([]);
  });

  it('has no circle of files', () => {
    expect(findCircle(imports)).toEqual([]);
    const circle = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['d', 'b']],
      ['d', []],
    ]);
    expect(findCircle(circle)).toEqual(['b', 'c', 'b']);
  });
});

/** `domain` for src/domain/bar.ts, `store` for src/store.ts, `seeds` for everything below seeds. */
function roomOf(file: string): string {
  const [top = '', room = ''] = file.split('/');
  return top === 'src' ? room.replace(/\.ts$/, '') : top;
}

/** Our own files that a file imports, types included. */
function importsOf(file: string): string[] {
  const specifiers: string[] = [];
  collectImports(parseAst(readFileSync(join(ROOT, file), 'utf8'), { lang: 'ts' }), specifiers);
  const own = specifiers.filter((specifier) => specifier.startsWith('.'));
  return [...new Set(own.map((specifier) => join(dirname(file), specifier).replace(/\.js$/, '.ts')))];
}

/** Import and export declarations, `import()` and `import('...')` types all have a `source` that is a string literal. */
function collectImports(node: unknown, found: string[]): void {
  if (typeof node !== 'object' || node === null) return;
  if ('source' in node && typeof node.source === 'object' && node.source !== null && 'value' in node.source) {
    if (typeof node.source.value === 'string') found.push(node.source.value);
  }
  for (const child of Object.values(node)) collectImports(child, found);
}

/** The rows `| room | may import |` of the page's table, in its order. */
function allowedByThePage(text: string): Map<string, string[]> {
  const [, table = ''] = text.split('| room | may import |\n|---|---|\n');
  const rows = table.slice(0, table.indexOf('\n\n')).split('\n');
  const words = (cell = '') => [...cell.matchAll(/`(\w+)`/g)].map((match) => match[1] ?? '');
  return new Map(
    rows.map((row) => {
      const [, room, targets] = row.split('|');
      return [words(room)[0] ?? row, words(targets)];
    }),
  );
}

/** The first circle that a walk along the imports comes upon, its first file again at its end; empty where there is none. */
function findCircle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const next of graph.get(file) ?? []) {
      const circle = walk(next, [...path, file]);
      if (circle.length > 0) return circle;
    }
    done.add(file);
    return [];
  };
  for (const file of graph.keys()) {
    const circle = walk(file, []);
    if (circle.length > 0) return circle;
  }
  return [];
}
