import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { openStore, type Store } from '../../src/index.js';
import { checkWorld } from '../setup/ledger-model/check-world.js';
import { MOVE_NAMES, type MoveName } from '../setup/ledger-model/moves.js';
import { playGroup } from '../setup/ledger-model/play.js';
import { type Sequence, sequences } from '../setup/ledger-model/sequences.js';
import { World } from '../setup/ledger-model/world.js';
import { openRawClient } from '../setup/raw-client.js';
import { createTestDatabase } from '../setup/test-database.js';

const RUNS = Number(process.env.LEDGER_MODEL_RUNS ?? 25);

/** Triggers and foreign keys are off for whoever sweeps, or the audit trail would refuse. */
const SWEEP = `
  DELETE FROM audit_trail; DELETE FROM audit_chains; DELETE FROM backtest_results;
  DELETE FROM signals; DELETE FROM campaigns; DELETE FROM patterns; DELETE FROM trading_ranges`;

test('the ledger, its audit trail and a model of the rules never disagree', {
  timeout: 240_000 + RUNS * 2_000,
}, async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const sweeper = await openRawClient(database.url);
  await sweeper.query('SET session_replication_role = replica');
  // Nothing here has to outlive a crash of the server.
  await sweeper.query(`ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET synchronous_commit = off`);
  await sweeper.query('SET synchronous_commit = off');
  const open = async (volume: Sequence['volumeRule']): Promise<Store> => {
    const store = await openStore({ databaseUrl: database.url, patternRules: { volume }, onWarning: () => {} });
    onTestFinished(() => store.close());
    return store;
  };
  const stores = { warn: await open('warn'), reject: await open('reject') };

  const accepted = new Set<MoveName>();
  const property = fc.asyncProperty(sequences, async ({ volumeRule, groups }) => {
    await sweeper.query(SWEEP);
    const lines: string[] = [];
    let world = new World(volumeRule);
    try {
      for (const group of groups) world = await playGroup(stores[volumeRule], world, group, { lines, accepted });
      await checkWorld(sweeper, stores[volumeRule], world);
    } catch (error) {
      throw new Error(`${(error as Error).message}\nafter\n  ${lines.join('\n  ')}`, { cause: error });
    }
  });
  await fc.assert(property, { numRuns: RUNS });
  // A few runs may leave a move out; many that do would mean that the sequences have gone lame.
  if (RUNS >= 500) expect([...accepted].sort()).toEqual([...MOVE_NAMES].sort());
});
