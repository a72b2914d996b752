import { docCommentOf } from './doc-comment.js';
import type { Entry } from './entries.js';
import { methodHeading } from './links.js';
import { methodsOf } from './members.js';

/** What the doc comment of a method or a function says beside its signature. */
export interface Documented {
  /** As the reference names it: `store.bars.range`. */
  readonly name: string;
  readonly text: string;
  readonly examples: readonly string[];
}

/** The methods of everything that a store reaches. */
export function reachedMethods(entries: readonly Entry[]): Documented[] {
  return entries.flatMap((entry) => {
    const { instance, reachedBy } = entry;
    if (!instance || reachedBy === undefined) return [];
    return methodsOf(instance.of, instance.given).map(({ name, doc }) => ({
      name: methodHeading(entry, name),
      ...doc,
    }));
  });
}

/** Every example that there is, those of functions and types too. */
export function allExamples(entries: readonly Entry[]): { readonly name: string; readonly source: string }[] {
  const own = entries.map(({ name, node }) => ({ name, ...docCommentOf(node) }));
  const methods = entries.flatMap((entry) =>
    entry.instance
      ? methodsOf(entry.instance.of).map(({ name, doc }) => ({ name: methodHeading(entry, name), ...doc }))
      : [],
  );
  const found = new Map<string, string>();
  // What is inherited says the same under several names: the first will do.
  for (const { name, examples } of [...own, ...methods])
    for (const source of examples) if (!found.has(source)) found.set(source, name);
  return [...found].map(([source, name]) => ({ name, source }));
}
