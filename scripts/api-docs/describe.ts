import { Node } from 'ts-morph';
import { type DocComment, docCommentOf } from './doc-comment.js';
import type { Entry } from './entries.js';
import { isOurs } from './exports.js';
import { type Links, methodHeading } from './links.js';
import { type Callable, methodsOf, propertiesOf, signatureOf, typeNodesOf } from './members.js';
import { aliasText, propertyTable, shapeTable, valueText } from './type-text.js';

/** The Markdown of one entry. */
export function describe(entry: Entry, links: Links): string {
  const { node, area, name, instance } = entry;
  const own = docCommentOf(node);
  // A name for a class with its type arguments, and without a comment of its own, has that of the class.
  const doc = own.text === '' && instance ? docCommentOf(instance.of) : own;
  const parts = [`## ${entry.heading}`, originOf(entry), links.text(doc.text, area.page, name)];
  if (instance) parts.push(...describeClass(entry, instance, doc, links));
  else if (Node.isFunctionDeclaration(node)) parts.push(...describeFunction(name, node, doc, entry, links));
  else if (Node.isVariableDeclaration(node)) parts.push(fenced(valueText(node)), examplesOf(doc));
  else parts.push(...describeType(entry, links), examplesOf(doc));
  return parts.filter((part) => part !== '').join('\n\n');
}

function describeClass(
  entry: Entry,
  { of, given }: NonNullable<Entry['instance']>,
  doc: DocComment,
  links: Links,
): string[] {
  const { name, area, asValue } = entry;
  const { page } = area;
  const base = of.getExtends()?.getExpression();
  const extended = base && links.ofIdentifier(base, page);
  const parts = [extended ? `Extends ${extended}.` : '', examplesOf(doc)];
  const made = of.getConstructors()[0];
  const isError = name.endsWith('Error');
  if (asValue && made && !doc.hidesConstructor && !isError)
    parts.push(...describeFunction(`new ${name}`, made, docCommentOf(made), entry, links));
  // An error's properties are in the row of the class that has them.
  const properties = propertiesOf(of, { inherited: !isError }).filter(({ node }) => isOurs(node));
  parts.push(propertyTable(properties, name, links, page));
  for (const method of methodsOf(of, given)) {
    parts.push(`### ${methodHeading(entry, method.name)}`, links.text(method.doc.text, page, name));
    parts.push(...callable(method.signatures, method.doc, method.nodes, entry, links));
  }
  return parts;
}

function describeFunction(name: string, node: Callable, doc: DocComment, entry: Entry, links: Links): string[] {
  const overloads = Node.isFunctionDeclaration(node) ? node.getOverloads() : [];
  const declared = overloads.length > 0 ? overloads : [node];
  const signatures = declared.map((one) => signatureOf(name, one));
  return callable(signatures, doc, declared.flatMap(typeNodesOf), entry, links);
}

function callable(
  signatures: readonly string[],
  doc: DocComment,
  nodes: readonly Node[],
  { name, area: { page } }: Entry,
  links: Links,
): string[] {
  const types = links.within(nodes, page);
  return [
    fenced(signatures.join('\n')),
    types.length > 0 ? `Types: ${types.join(', ')}` : '',
    ...doc.throws.map((one) => `Throws ${links.text(one, page, name)}`),
    examplesOf(doc),
  ];
}

function describeType({ node, area: { page } }: Entry, links: Links): string[] {
  const table = shapeTable(node, links, page);
  if (Node.isTypeAliasDeclaration(node)) return [fenced(aliasText(node)), table];
  if (!Node.isInterfaceDeclaration(node)) return [];
  const bases = links.within(node.getExtends(), page);
  return [bases.length > 0 ? `Extends ${bases.join(', ')}.` : '', table];
}

function originOf({ name, from, asValue, reachedBy }: Entry): string {
  if (reachedBy !== undefined && reachedBy !== 'store') return `\`${reachedBy}\``;
  const [first, ...others] = from;
  if (first === undefined) return 'Not exported by name.';
  const also = others.map((one) => `, or from \`${one}\``).join('');
  return `\`import ${asValue ? '' : 'type '}{ ${name} } from '${first}'\`${also}`;
}

function examplesOf({ examples }: DocComment): string {
  return examples.map(fenced).join('\n\n');
}

function fenced(text: string): string {
  return `\`\`\`ts\n${text}\n\`\`\``;
}
