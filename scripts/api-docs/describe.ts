import { Node, type Symbol as TypeSymbol } from 'ts-morph';
import { type DocComment, docCommentOf } from './doc-comment.js';
import type { Entry } from './entries.js';
import { isOurs } from './exports.js';
import { headingOf, type Links, methodHeading } from './links.js';
import { methodsOf, propertiesOf, signatureOf, typeNodesOf } from './members.js';

/** The Markdown of one entry. */
export function describe(entry: Entry, links: Links): string {
  const { node, area, from, asValue, instance, reachedBy } = entry;
  const doc = docCommentOf(node);
  const said = doc.text === '' && instance ? docCommentOf(instance.of) : doc;
  const owner = instance?.of.getName() ?? entry.name;
  const parts = [`## ${headingOf(entry)}`, origin(from, asValue, reachedBy), links.text(said.text, area.page, owner)];
  if (instance) parts.push(...describeClass(entry, instance, said, links));
  else if (Node.isFunctionDeclaration(node)) {
    const overloads = node.getOverloads();
    const declared = overloads.length > 0 ? overloads : [node];
    const signatures = declared.map((one) => signatureOf(entry.name, one));
    parts.push(...callable(signatures, said, declared.flatMap(typeNodesOf), entry, links));
  } else if (Node.isVariableDeclaration(node)) parts.push(fenced(variableText(node)), examples(said));
  else parts.push(...describeType(entry, links), examples(said));
  return joined(parts);
}

function describeClass(
  entry: Entry,
  { of, given }: NonNullable<Entry['instance']>,
  doc: DocComment,
  links: Links,
): string[] {
  const { page } = entry.area;
  const owner = of.getName() ?? entry.name;
  const base = of.getExtends()?.getExpression().getText();
  const extended = base && links.link(base, page);
  const parts = [extended ? `Extends ${extended}.` : '', examples(doc)];
  const made = of.getConstructors()[0];
  if (entry.asValue && made && !doc.hidesConstructor && !isError(of.getName()))
    parts.push(
      ...callable([signatureOf(`new ${entry.name}`, made)], docCommentOf(made), typeNodesOf(made), entry, links),
    );
  const rows = propertiesOf(of)
    .filter(({ node }) => isOurs(node))
    .map(({ name, node, doc: said }) => [name, typeOf(node, links, page), links.text(said.text, page, owner)] as const);
  parts.push(table('property', rows));
  for (const method of methodsOf(of, given)) {
    parts.push(`### ${methodHeading(entry, method.name)}`);
    parts.push(links.text(method.doc.text, page, owner));
    parts.push(...callable(method.signatures, method.doc, method.nodes, entry, links));
  }
  return parts;
}

function callable(
  signatures: readonly string[],
  doc: DocComment,
  nodes: readonly Node[],
  entry: Entry,
  links: Links,
): string[] {
  const { page } = entry.area;
  const owner = entry.instance?.of.getName();
  // What a type parameter stands for is named in the signature alone.
  const written = [...new Set(signatures.join(' ').match(/\b[A-Z]\w*\b/g) ?? [])];
  const named = [...new Set([...namesIn(nodes), ...written])];
  const types = named.flatMap((name) => links.link(name, page) ?? []);
  return [
    fenced(signatures.join('\n')),
    types.length > 0 ? `Types: ${types.join(', ')}` : '',
    ...doc.throws.map((one) => `Throws ${links.text(one, page, owner)}`),
    examples(doc),
  ];
}

function describeType(entry: Entry, links: Links): string[] {
  const { node, area } = entry;
  const alias = Node.isTypeAliasDeclaration(node);
  const type = node.getType();
  const isShape =
    type.isObject() || (type.isIntersection() && type.getIntersectionTypes().every((one) => one.isObject()));
  const plain = isShape && !type.isArray() && !type.isTuple() && type.getCallSignatures().length === 0;
  const symbols = plain ? type.getProperties().filter((one) => one.getDeclarations().some(isOurs)) : [];
  const rows = symbols.map((symbol) => propertyRow(symbol, entry, links));
  const text = alias ? fenced(withoutComments(node)) : '';
  return [
    alias && (rows.length === 0 || !isLiteral(node)) ? text : '',
    table('property', rows),
    area.page === '' ? '' : heritage(node, links, area.page),
  ];
}

