import { expect, onTestFinished, test, vi } from 'vitest';
import {
  type CallObserver,
  type CallOutcome,
  observeBoth,
  observed,
  UNOBSERVED,
} from '../../src/observability/calls.js';

class Shelf {
  readonly #books = ['one', 'two', 'three'];
  readonly size = 3;

  async all(): Promise<string[]> {
    return this.#books;
  }

  /** Calls another method of its own, which is not a call of its own. */
  async first(_input: { readonly symbol: string }): Promise<string> {
    return (await this.all())[0]!;
  }

  count(): number {
    return this.#books.length;
  }

  async burn(): Promise<never> {
    throw new Error('fire');
  }

  refuse(): never {
    throw new Error('no');
  }

  async write(): Promise<{ inserted: number; changed: number; unchanged: number }> {
    return { inserted: 2, changed: 3, unchanged: 5 };
  }

  async *iterate(fail = false): AsyncGenerator<string, void, undefined> {
    yield* this.#books;
    if (fail) throw new Error('torn');
  }
}

function record() {
  const events: string[] = [];
  const outcomes: CallOutcome[] = [];
  const observe: CallObserver = ({ operation, arguments: given }) => {
    events.push(`begin ${operation} ${JSON.stringify(given)}`);
    return {
      run: (use) => {
        events.push('run');
        return use();
      },
      end: (outcome) => {
        events.push(`end ${outcome.error instanceof Error ? outcome.error.message : 'ok'} ${outcome.rows ?? '-'}`);
        outcomes.push(outcome);
      },
    };
  };
  return { events, outcomes, observe, shelf: observed(new Shelf(), 'shelf', observe) };
}

test('a call is heard once, from its beginning to its end, with its arguments and its rows', async () => {
  const { shelf, events, outcomes } = record();
  expect(await shelf.first({ symbol: 'AAPL' })).toBe('one');
  expect(await shelf.all()).toEqual(['one', 'two', 'three']);
  expect(shelf.count()).toBe(3);
  expect(await shelf.write()).toEqual({ inserted: 2, changed: 3, unchanged: 5 });
  expect(shelf.size).toBe(3);
  expect(events).toEqual([
    ...['begin shelf.first [{"symbol":"AAPL"}]', 'run', 'end ok -'],
    ...['begin shelf.all []', 'run', 'end ok 3'],
    ...['begin shelf.count []', 'run', 'end ok -'],
    ...['begin shelf.write []', 'run', 'end ok 10'],
  ]);
  expect(outcomes.every(({ seconds }) => seconds >= 0 && seconds < 10)).toBe(true);
});

test('an error is heard and thrown as it is, whether at once or later', async () => {
  const { shelf, events } = record();
  await expect(shelf.burn()).rejects.toThrow('fire');
  expect(() => shelf.refuse()).toThrow('no');
  expect(events.filter((event) => event.startsWith('end'))).toEqual(['end fire -', 'end no -']);
});

test('an iteration begins with its first row and ends with its last, an error, or an early stop', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { shelf, events, outcomes } = record();
  const rows = shelf.iterate();
  expect(events).toEqual([]);
  const taken: string[] = [];
  for await (const row of rows) taken.push(row);
  expect(taken).toEqual(['one', 'two', 'three']);
  for await (const _ of shelf.iterate()) {
    vi.advanceTimersByTime(5_000);
    break;
  }
  const torn = shelf.iterate(true);
  await expect(
    (async () => {
      for await (const _ of torn);
    })(),
  ).rejects.toThrow('torn');
  expect(events.filter((event) => event !== 'run')).toEqual([
    ...['begin shelf.iterate []', 'end ok 3'],
    ...['begin shelf.iterate []', 'end ok 1'],
    ...['begin shelf.iterate [true]', 'end torn 3'],
  ]);
  expect(outcomes.map(({ seconds }) => seconds)).toEqual([0, 0, 0]);
});

test('a method is the same one each time, and the repository is still what it was', () => {
  const { shelf } = record();
  expect(shelf.all).toBe(shelf.all);
  expect(shelf).toBeInstanceOf(Shelf);
});

test('of two observers the first is around the second', async () => {
  const order: string[] = [];
  const named =
    (name: string): CallObserver =>
    () => ({
      run: (use) => {
        order.push(`${name} runs`);
        return use();
      },
      end: () => order.push(`${name} ends`),
    });
  await observed(new Shelf(), 'shelf', observeBoth(named('outer'), named('inner'))).all();
  expect(order).toEqual(['outer runs', 'inner runs', 'inner ends', 'outer ends']);
});

test('a call that nobody wants to hear of is made as if there were no observer, also where another one hears it', async () => {
  const nobody: CallObserver = () => UNOBSERVED;
  const quiet = observed(new Shelf(), 'shelf', nobody);
  const iterated: string[] = [];
  for await (const book of quiet.iterate()) iterated.push(book);
  expect([quiet.count(), await quiet.first({ symbol: 'AAPL' }), iterated]).toEqual([3, 'one', ['one', 'two', 'three']]);
  await expect(quiet.burn()).rejects.toThrow('fire');
  for (const order of ['before', 'behind']) {
    const { events, observe } = record();
    const both = order === 'before' ? observeBoth(nobody, observe) : observeBoth(observe, nobody);
    expect(await observed(new Shelf(), 'shelf', both).first({ symbol: 'AAPL' })).toBe('one');
    expect(events, order).toEqual(['begin shelf.first [{"symbol":"AAPL"}]', 'run', 'end ok -']);
  }
});
