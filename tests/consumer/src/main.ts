/**
 * An engine as a user of the store would write one: it walks through the sample's year, evening by evening, finds trading ranges, springs and
 * UTADs by plain rules, trades them, and prints how well it did. With `--cheat` it asks once, for AAPL, for a bar that has not closed.
 */
import { type Bar, newId, openStore } from 'wyckoff-store';
import { runSeries } from './engine.js';
import { ENGINE } from './idea.js';
import { recordRun } from './report.js';

const PERIOD = { startDate: '2024-01-02', endDate: '2024-12-31' };
const cheat = process.argv.includes('--cheat');

const store = await openStore({ actor: ENGINE });
try {
  const backtestRunId = newId();
  const results = [];
  let seen: Bar[] | undefined;
  for (const symbol of ['AAPL', 'SPY', 'TSLA']) {
    const series = { symbol, timeframe: '1d' } as const;
    const reader = store.asOf(PERIOD.startDate);
    // The store has the bar of the first day, and the day has only begun.
    if (cheat && symbol === 'AAPL') seen = await reader.range({ ...series, from: '2024-01-02', to: '2024-01-03' });
    const ideas = await runSeries(store, reader, series, PERIOD);
    results.push(await recordRun(store, { ...series, ...PERIOD, backtestRunId, ideas, reader }));
  }
  const { problems, complete } = await store.audit.verify();
  console.log(JSON.stringify({ results, cheated: seen?.length, audit: { problems, complete } }));
} finally {
  await store.close();
}
