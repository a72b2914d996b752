/** A page of the reference: what is declared in the files that `of` fits, by their paths in `src`. */
export interface Area {
  readonly page: string;
  readonly title: string;
  readonly about: string;
  readonly of: RegExp;
}

/** In the order of the index; a declaration belongs to the first that fits. */
export const AREAS: readonly Area[] = [
  {
    page: 'store',
    title: 'The store',
    about: 'Open a store, work in transactions, look after the database.',
    of: /^(store|config|database\/|observability\/)/,
  },
  {
    page: 'bars',
    title: 'Bars',
    about: 'Open, high, low, close and volume by symbol and timeframe: `store.bars`.',
    of: /^(repositories\/bars\/(?!as-of-reader)|domain\/(bar|bar-[\w-]+|resampled-bar)\.)/,
  },
  {
    page: 'trades',
    title: 'Trades',
    about: 'Single trades, and bars of a second or a minute made of them: `store.trades`.',
    of: /^(repositories\/trade|domain\/(trade|trade-bar|tick-interval)\.)/,
  },
  {
    page: 'quotes',
    title: 'Quotes',
    about: 'Best bid and ask: `store.quotes`.',
    of: /^(repositories\/quote|domain\/quote\.)/,
  },
  {
    page: 'order-books',
    title: 'Order books',
    about: 'Snapshots of the levels on both sides, and how far they lean: `store.orderBooks`.',
    of: /^(repositories\/order-book|domain\/(order-book|book-imbalance)\.)/,
  },
  {
    page: 'indicators',
    title: 'Indicators',
    about: 'Values by name and bar: `store.indicators`.',
    of: /^(repositories\/indicator|domain\/indicator\.)/,
  },
  {
    page: 'trading-ranges',
    title: 'Trading ranges',
    about: 'Accumulations and distributions: `store.tradingRanges`.',
    of: /^(repositories\/trading-range|domain\/trading-range\.)/,
  },
  {
    page: 'patterns',
    title: 'Patterns',
    about: 'What the detector saw: `store.patterns`.',
    of: /^(repositories\/pattern|domain\/pattern)/,
  },
  {
    page: 'signals',
    title: 'Signals',
    about: 'Trades that are proposed, approved and carried out: `store.signals`.',
    of: /^(repositories\/signal|domain\/(signal|approval-chain|execution))/,
  },
  {
    page: 'campaigns',
    title: 'Campaigns',
    about: 'Positions that belong to one idea: `store.campaigns`.',
    of: /^(repositories\/campaign|domain\/campaign)/,
  },
  {
    page: 'backtests',
    title: 'Backtests',
    about: 'Reading without look-ahead: `store.asOf`; what runs found: `store.backtests`.',
    of: /^(repositories\/(backtest|bars\/as-of-reader)|feed\/as-of-feed|domain\/backtest)/,
  },
  {
    page: 'audit',
    title: 'Audit trail',
    about: 'Who did what to the ledger, and whether somebody rewrote it: `store.audit`.',
    of: /^(repositories\/audit\/|domain\/audit)/,
  },
  {
    page: 'feed',
    title: 'The feed',
    about: 'What was known at an instant, what is known now, what arrives: `store.feed`.',
    of: /^(feed\/|repositories\/tell-arrival)/,
  },
  {
    page: 'ingest',
    title: 'Live rows',
    about: 'Live rows, and the feeds that they come from: `store.ingest`.',
    of: /^ingest\//,
  },
  {
    page: 'transfer',
    title: 'Files in and out',
    about: 'Imports of files and the way back, their verification, exports: `store.files`.',
    of: /^(transfer\/|repositories\/imports\/|repositories\/bars\/import-run)/,
  },
  {
    page: 'errors',
    title: 'Errors',
    about: 'Everything that is thrown on purpose is a `WyckoffError`.',
    of: /^errors\./,
  },
];

export const TYPES: Area = {
  page: 'types',
  title: 'Common types',
  about: 'Decimals, instants, symbols, timeframes, ids, pages, and other types that several areas share.',
  of: /(?:)/,
};

export const DOMAIN: Area = {
  page: 'domain',
  title: 'Domain helpers',
  about:
    'What only `wyckoff-store/domain` has: the rules of the field without a database, for detectors, importers and forms.',
  of: /(?:)/,
};
