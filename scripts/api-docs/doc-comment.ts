import { type JSDoc, Node } from 'ts-morph';

/** A doc comment, taken apart. Links in it are as they were written. */
export interface DocComment {
  readonly text: string;
  readonly throws: readonly string[];
  readonly examples: readonly string[];
  /** Only the store makes instances of the class. */
  readonly hidesConstructor: boolean;
}

const NONE: DocComment = { text: '', throws: [], examples: [], hidesConstructor: false };

/** The doc comment of a declaration; the last one where there are several, as the compiler takes it. */
export function docCommentOf(node: Node): DocComment {
  const owner = Node.isVariableDeclaration(node) ? node.getVariableStatement() : node;
  const comments = owner && Node.isJSDocable(owner) ? owner.getJsDocs() : [];
  const comment = comments.at(-1);
  return comment ? read(comment) : NONE;
}

function read(comment: JSDoc): DocComment {
  const lines = comment
    .getText()
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd());
  // An example runs to the next tag or to the end; in front of it a tag may stand within a line.
  const [head = '', ...examples] = lines.join('\n').split(/^@example\b[ \t]*/m);
  const [text = '', ...tags] = head.split(/@(?=throws\b|hideconstructor\b)/);
  const throws = tags.filter((tag) => tag.startsWith('throws')).map((tag) => flow(tag.slice('throws'.length)));
  return {
    text: text.trim(),
    throws,
    examples: examples.map((example) => example.trim()),
    hidesConstructor: tags.some((tag) => tag.startsWith('hideconstructor')),
  };
}

function flow(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}
