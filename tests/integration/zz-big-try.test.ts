import { test } from 'vitest';
import { soundRange } from '../setup/ledger-inputs.js';
import { openTestStore } from '../setup/test-database.js';
test('big', async () => {
  const { store } = await openTestStore();
  const ranges = await store.tradingRanges.createMany(Array.from({ length: 130_000 }, () => soundRange()));
  console.log(ranges.length);
}, 120_000);
