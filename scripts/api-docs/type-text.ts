import {
  Node,
  SyntaxKind,
  type TypeAliasDeclaration,
  type Symbol as TypeSymbol,
  type VariableDeclaration,
} from 'ts-morph';
import { docCommentOf } from './doc-comment.js';
import { isOurs } from './exports.js';
import type { Links } from './links.js';
import type { Property } from './members.js';

/** A row of a table: its name, its type, what it means. */
type Row = readonly [name: string, type: string, meaning: string];

/** The properties of an interface, of its bases too. */
export function shapeTable(node: Node, links: Links, page: string): string {
  const type = node.getType();
  const parts = type.isIntersection() ? type.getIntersectionTypes() : [type];
  const isShape = parts.every((one) => one.isObject()) && !type.isArray() && !type.isTuple();
  if (!isShape || type.getCallSignatures().length > 0) return '';
  const own = type
    .getProperties()
    .filter((one) =>
      one.getDeclarations().some((declaration) => isOurs(declaration) && !Node.isPropertyAssignment(declaration)),
    );
  return table(own.map((symbol) => symbolRow(symbol, node, links, page)));
}

export function propertyTable(properties: readonly Property[], owner: string, links: Links, page: string): string {
  return table(
    properties.map(({ name, node, doc }) => [name, typeOf(node, links, page), links.text(doc.text, page, owner)]),
  );
}

/** What a value is: as it is written where that is plain data, by its type otherwise. */
export function valueText(node: VariableDeclaration): string {
  const written = node.getInitializer()?.getText() ?? '';
  const given = node.getTypeNode()?.getText();
  const plain = /^[-\d'"[{]/.test(written) && written.length <= 400 && !/=>|\w\(/.test(written);
  if (plain) return `const ${node.getName()}${given ? `: ${given}` : ''} = ${written}`;
  return `const ${node.getName()}: ${given ?? typeText(node)}`;
}

/** A type name as it is written, the elements of a list of values in full. */
export function aliasText(node: TypeAliasDeclaration): string {
  const type = node.getTypeNode();
  const listed = Node.isIndexedAccessTypeNode(type)
    ? /^\(?typeof (\w+)\)?$/.exec(type.getObjectTypeNode().getText())
    : null;
  const list = listed && node.getSourceFile().getVariableDeclaration(listed[1]!)?.getInitializer();
  const values = list && Node.isAsExpression(list) ? list.getExpression() : list;
  const elements =
    values && Node.isArrayLiteralExpression(values) ? values.getElements().map((one) => one.getText()) : [];
  if (elements.length > 0 && elements.every((one) => /^['\d]/.test(one)))
    return `type ${node.getName()} = ${elements.join(' | ')};`;
  return node.getText().replace(/^export /, '');
}

function symbolRow(symbol: TypeSymbol, owner: Node, links: Links, page: string): Row {
  const name = `${symbol.getName()}${symbol.isOptional() ? '?' : ''}`;
  const declaration = symbol.getDeclarations()[0]!;
  const { text, throws } = docCommentOf(declaration);
  if (Node.isMethodDeclaration(declaration)) {
    // Of a class, which an interface takes over: all of it is said there.
    const method = `${declaration.getParentIfKind(SyntaxKind.ClassDeclaration)?.getName()}.${symbol.getName()}`;
    return [name, links.link(method, page) ?? code(method), links.text(text.replace(/(?<=\.)\s.*$/s, ''), page)];
  }
  const meaning = [text, ...throws.map((one) => `Throws ${one}`)].filter((part) => part !== '').join(' ');
  const inferred = pathless(symbol.getTypeAtLocation(owner).getText(owner));
  return [name, typeOf(declaration, links, page, inferred), links.text(meaning, page)];
}

/** A type as its author wrote it; a link where it is one name. */
function typeOf(node: Node, links: Links, page: string, inferred = typeText(node)): string {
  if (Node.isMethodSignature(node)) {
    const parameters = node.getParameters().map((one) => one.getText());
    return code(`(${parameters.join(', ')}) => ${node.getReturnTypeNode()?.getText() ?? 'void'}`);
  }
  const written = Node.isGetAccessorDeclaration(node)
    ? node.getReturnTypeNode()
    : Node.isTyped(node)
      ? node.getTypeNode()
      : undefined;
  if (Node.isIndexedAccessTypeNode(written)) {
    const type = node.getType();
    const name = (type.getAliasSymbol() ?? type.getSymbol())?.getName();
    const link = name === undefined ? undefined : links.link(name, page);
    if (link) return link;
  }
  if (Node.isTypeReference(written) && written.getTypeArguments().length === 0) {
    const link = links.ofIdentifier(written.getTypeName(), page);
    if (link) return link;
  }
  const text = (written?.getText() ?? inferred).replace(/\s+/g, ' ').replace(/ \| undefined$/, '');
  return (
    links.link(text, page) ??
    code(text.replace(/^\((.*)\)$/, (whole, inner: string) => (inner.startsWith('(') ? inner : whole)))
  );
}

function typeText(node: Node): string {
  return pathless(node.getType().getText(node));
}

/** The compiler writes where a type is from where the file does not import it. */
function pathless(type: string): string {
  return type.replace(/import\("[^"]*"\)\./g, '');
}

function table(rows: readonly Row[]): string {
  if (rows.length === 0) return '';
  const meant = rows.some(([, , meaning]) => meaning !== '');
  const head = meant ? ['| property | type | meaning |', '|---|---|---|'] : ['| property | type |', '|---|---|'];
  const lines = rows.map(([name, type, meaning]) => `| \`${name}\` | ${type} |${meant ? ` ${cell(meaning)} |` : ''}`);
  return [...head, ...lines].join('\n');
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/(?<!\\)\|/g, '\\|');
}
