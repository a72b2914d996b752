import { AREAS, type Area, DOMAIN, TYPES } from './areas.js';
import { describe } from './describe.js';
import { type Entry, readEntries } from './entries.js';
import { openProject } from './exports.js';
import { Links, methodHeading } from './links.js';
import { methodsOf } from './members.js';

const NOTE = '<!-- Made of the doc comments by `npm run docs`: change those. -->';

/** The reference: each file's name and text. */
export function makePages(entries = readEntries(openProject())): Map<string, string> {
  const links = new Links(entries);
  const areas = [...AREAS, TYPES, DOMAIN].filter((area) => entries.some((entry) => entry.area === area));
  const pages = areas.map((area) => {
    const own = entries.filter((entry) => entry.area === area).sort(area.page === 'errors' ? byPlace : byRank);
    const text = [
      NOTE,
      `# ${area.title}`,
      area.about,
      contents(own, links, area),
      ...own.map((entry) => describe(entry, links)),
      '[All pages](README.md)',
    ];
    return [`${area.page}.md`, `${text.join('\n\n')}\n`] as const;
  });
  return new Map([['README.md', index(areas, entries, links)], ...pages]);
}

/** What is asked for first: what has methods, then functions, then values, then types; by name. */
function byRank(a: Entry, b: Entry): number {
  const rank = ({ instance, asValue, reachedBy, from }: Entry) =>
    reachedBy ? 0 : instance && asValue ? 1 : asValue ? 2 : instance ? 3 : from.length > 0 ? 4 : 5;
  return rank(a) - rank(b) || compare(a.reachedBy ?? a.name, b.reachedBy ?? b.name);
}

/** The tree of errors, from its root. */
function byPlace(a: Entry, b: Entry): number {
  return a.node.getPos() - b.node.getPos();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function contents(entries: readonly Entry[], links: Links, { page }: Area): string {
  const lines = entries
    .filter(({ instance, name }) => instance && !name.endsWith('Error'))
    .map((entry) => {
      const methods = methodsOf(entry.instance!.of).map(({ name }) => {
        const heading = methodHeading(entry, name);
        return `[${name.split('.').at(-1)}](${links.to(`${entry.name}.${name}`, page) ?? `#${heading}`})`;
      });
      return `- ${links.link(entry.name, page)}${methods.length > 0 ? `: ${methods.join(', ')}` : ''}`;
    });
  const others = entries.filter(({ instance, name }) => !instance || name.endsWith('Error'));
  const names = others.map((entry) => links.ofEntry(entry, page));
  return [...lines, ...(names.length > 0 ? [`- ${names.join(', ')}`] : [])].join('\n');
}

function index(areas: readonly Area[], entries: readonly Entry[], links: Links): string {
  const rows = areas.map(({ page, title, about }) => `| [${title}](${page}.md) | ${about} |`);
  const names = entries.filter(({ from }) => from.length > 0).sort((a, b) => compare(a.name, b.name));
  return `${[
    NOTE,
    '# API reference',
    'What the package exports, made of its doc comments; `npm run docs` makes these pages anew. Every example is compiled by the tests, and ' +
      'run against a database. In them `store` is an open [`Store`](store.md#store); `range`, `spring`, `tested`, `signal`, `approved`, `filled` and `campaign` ' +
      'are rows of the ledger of AAPL 1d that were created or read before.',
    [
      '- Windows are half-open: `[from, to)`. Rows come oldest first, whatever the method.',
      '- Instants are `Date`, luxon `DateTime` or ISO 8601 text, and UTC where they name no zone. Ticks have `bigint` microseconds since the epoch.',
      '- Prices, volumes, ratios and amounts go in as text, integers or `Decimal`, and come out as `Decimal`. No float is rounded silently.',
      '- Every error is a [`WyckoffError`](errors.md#wyckofferror) with a `code`; [troubleshooting](../troubleshooting.md) lists all of them.',
    ].join('\n'),
    ['| page | what it has |', '|---|---|', ...rows].join('\n'),
    '## By name',
    names.map(({ name }) => links.link(name, 'README')).join(', '),
  ].join('\n\n')}\n`;
}
