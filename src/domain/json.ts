import { Decimal as DecimalJs } from 'decimal.js';
import { DateTime } from 'luxon';
import type { Report } from './problem.js';
import { isStorable } from './text.js';
import { formatInstant } from './time.js';

/** What a JSON document holds. Decimals are strings in it, instants ISO 8601 with `Z`. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Levels of nesting, and characters in all. A document of the ledger is a few hundred of these; each is kept once more by the audit trail. */
const DEEPEST = 32;
const LARGEST = 1_000_000;

/** A document that cannot be stored: thrown inside this file, reported by {@link readJson}. */
class Unfit extends Error {
  constructor(
    readonly code: string,
    readonly place: string,
    readonly value: unknown,
    rule: string,
    readonly hint?: string,
  ) {
    super(rule);
  }
}

/**
 * Reads an outside value as JSON that PostgreSQL holds exactly: Decimals and bigints become strings, Dates and DateTimes ISO 8601 with `Z`,
 * properties without a value are left out. What JSON would change silently is reported: NaN, infinities, integers beyond 2^53, Maps,
 * functions, halves of surrogate pairs, keys `__proto__`; so is what is nested deeper than 32 levels or longer than a million characters.
 */
export function readJson(value: unknown, path: string, report: Report): Json | undefined {
  try {
    return new Reader(LARGEST, DEEPEST).read(value, path, 0);
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    const { code, place, value: found, message: rule, hint } = error;
    report({ code, path: place, value: found, rule, ...(hint && { hint }) });
    return undefined;
  }
}

/** As {@link readJson}, for what must be an object. */
export function readJsonObject(value: unknown, path: string, report: Report): JsonObject | undefined {
  const json = readJson(value, path, report);
  if (json === undefined || isJsonObject(json)) return json;
  report({ code: 'JSON_NOT_AN_OBJECT', path, value, rule: 'not an object' });
  return undefined;
}

export function isJsonObject(json: Json | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** The document of a value that {@link readJson} accepted before: one that came from a schema, with its Decimals and Dates. */
export function toJson(value: unknown): Json {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  return new Reader(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY).read(value, '', 0);
}

class Reader {
  #room: number;
  readonly #deepest: number;

  constructor(room: number, deepest: number) {
    this.#room = room;
    this.#deepest = deepest;
  }

  read(value: unknown, path: string, depth: number): Json {
    switch (typeof value) {
      case 'boolean':
        return this.#take(4, value, path);
      case 'string':
        return this.#readText(value, path);
      case 'number':
        return this.#readNumber(value, path);
      case 'bigint':
        return this.#readText(value.toString(), path);
      case 'object':
        return value === null ? this.#take(4, value, path) : this.#readObject(value, path, depth);
      default:
        throw new Unfit('JSON_INVALID', path, value, `JSON has no ${typeof value}`);
    }
  }

  #readText(text: string, path: string): string {
    this.#take(text.length, text, path);
    if (isStorable(text)) return text;
    throw new Unfit('JSON_INVALID', path, text, 'a text has no NUL and no half of a surrogate pair');
  }

  #readNumber(value: number, path: string): number {
    if (!Number.isFinite(value)) throw new Unfit('JSON_INVALID', path, value, 'JSON has no such number');
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      const hint = 'give a large number as a string';
      throw new Unfit('JSON_INVALID', path, value, 'an integer beyond 2^53 is not exact', hint);
    }
    // JSON has no negative zero: it would come back as another value than was created.
    return this.#take(8, value === 0 ? 0 : value, path);
  }

  #readObject(value: object, path: string, depth: number): Json {
    if (depth >= this.#deepest)
      throw new Unfit('JSON_TOO_DEEP', shortened(path), '...', `nested more than ${DEEPEST} levels deep`);
    if (DecimalJs.isDecimal(value)) {
      if (!value.isFinite()) throw new Unfit('JSON_INVALID', path, value, 'a decimal is finite');
      // An exponent is written out in zeros, and a Decimal's may have 16 digits.
      if (Math.abs(value.e) > this.#room) throw tooLarge(path);
      return this.#readText(value.toFixed(), path);
    }
    const date = DateTime.isDateTime(value) ? value.toJSDate() : value;
    if (date instanceof Date) {
      if (Number.isNaN(date.getTime())) throw new Unfit('JSON_INVALID', path, value, 'not an instant');
      return this.#readText(formatInstant(date), path);
    }
    // Commas count: a million empty texts have no other characters.
    this.#take(Array.isArray(value) ? 2 + value.length : 2, value, path);
    if (Array.isArray(value))
      return Array.from(value, (element: unknown, index) => this.read(element, join(path, index), depth + 1));
    if (!isPlain(value)) throw new Unfit('JSON_INVALID', path, value, 'not a plain object');
    const entries: [string, Json][] = [];
    for (const [key, element] of Object.entries(value)) {
      if (element === undefined) continue;
      // Schemas leave this key out, and say nothing.
      if (key === '__proto__') throw new Unfit('JSON_INVALID', path, key, 'a key is not __proto__');
      this.#readText(key, path);
      entries.push([key, this.read(element, join(path, key), depth + 1)]);
    }
    return Object.fromEntries(entries);
  }

  #take<T>(characters: number, value: T, path: string): T {
    this.#room -= characters;
    if (this.#room >= 0) return value;
    throw tooLarge(path);
  }
}

function tooLarge(path: string): Unfit {
  return new Unfit('JSON_TOO_LARGE', shortened(path), '...', `a document has at most ${LARGEST} characters`);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function join(path: string, key: string | number): string {
  return path === '' ? `${key}` : `${path}.${key}`;
}

function shortened(path: string): string {
  return path.length > 80 ? `${path.slice(0, 80)}...` : path;
}
