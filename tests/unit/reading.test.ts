import { expect, test } from 'vitest';
import { Reading } from '../../src/observability/reading.js';

const NEVER = new Promise<never>(() => {});

test('what is asked at the same time is read once, and again when it is old', async () => {
  let count = 0;
  const read = async () => {
    count += 1;
    return count;
  };
  const kept = new Reading(read, { fresh: 60_000, wait: 1_000, giveUp: 1_000 });
  expect(await Promise.all(Array.from({ length: 100 }, () => kept.latest()))).toEqual(new Array(100).fill(1));
  expect(await kept.latest()).toBe(1);
  expect(await kept.succeeds()).toBe(true);
  const old = new Reading(read, { fresh: -1, wait: 1_000, giveUp: 1_000 });
  expect([await old.latest(), await old.latest()]).toEqual([2, 3]);
});

test('one that hangs keeps nobody, shows what was read last, and is not begun a second time', async () => {
  let begun = 0;
  let hangs = false;
  const reading = new Reading(
    async () => {
      begun += 1;
      return hangs ? NEVER : 'there';
    },
    { fresh: -1, wait: 20, giveUp: 60_000 },
  );
  expect(await reading.latest()).toBe('there');
  hangs = true;
  expect(await Promise.all(Array.from({ length: 100 }, () => reading.latest()))).toEqual(new Array(100).fill('there'));
  expect(await reading.succeeds()).toBe(false);
  expect(begun).toBe(2);
});

test('one that hangs is late for the first who asks, too', async () => {
  for (let round = 0; round < 20; round += 1) {
    let hangs = false;
    const reading = new Reading(async () => (hangs ? NEVER : 'there'), { fresh: -1, wait: 5, giveUp: 60_000 });
    expect(await reading.succeeds()).toBe(true);
    hangs = true;
    expect(await reading.succeeds()).toBe(false);
  }
});

test('one that fails shows what was read last, or nothing, and says so', async () => {
  let fails = true;
  const reading = new Reading(
    async () => {
      if (fails) throw new Error('away');
      return 1;
    },
    { fresh: -1, wait: 1_000, giveUp: 1_000 },
  );
  expect([await reading.latest(), await reading.succeeds()]).toEqual([undefined, false]);
  fails = false;
  expect([await reading.latest(), await reading.succeeds()]).toEqual([1, true]);
  fails = true;
  expect([await reading.latest(), await reading.succeeds()]).toEqual([1, false]);
});

test('one that is given up is told so, and the next scrape begins anew', async () => {
  let begun = 0;
  const reading = new Reading(
    (signal) => {
      begun += 1;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
    { fresh: -1, wait: 1_000, giveUp: 10 },
  );
  expect(await reading.latest()).toBeUndefined();
  expect(await reading.latest()).toBeUndefined();
  expect(begun).toBe(2);
});
