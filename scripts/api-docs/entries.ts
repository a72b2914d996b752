import { type ClassDeclaration, Node, type Project } from 'ts-morph';
import { AREAS, type Area, DOMAIN, TYPES } from './areas.js';
import { type Declared, type Exported, isDeclared, isOurs, pathOf, readExports } from './exports.js';
import { methodsOf, propertiesOf, typeNodesOf } from './members.js';

/** One thing that a page describes. */
export interface Entry extends Found {
  /** Its name; and the file that has it, where others of the page have that name. */
  readonly heading: string;
}

interface Found extends Exported {
  readonly area: Area;
  /** The class whose instance it is, and what its type parameters stand for. */
  readonly instance?: { readonly of: ClassDeclaration; readonly given: readonly Node[] };
  /** How a program comes to an instance: `store.bars`. */
  readonly reachedBy?: string;
}

/** All that the reference describes: what is exported, and the types that it speaks of. */
export function readEntries(project: Project): Entry[] {
  const found = new Map<Node, Found>();
  for (const one of readExports(project)) found.set(one.node, { ...one, area: areaOf(one), ...instanceOf(one.node) });
  // What is added speaks of more.
  for (const { node } of found.values()) {
    for (const other of spokenOf(node)) {
      if (found.has(other)) continue;
      const one = { name: other.getName() ?? '', node: other, from: [], asValue: false };
      found.set(other, { ...one, area: areaOf(one) });
    }
  }
  const reached = readReached([...found.values()]);
  return [...found.values()].filter(isNoTwin).map((entry, _, all) => {
    const reachedBy = reached.get(entry.node);
    return { ...entry, heading: headingOf(entry, all), ...(reachedBy !== undefined && { reachedBy }) };
  });
}

/** Two files may have a type of one name that neither exports from the package. */
function headingOf({ name, node, area, from }: Found, all: readonly Found[]): string {
  const namesakes = all.filter((one) => one.name === name && one.area === area);
  if (from.length > 0 || namesakes.length === 1) return name;
  return `${name} (${pathOf(node.getSourceFile()).replace(/\.ts$/, '')})`;
}

/** A type that has the name of a value is described with it. */
function isNoTwin({ name, node }: Found, _: number, all: readonly Found[]): boolean {
  return (
    !Node.isTypeAliasDeclaration(node) || !all.some((one) => one.name === name && Node.isVariableDeclaration(one.node))
  );
}

function areaOf({ node, from }: Pick<Exported, 'node' | 'from'>): Area {
  const path = pathOf(node.getSourceFile());
  const area = AREAS.find(({ of }) => of.test(path));
  if (from.length === 1 && from[0] === 'wyckoff-store/domain') return DOMAIN;
  return area ?? TYPES;
}

/** A class, or a name for a class with its type arguments. */
function instanceOf(node: Declared): Pick<Found, 'instance'> {
  if (Node.isClassDeclaration(node)) return { instance: { of: node, given: [] } };
  if (!Node.isTypeAliasDeclaration(node)) return {};
  const type = node.getTypeNode();
  if (!Node.isTypeReference(type)) return {};
  const of = type.getTypeName().getSymbol()?.getAliasedSymbol()?.getDeclarations().find(Node.isClassDeclaration);
  return of && isOurs(of) ? { instance: { of, given: type.getTypeArguments() } } : {};
}

/** The interfaces and type names of ours in the parts of a declaration that a caller sees. */
function spokenOf(node: Declared): Declared[] {
  return visibleNodes(node)
    .flatMap((one) => [one, ...one.getDescendants()])
    .filter(Node.isIdentifier)
    .flatMap((name) => {
      const symbol = name.getSymbol();
      return (symbol?.getAliasedSymbol() ?? symbol)?.getDeclarations() ?? [];
    })
    .filter(isDeclared)
    .filter((other) => (Node.isInterfaceDeclaration(other) || Node.isTypeAliasDeclaration(other)) && isOurs(other));
}

function visibleNodes(node: Declared): Node[] {
  if (Node.isFunctionDeclaration(node)) return typeNodesOf(node);
  if (Node.isVariableDeclaration(node)) return [node.getTypeNode()].filter((one) => one !== undefined);
  if (!Node.isClassDeclaration(node)) return [node];
  const fields = propertiesOf(node).flatMap(({ node: field }) =>
    Node.isGetAccessorDeclaration(field)
      ? (field.getReturnTypeNode() ?? [])
      : Node.isTyped(field)
        ? (field.getTypeNode() ?? [])
        : [],
  );
  return [...methodsOf(node).flatMap(({ nodes }) => nodes), ...fields];
}

/** Where instances are found: the properties of the store, and theirs. */
function readReached(entries: readonly Found[]): Map<Node, string> {
  const reached = new Map<Node, string>();
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const visit = (entry: Found, path: string) => {
    reached.set(entry.node, path);
    for (const { name, node } of entry.instance ? propertiesOf(entry.instance.of) : []) {
      const type = node.getType();
      const next = byName.get((type.getAliasSymbol() ?? type.getSymbol())?.getName() ?? '');
      if (next?.instance && !reached.has(next.node)) visit(next, `${path}.${name}`);
    }
  };
  const store = byName.get('Store');
  if (store) visit(store, 'store');
  return reached;
}
