import type { CsvText } from './csv-text.js';

/** A string, or a number. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * A text of JSON objects, one a line, as the table that it stands for: the keys of the first one are its header, in line 0. Any other text as it is.
 */
export function asTable(text: CsvText): CsvText {
  const keys = keysOf(text.firstLines[0]!.text);
  if (keys === undefined) return text;
  const rows = text.firstLines.map(({ line, text: object }) => ({ line, text: csvLine(fieldsOfObject(object, keys)) }));
  return { ...text, keys, firstLines: [{ line: 0, text: csvLine(keys) }, ...rows], lines: text.lines + 1 };
}

function keysOf(text: string): readonly string[] | undefined {
  const object = text.startsWith('{') ? readObject(text) : undefined;
  return object && Object.keys(object);
}

/**
 * The values of an object's keys as CSV would have them, numbers digit by digit, and behind them those of keys that only it has, so that they are not
 * lost in silence: the row is too wide then. Undefined where the text is no JSON object.
 */
export function fieldsOfObject(text: string, keys: readonly string[]): string[] | undefined {
  const object = readObject(text);
  if (object === undefined) return undefined;
  const others = Object.keys(object).filter((key) => !keys.includes(key) && object[key] !== null);
  return [...keys, ...others].map((key) => fieldOf(object[key]));
}

/** No number is a float on its way: each is read as the string that it is written with. */
function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(
      text.replace(/^\ufeff/, '').replace(TOKEN, (token) => (token.startsWith('"') ? token : `"${token}"`)),
    );
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function fieldOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function csvLine(fields: readonly string[] = []): string {
  return fields.map((field) => (/[",;\t|]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',');
}