/** What an interface is made of is in its table; only where that is a class of its own it is worth a word. */
function heritage(node: Node, links: Links, page: string): string {
  if (!Node.isInterfaceDeclaration(node)) return '';
  const bases = node.getExtends().flatMap((one) => links.link(one.getExpression().getText(), page) ?? []);
  return bases.length > 0 ? `Extends ${bases.join(', ')}.` : '';
}

function propertyRow(symbol: TypeSymbol, { node, area }: Entry, links: Links): readonly [string, string, string] {
  const [declaration] = symbol.getDeclarations();
  const name = symbol.getName();
  if (!declaration) return [name, '', ''];
  const optional = symbol.isOptional() ? '?' : '';
  const doc = docCommentOf(declaration);
  const text = [doc.text, ...doc.throws.map((one) => `Throws ${one}`)].filter(Boolean).join(' ');
  return [
    `${name}${optional}`,
    typeOf(declaration, links, area.page, symbol.getTypeAtLocation(node).getText(node)),
    links.text(text, area.page),
  ];
}

/** A type as its author wrote it, linked where it is one name. */
function typeOf(node: Node, links: Links, page: string, fallback?: string): string {
  if (Node.isMethodSignature(node) || Node.isMethodDeclaration(node)) {
    const parameters = node
      .getParameters()
      .map((one) => one.getText())
      .join(', ');
    return code(`(${parameters}) => ${node.getReturnTypeNode()?.getText() ?? 'void'}`);
  }
  const written = Node.isGetAccessorDeclaration(node)
    ? node.getReturnTypeNode()
    : Node.isTyped(node)
      ? node.getTypeNode()
      : undefined;
  const type = node.getType();
  const named = (type.getAliasSymbol() ?? type.getSymbol())?.getName();
  const indexed = Node.isIndexedAccessTypeNode(written) && named !== undefined && links.link(named, page);
  if (indexed) return indexed;
  const text = (written?.getText() ?? fallback ?? type.getText(node))
    .replace(/\s+/g, ' ')
    .replace(/ \| undefined$/, '');
  return links.link(text, page) ?? code(text);
}

function namesIn(nodes: readonly Node[]): string[] {
  return nodes.flatMap((node) =>
    [node, ...node.getDescendants()].filter(Node.isIdentifier).map((name) => name.getText()),
  );
}

function origin(from: readonly string[], asValue: boolean, reachedBy: string | undefined): string {
  if (reachedBy !== undefined && reachedBy !== 'store') return `\`${reachedBy}\``;
  if (from.length === 0) return 'A type without an export of its own.';
  return `\`import ${asValue ? '' : 'type '}\` from ${from.map((one) => `\`${one}\``).join(' or ')}`;
}

function variableText(node: import('ts-morph').VariableDeclaration): string {
  const text = node.getText();
  const short = text.length <= 400 ? text : `${node.getName()}: ${node.getType().getText(node)}`;
  return `const ${short}`;
}

function withoutComments(node: Node): string {
  return node
    .getText()
    .replace(/^export /, '')
    .replace(/[ \t]*\/\*\*.*?\*\/\n?/gs, '');
}

function isLiteral(node: Node): boolean {
  return Node.isTypeAliasDeclaration(node) && Node.isTypeLiteral(node.getTypeNode());
}

function isError(name: string | undefined): boolean {
  return name?.endsWith('Error') ?? false;
}

function table(first: string, rows: readonly (readonly [string, string, string])[]): string {
  if (rows.length === 0) return '';
  const lines = rows.map(([name, type, text]) => `| \`${name}\` | ${type} | ${cell(text)} |`);
  return [`| ${first} | type | meaning |`, '|---|---|---|', ...lines].join('\n');
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/(?<!\\)\|/g, '\\|');
}

function examples({ examples: all }: DocComment): string {
  return all.map((one) => fenced(one)).join('\n\n');
}

function fenced(text: string): string {
  return `\`\`\`ts\n${text}\n\`\`\``;
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}
