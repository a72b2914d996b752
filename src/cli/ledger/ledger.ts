import type { Session } from '../../database/session.js';
import type { Store } from '../../store.js';
import { withDatabase } from '../context.js';

/** What these commands work with: the repositories, and the connections below them for reads that no repository offers. */
export interface Ledger {
  readonly store: Store;
  readonly session: Session;
}

export function withLedger<T>(use: (ledger: Ledger) => Promise<T>): Promise<T> {
  return withDatabase(async (database) => {
    const [{ Store }, { LEDGER_SCHEMAS }, { readPatternRules }, { readOrThrow }] = await Promise.all([
      import('../../store.js'),
      import('../../domain/ledger-schemas.js'),
      import('../../domain/pattern-rules.js'),
      import('../../domain/problem.js'),
    ]);
    const rules = readOrThrow('pattern rules', (report) => readPatternRules({}, report));
    const store = new Store(database, {
      actor: 'wyckoff',
      settings: { rules, schemas: LEDGER_SCHEMAS, onWarning: () => {} },
    });
    return use({ store, session: database.pool });
  });
}
