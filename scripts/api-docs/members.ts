import {
  type ClassDeclaration,
  type ConstructorDeclaration,
  type FunctionDeclaration,
  type MethodDeclaration,
  Node,
  type ParameterDeclaration,
  Scope,
} from 'ts-morph';
import { type DocComment, docCommentOf } from './doc-comment.js';

/** What a type parameter stands for, by its name. */
type Arguments = ReadonlyMap<string, Argument>;

interface Argument {
  readonly text: string;
  /** Where the types are that it speaks of. */
  readonly nodes: readonly Node[];
}

export interface Method {
  readonly name: string;
  /** As a caller sees them: one, or several where it is overloaded. */
  readonly signatures: readonly string[];
  readonly doc: DocComment;
  /** Where the types are that the signatures speak of. */
  readonly nodes: readonly Node[];
}

export interface Property {
  readonly name: string;
  readonly node: Node;
  readonly doc: DocComment;
}

export type Callable = MethodDeclaration | FunctionDeclaration | ConstructorDeclaration;

/** The public methods of a class, its own before those that it inherits; `given` are its type arguments. */
export function methodsOf(owner: ClassDeclaration, given: readonly Node[] = []): Method[] {
  const found = new Map<string, Method>();
  for (const { one, names } of chainOf(owner, given)) {
    for (const method of one.getMethods()) {
      const name = method.getName();
      if (!isPublic(method) || found.has(name)) continue;
      const overloads = method.getOverloads();
      const declared = overloads.length > 0 ? overloads : [method];
      found.set(name, {
        name: method.isStatic() ? `${owner.getName()}.${name}` : name,
        signatures: declared.map((each) => signatureOf(name, each, names)),
        doc: docCommentOf(declared[0]!),
        nodes: withArguments(declared.flatMap(typeNodesOf), names),
      });
    }
  }
  return [...found.values()];
}

/** Public fields, and what is read like one. */
export function propertiesOf(owner: ClassDeclaration, { inherited = true } = {}): Property[] {
  const found = new Map<string, Property>();
  for (const { one } of chainOf(owner, [])) {
    if (one !== owner && !inherited) break;
    const made = one.getConstructors()[0]?.getParameters() ?? [];
    const fields = made.filter((parameter) => parameter.isParameterProperty());
    for (const node of [...one.getProperties(), ...one.getGetAccessors(), ...fields]) {
      const name = node.getName();
      if (isPublic(node) && !found.has(name)) found.set(name, { name, node, doc: docCommentOf(node) });
    }
  }
  return [...found.values()];
}

/** `name(parameters): answer`, over several lines where it is long. */
export function signatureOf(name: string, node: Callable, names: Arguments = new Map()): string {
  const generics = Node.isConstructorDeclaration(node) ? [] : node.getTypeParameters().map((one) => one.getText());
  const answer = Node.isConstructorDeclaration(node)
    ? undefined
    : (node.getReturnTypeNode()?.getText() ?? inferred(node));
  const head = `${name}${generics.length > 0 ? `<${generics.join(', ')}>` : ''}`;
  const parameters = node.getParameters().map((one) => parameterText(one, names));
  const tail = answer === undefined ? '' : `: ${substituted(answer, names)}`;
  const line = `${head}(${parameters.join(', ')})${tail}`;
  return line.length <= 110 ? line : `${head}(\n${parameters.map((one) => `  ${one},\n`).join('')})${tail}`;
}

export function typeNodesOf(node: Callable): Node[] {
  const answer = Node.isConstructorDeclaration(node) ? undefined : node.getReturnTypeNode();
  return [...node.getParameters().map((one) => one.getTypeNode()), answer].filter((one) => one !== undefined);
}

function parameterText(node: ParameterDeclaration, names: Arguments): string {
  // What is taken apart in the head of a function has no name of its own.
  const name = Node.isIdentifier(node.getNameNode()) ? node.getName() : 'options';
  const rest = node.isRestParameter() ? '...' : '';
  const type = node.getTypeNode()?.getText() ?? node.getType().getText(node);
  return `${rest}${name}${node.isOptional() && !rest ? '?' : ''}: ${substituted(type, names)}`;
}

function inferred(node: Exclude<Callable, ConstructorDeclaration>): string {
  return node.getReturnType().getText(node);
}

function substituted(text: string, names: Arguments): string {
  return text.replace(/\s+/g, ' ').replace(/\b[A-Z]\w*\b/g, (word) => names.get(word)?.text ?? word);
}

function withArguments(nodes: readonly Node[], names: Arguments): Node[] {
  const named = nodes.flatMap((node) => [node, ...node.getDescendants()].filter(Node.isIdentifier));
  return [...nodes, ...named.flatMap((name) => names.get(name.getText())?.nodes ?? [])];
}

/** The class and those that it extends, each with what its type parameters stand for. */
function* chainOf(
  owner: ClassDeclaration,
  given: readonly Node[],
): Generator<{ one: ClassDeclaration; names: Arguments }> {
  let one: ClassDeclaration | undefined = owner;
  let args: readonly Argument[] = given.map((node) => ({ text: node.getText(), nodes: [node] }));
  while (one) {
    const parameters = one.getTypeParameters().map((parameter) => parameter.getName());
    const names: Arguments = new Map(parameters.flatMap((name, index) => (args[index] ? [[name, args[index]]] : [])));
    yield { one, names };
    const next = one.getExtends()?.getTypeArguments() ?? [];
    args = next.map((node) => ({ text: substituted(node.getText(), names), nodes: withArguments([node], names) }));
    one = one.getBaseClass();
  }
}

function isPublic(node: Node): boolean {
  const scope = Node.isScoped(node) ? node.getScope() : Node.isScopeable(node) ? node.getScope() : Scope.Public;
  const name = (Node.hasName(node) ? node.getName() : '') ?? '';
  return (scope ?? Scope.Public) === Scope.Public && !name.startsWith('#') && !name.startsWith('[');
}
