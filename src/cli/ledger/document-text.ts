/** JSON documents of the ledger for people: nothing of them is left out, whatever keys they have. */
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.js';
import { renderTable } from '../table.js';
import { wrapped } from './wrap.js';

const INDENT = '  ';
const GAP = 2;

/** Lines of a document, indented once: `key  value`, tables of flat objects, deeper levels indented more. */
export async function documentLines(json: Json, room: number = process.stdout.columns ?? Infinity): Promise<string[]> {
  return indented(await lines(json, room - INDENT.length));
}

async function lines(json: Json, room: number): Promise<string[]> {
  if (isJsonObject(json)) return objectLines(json, room);
  if (!Array.isArray(json)) return [scalar(json)];
  if (json.length === 0) return ['none'];
  if (!json.every(isJsonObject)) return (await Promise.all(json.map((item) => lines(item, room)))).flat();
  return (await flatTable(json, room)) ?? numbered(json, room);
}

async function objectLines(json: JsonObject, room: number): Promise<string[]> {
  const entries = Object.entries(json);
  if (entries.length === 0) return ['none'];
  const flat = entries.filter(([, value]) => isFlat(value));
  const width = Math.max(0, ...flat.map(([key]) => key.length)) + GAP;
  const all: string[] = [];
  for (const [key, value] of entries) {
    if (isFlat(value)) all.push(...wrapped(key.padEnd(width), flatText(value), room).split('\n'));
    else all.push(key, ...indented(await lines(value, room - INDENT.length)));
  }
  return all;
}

/** Flat objects as a table with a column for each key; undefined where that is wider than the terminal, or one of them is not flat. */
async function flatTable(rows: readonly JsonObject[], room: number): Promise<string[] | undefined> {
  if (!rows.every((row) => Object.values(row).every(isFlat))) return undefined;
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = rows.map((row) => keys.map((key) => (row[key] === undefined ? '' : flatText(row[key]))));
  const { text } = await renderTable(
    keys.map((title) => ({ title })),
    cells,
    Number.POSITIVE_INFINITY,
  );
  const all = text.split('\n');
  return all.every((line) => line.length <= room) ? all : undefined;
}

async function numbered(rows: readonly JsonObject[], room: number): Promise<string[]> {
  const blocks = rows.map(async (row, at) => [`${at + 1}.`, ...indented(await objectLines(row, room - INDENT.length))]);
  return (await Promise.all(blocks)).flat();
}

function isFlat(json: Json): boolean {
  return typeof json !== 'object' || json === null || (Array.isArray(json) && json.length === 0);
}

function flatText(json: Json): string {
  return Array.isArray(json) ? 'none' : scalar(json);
}

function scalar(json: Json): string {
  const text = json === null ? 'null' : String(json);
  // A text with line breaks is shown as JSON writes it.
  return /\p{Cc}/u.test(text) ? JSON.stringify(text) : text;
}

function indented(all: readonly string[]): string[] {
  return all.map((line) => `${INDENT}${line}`);
}
