import type { Entry } from './entries.js';
import { methodsOf, propertiesOf } from './members.js';

/** The headings of the reference: where each name leads. */
export class Links {
  readonly #targets = new Map<string, { readonly page: string; readonly heading: string }>();

  constructor(entries: readonly Entry[]) {
    for (const entry of entries) {
      const { name, area, instance } = entry;
      const add = (key: string, heading: string) => this.#targets.set(key, { page: area.page, heading });
      add(name, headingOf(entry));
      if (!instance) continue;
      // Of a class that several names stand for, the first.
      for (const owner of new Set([name, instance.of.getName() ?? name])) {
        for (const property of propertiesOf(instance.of))
          this.#once(`${owner}.${property.name}`, area.page, headingOf(entry));
        for (const method of methodsOf(instance.of))
          this.#once(`${owner}.${method.name}`, area.page, methodHeading(entry, method.name));
      }
    }
  }

  #once(key: string, page: string, heading: string): void {
    if (!this.#targets.has(key)) this.#targets.set(key, { page, heading });
  }

  /** As seen from a page; undefined where nothing has that name. */
  to(name: string, from: string): string | undefined {
    const target = this.#targets.get(name);
    return target && `${target.page === from ? '' : `${target.page}.md`}#${anchorOf(target.heading)}`;
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
}

export function headingOf({ name }: Entry): string {
  return name;
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
