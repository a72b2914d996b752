import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'vitest/node';
import { ENVIRONMENT_VARIABLES } from '../../src/config.js';
import { ENTITY_TYPES, EVENT_TYPES } from '../../src/domain/audit-event.js';
import { EFFORT_RESULTS } from '../../src/domain/pattern-metadata.js';
import { SIGNAL_STATUSES } from '../../src/domain/signal-status.js';

const SOURCES = fileURLToPath(new URL('../../src', import.meta.url));

/** Words in capitals that the sources have for something else. */
const OTHER_WORDS = new Set<string>([
  ...ENVIRONMENT_VARIABLES,
  ...ENTITY_TYPES,
  ...Object.values(EVENT_TYPES).flat(),
  ...SIGNAL_STATUSES,
  ...EFFORT_RESULTS,
  'BACKTEST_RUN', // a kind of id
  'PG_VERSION', // a file of PostgreSQL
  'TIMESTAMP_NS', // a type of DuckDB's
  'BYTE_ARRAY', // types of Parquet
  'FIXED_LEN_BYTE_ARRAY',
  'TIMESTAMP_MICROS',
  'ERR_STREAM_PREMATURE_CLOSE',
  'EAI_AGAIN', // codes of Node's
  'ERR_INVALID_URL',
]);

const LEDGER = ['TRADING_RANGE', 'PATTERN', 'SIGNAL', 'CAMPAIGN', 'BACKTEST_RESULT'];
const SUBJECTS = ['BARS', 'TRADES', 'QUOTES', 'ORDER_BOOKS', 'INDICATORS'];

/** Codes that are put together, by their last part: what comes before it. */
const PUT_TOGETHER: Readonly<Record<string, (kinds: readonly string[]) => readonly string[]>> = {
  _TOO_LARGE: (kinds) => kinds,
  _TOO_PRECISE: (kinds) => kinds,
  _NEGATIVE: () => ['VOLUME', 'RATIO'],
  _UNKNOWN: () => LEDGER,
  _INVALID: () => SUBJECTS,
};

const CODE = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/;
const SEVERAL_WORDS = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/;

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

/**
 * Every code of an error, a problem or a finding that the sources can make, and where. A code is
 * - a text where a code belongs: the first argument of an error's constructor, or a `code`;
 * - any other text in capitals of several words, unless it is known to be something else: so that one that goes through a function of its own
 *   is not missed.
 */
export function errorCodes(): ReadonlyMap<string, string> {
  known ??= readCodes();
  return known;
}

let known: ReadonlyMap<string, string> | undefined;

function readCodes(): Map<string, string> {
  const found = new Map<string, string>();
  const kinds: string[] = [];
  const composed: { readonly last: string; readonly file: string }[] = [];
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.startsWith('generated'),
  );
  for (const file of files) {
    visit(parseAst(readFileSync(join(SOURCES, file), 'utf8'), { lang: 'ts' }), false, (node, inPlace) => {
      if (node.type === 'Literal' && typeof node.value === 'string') {
        const text = node.value;
        const known = inPlace ? CODE.test(text) : SEVERAL_WORDS.test(text) && !OTHER_WORDS.has(text);
        if (known && !found.has(text)) found.set(text, file);
      }
      if (node.type === 'TemplateLiteral') {
        const parts = (node.quasis as readonly { value: { cooked: string } }[]).map(({ value }) => value.cooked);
        const last = parts.at(-1)!;
        if (parts[0] === '' && /^_[A-Z]+(_[A-Z]+)*$/.test(last)) composed.push({ last, file });
      }
      if (node.type === 'ObjectExpression') kinds.push(...decimalKindOf(node));
    });
  }
  for (const { last, file } of composed) {
    const firsts = PUT_TOGETHER[last];
    if (!firsts)
      throw new Error(`src/${file} puts a code together that ends with ${last}: name its codes in PUT_TOGETHER`);
    for (const first of firsts(kinds)) if (!found.has(`${first}${last}`)) found.set(`${first}${last}`, file);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** In capitals, as it is in codes. */
function decimalKindOf({ properties }: Node): string[] {
  const values = new Map(
    (properties as readonly { key?: { name?: string }; value?: { value?: unknown } }[]).map(({ key, value }) => [
      key?.name,
      value?.value,
    ]),
  );
  const name = values.get('name');
  return values.has('integerDigits') && typeof name === 'string' ? [name.toUpperCase()] : [];
}

/** `inPlace`: where a code belongs. */
function visit(value: unknown, inPlace: boolean, hear: (node: Node, inPlace: boolean) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const one of value) visit(one, inPlace, hear);
    return;
  }
  const node = value as Node;
  if (typeof node.type === 'string') hear(node, inPlace);
  for (const [key, child] of Object.entries(node)) {
    if (key === 'arguments' && isErrorMade(node)) {
      const [first, ...rest] = child as unknown[];
      visit(first, true, hear);
      visit(rest, false, hear);
    } else visit(child, isPlaceOfCode(node, key) || (inPlace && CHOICES.has(node.type) && key !== 'test'), hear);
  }
}

const CHOICES = new Set(['ConditionalExpression', 'LogicalExpression', 'TSAsExpression', 'ParenthesizedExpression']);

function isErrorMade({ type, callee }: Node): boolean {
  const { name = '', type: kind } = (callee as { name?: string; type?: string } & object) ?? {};
  return (type === 'NewExpression' && /Error$|^Unfit$/.test(name)) || (type === 'CallExpression' && kind === 'Super');
}

function isPlaceOfCode(node: Node, key: string): boolean {
  if (node.type === 'Property' && key === 'value') return (node.key as { name?: string }).name === 'code';
  return node.type === 'VariableDeclarator' && key === 'init' && (node.id as { name?: string }).name === 'code';
}
