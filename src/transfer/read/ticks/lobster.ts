import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { BookLevel, OrderBookInput } from '../../../domain/order-book.js';
import type { Report } from '../../../domain/problem.js';
import type { Problem } from '../../../errors.js';
import { fileError } from '../file-problem.js';
import { dayOf, type NamingOptions, type PlacedFile, symbolOf } from './file-day.js';
import { fieldsOf, type LineLayout, tenThousandths } from './line-source.js';
import type { LocalDay } from './local-day.js';
import { eachLine } from './text-lines.js';
import type { Tally, TickBatch, TickSource } from './tick-source.js';

/**
 * LOBSTER's pair of files, a day of a share, without headers: the messages of the exchange, and on the same lines the book behind each.
 * Seconds since midnight in New York with up to nine decimals, prices x 10,000. https://lobsterdata.com/info/DataStructure.php
 */

/** Time, type, order, size, price, direction. */
export const LOBSTER_MESSAGE = [/^\d{1,5}(?:\.\d+)?$/, /^[1-7]$/, /^-?\d+$/, /^-?\d+$/, /^-?\d+$/, /^-?[01]$/];
export const LOBSTER_BOOK = /^(?:-?\d+,){3}(?:(?:-?\d+,){4})*-?\d+$/;

const [EXECUTED, EXECUTED_HIDDEN, CROSS] = ['4', '5', '6'];
const TIME = /^(\d{1,5})(?:\.(\d{1,9})0*)?$/;

/** The executions of a message file, as trades. */
export function lobsterTrades(file: PlacedFile, options: NamingOptions): LineLayout<'trades'> {
  const [symbol, day] = [symbolOf(file, options), dayOf(file, options)];
  return {
    layout: 'lobster-messages',
    kind: 'trades',
    mapping: { timestamp: 'time', price: 'price', size: 'size', side: 'direction' },
    width: LOBSTER_MESSAGE.length,
    headerLine: 0,
    leftOut: ['order'],
    read([time, type, , size, price, direction], tally, report) {
      if (type !== EXECUTED && type !== EXECUTED_HIDDEN && type !== CROSS) {
        tally.note('others');
        return null;
      }
      const timestamp = readTime(time!, day, tally, report);
      if (timestamp === undefined) return undefined;
      // The direction is that of the order which waited: who took was on the other side. In a cross nobody was.
      const side = type === CROSS ? null : direction === '1' ? ('sell' as const) : ('buy' as const);
      return { symbol, timestamp, price: tenThousandths(price!), size: size!, side };
    },
    notices: (tally) => [
      `times are seconds since midnight of ${day.date} on the clock of ${day.zone}`,
      `${tally.count('others')} messages that are no execution were left out; orderbook files have the books`,
    ],
  };
}

/** Asks and bids in turn, best first; what is not there has one of these prices. */
const NO_LEVEL = /^-?9999999999$/;

const BOOKS = /_orderbook_/i;

/** The other one of a pair; undefined where the name has not what tells them apart. */
function partner(path: string, mark: RegExp, other: string): string | undefined {
  const name = basename(path);
  return mark.test(name) ? join(dirname(path), name.replace(mark, other)) : undefined;
}

/** Where the books would be that have their times in this file, if it is one of messages. */
export function booksOf(path: string): string | undefined {
  return partner(path, /_message_/i, '_orderbook_');
}

/** The books of an orderbook file, at the times of the message file beside it. @throws InvalidInputError `LOBSTER_MESSAGES_MISSING` */
export function lobsterBooks(file: PlacedFile, options: NamingOptions): TickSource {
  const [symbol, day] = [symbolOf(file, options), dayOf(file, options)];
  const { path } = file;
  const messages = partner(path, BOOKS, '_message_');
  if (messages === undefined || !existsSync(messages)) {
    const rule = 'the books have no times: they stand in the message file, which is not beside it';
    const [value = path] = file.tellingNames;
    const hint = `put ${basename(partner(value, BOOKS, '_message_') ?? value)} into the same folder, both of them unpacked`;
    throw fileError({ code: 'LOBSTER_MESSAGES_MISSING', path: '', value, rule, hint });
  }
  return {
    layout: 'lobster-orderbook',
    kinds: ['order-books'],
    mapping: {},
    leftOut: [],
    async *batches(tally, reading) {
      const times = eachLine(messages, { signal: reading.signal });
      let rows: OrderBookInput[] = [];
      let lines: number[] = [];
      for await (const [line, text] of eachLine(path, reading)) {
        const message = (await times.next()).value;
        if (message === undefined) throw differs(path, line);
        tally.rows += 1;
        const problems: Problem[] = [];
        const row = readBook(symbol, day, message[1], text, tally, (problem) => problems.push(problem));
        if (problems.length > 0) tally.reject(line, problems);
        if (row) {
          rows.push(row);
          lines.push(line);
        }
        if (rows.length < BATCH) continue;
        yield { kind: 'order-books', rows, lines } satisfies TickBatch;
        [rows, lines] = [[], []];
      }
      yield { kind: 'order-books', rows, lines } satisfies TickBatch;
      if ((await times.next()).value !== undefined) throw differs(path, tally.rows + 1);
    },
    notices(tally) {
      const empty = tally.count('empty');
      return [
        `times are seconds since midnight of ${day.date} on the clock of ${day.zone}, from ${basename(messages)}`,
        ...(empty > 0 ? [`${empty} books without any level were left out`] : []),
      ];
    },
  };
}

const BATCH = 2_000;

function readBook(symbol: string, day: LocalDay, message: string, text: string, tally: Tally, report: Report) {
  const timestamp = readTime(message.slice(0, message.indexOf(',')), day, tally, report);
  const fields = text.split(',');
  if (fields.length % 4 !== 0) fieldsOf(text, ',', fields.length + 4 - (fields.length % 4), report);
  if (timestamp === undefined || fields.length % 4 !== 0) return undefined;
  const [asks, bids]: [BookLevel<string>[], BookLevel<string>[]] = [[], []];
  for (let place = 0; place < fields.length; place += 2) {
    const [price, size] = [fields[place]!, fields[place + 1]!];
    if (!NO_LEVEL.test(price)) (place % 4 === 0 ? asks : bids).push([tenThousandths(price), size]);
  }
  if (asks.length + bids.length > 0) return { symbol, timestamp, bids, asks };
  tally.note('empty');
  return undefined;
}

function readTime(text: string, day: LocalDay, tally: Tally, report: Report): bigint | undefined {
  const [, seconds, fraction = ''] = TIME.exec(text) ?? [];
  if (seconds === undefined) {
    report({ code: 'INSTANT_INVALID', path: 'timestamp', value: text, rule: 'a time is seconds since midnight' });
    return undefined;
  }
  const decimals = fraction.padEnd(9, '0');
  const milliseconds = Number(seconds) * 1000 + Number(decimals.slice(0, 3));
  return day.instantOf(milliseconds, Number(decimals.slice(3)), text, tally, report);
}

function differs(path: string, line: number) {
  const rule = 'the message file and the orderbook file of a pair have as many lines';
  return fileError({ code: 'LOBSTER_PAIR_DIFFERS', path: '', value: path, rule, line });
}
