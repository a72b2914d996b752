import { Node } from 'ts-morph';
import type { Entry } from './entries.js';
import { methodsOf, propertiesOf } from './members.js';

interface Target {
  readonly page: string;
  readonly heading: string;
}

/** The headings of the reference: where each name leads. */
export class Links {
  readonly #targets = new Map<string, Target>();
  /** Two types may have one name, of which one is exported. */
  readonly #byNode = new Map<Node, Target>();

  constructor(entries: readonly Entry[]) {
    for (const entry of entries) {
      const { name, heading, node, area, instance, from } = entry;
      const target = { page: area.page, heading };
      this.#byNode.set(node, target);
      if (from.length > 0 || !this.#targets.has(name)) this.#targets.set(name, target);
      if (!instance) continue;
      // Of a class that several names stand for, the first.
      for (const owner of new Set([name, instance.of.getName() ?? name])) {
        for (const property of propertiesOf(instance.of)) this.#once(`${owner}.${property.name}`, target);
        for (const method of methodsOf(instance.of)) {
          this.#once(`${owner}.${method.name}`, { page: area.page, heading: methodHeading(entry, method.name) });
        }
      }
    }
  }

  #once(key: string, target: Target): void {
    if (!this.#targets.has(key)) this.#targets.set(key, target);
  }

  /** As seen from a page; undefined where nothing has that name. */
  to(name: string, from: string): string | undefined {
    const target = this.#targets.get(name);
    return target && addressOf(target, from);
  }

  /** A doc comment's text, its `{@link ...}` and the errors that it names as links. `owner` is the class that the comment is in. */
  text(text: string, from: string, owner?: string): string {
    const linked = text.replace(/\{@link ([^}|]+?)(?:\s*\|\s*([^}]+))?\}/g, (_, name: string, label?: string) => {
      const shown = `\`${label ?? name}\``;
      const target = (owner && this.to(`${owner}.${name}`, from)) ?? this.to(name, from);
      return target ? `[${shown}](${target})` : shown;
    });
    return linked.replace(/(?<![`\w.[])([A-Z]\w+Error)\b(?![`\]])/g, (name) => this.link(name, from) ?? name);
  }

  link(name: string, from: string): string | undefined {
    const target = this.to(name, from);
    return target && `[\`${name}\`](${target})`;
  }

  /** To an entry, which may share its name with another. */
  ofEntry({ name, node }: Entry, from: string): string {
    return `[\`${name}\`](${addressOf(this.#byNode.get(node)!, from)})`;
  }

  /** What a name in the code stands for. */
  ofIdentifier(name: Node, from: string): string | undefined {
    const symbol = name.getSymbol();
    const declared = (symbol?.getAliasedSymbol() ?? symbol)?.getDeclarations() ?? [];
    const target = declared.map((node) => this.#byNode.get(node)).find((one) => one !== undefined);
    return target && `[\`${name.getText()}\`](${addressOf(target, from)})`;
  }

  /** The types that a piece of code speaks of, each once. */
  within(nodes: readonly Node[], from: string): string[] {
    const names = nodes.flatMap((node) => [node, ...node.getDescendants()]).filter(Node.isIdentifier);
    return [...new Set(names.flatMap((name) => this.ofIdentifier(name, from) ?? []))];
  }
}

function addressOf({ page, heading }: Target, from: string): string {
  return `${page === from ? '' : `${page}.md`}#${anchorOf(heading)}`;
}

export function methodHeading({ name, reachedBy }: Entry, method: string): string {
  return method.includes('.') ? method : `${reachedBy ?? name}.${method}`;
}

/** As GitHub makes them of headings. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}
