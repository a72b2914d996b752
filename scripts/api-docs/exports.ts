import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ClassDeclaration,
  type FunctionDeclaration,
  type InterfaceDeclaration,
  Node,
  Project,
  type SourceFile,
  type TypeAliasDeclaration,
  type VariableDeclaration,
} from 'ts-morph';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export type Declared =
  | ClassDeclaration
  | InterfaceDeclaration
  | TypeAliasDeclaration
  | FunctionDeclaration
  | VariableDeclaration;

/** Something that the package offers by name, or that a declaration which it offers speaks of. */
export interface Exported {
  readonly name: string;
  readonly node: Declared;
  /** The paths that it can be imported from; none where it is only spoken of. */
  readonly from: readonly string[];
  /** Whether a program can use it, beside naming its type. */
  readonly asValue: boolean;
}

export const ENTRIES: Readonly<Record<string, string>> = {
  'wyckoff-store': 'src/index.ts',
  'wyckoff-store/domain': 'src/domain/index.ts',
};

export function openProject(): Project {
  const project = new Project({ tsConfigFilePath: `${ROOT}/tsconfig.json`, skipAddingFilesFromTsConfig: true });
  for (const file of Object.values(ENTRIES)) project.addSourceFileAtPath(`${ROOT}/${file}`);
  project.resolveSourceFileDependencies();
  return project;
}

/** A file's path in `src`. */
export function pathOf(file: SourceFile): string {
  return relative(`${ROOT}/src`, file.getFilePath()).split(sep).join('/');
}

export function isOurs(node: Node): boolean {
  const path = pathOf(node.getSourceFile());
  return !path.startsWith('..') && !path.startsWith('generated/');
}

/** What the entry points export. */
export function readExports(project: Project): Exported[] {
  const found = new Map<Node, Exported>();
  for (const [entry, path] of Object.entries(ENTRIES)) {
    const file = project.getSourceFileOrThrow(`${ROOT}/${path}`);
    const typeOnly = new Set(
      file
        .getExportDeclarations()
        .flatMap((one) => one.getNamedExports().filter((name) => one.isTypeOnly() || name.isTypeOnly()))
        .map((specifier) => specifier.getAliasNode()?.getText() ?? specifier.getName()),
    );
    for (const [name, nodes] of file.getExportedDeclarations()) {
      for (const node of nodes) {
        if (!isDeclared(node)) continue;
        const known = found.get(node);
        const from = [...(known?.from ?? []), entry];
        found.set(node, { name, node, from, asValue: known?.asValue || !typeOnly.has(name) });
      }
    }
  }
  return [...found.values()];
}

export function isDeclared(node: Node): node is Declared {
  return (
    Node.isClassDeclaration(node) ||
    Node.isInterfaceDeclaration(node) ||
    Node.isTypeAliasDeclaration(node) ||
    Node.isFunctionDeclaration(node) ||
    Node.isVariableDeclaration(node)
  );
}
