import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface PageBlock {
  /** The heading that it stands under. */
  readonly heading: string;
  readonly language: string;
  readonly source: string;
}

/** The code blocks of a page, in their order. */
export function readBlocks(page: string): PageBlock[] {
  const text = readFileSync(fileURLToPath(new URL(`../../${page}`, import.meta.url)), 'utf8');
  const found: PageBlock[] = [];
  let heading = '';
  for (const [, title, language = '', source = ''] of text.matchAll(/^#+ ([^\n]+)$|^```(\w+)\n(.*?)^```$/gms)) {
    if (title !== undefined) heading = title;
    else found.push({ heading, language, source });
  }
  return found;
}
