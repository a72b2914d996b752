import type { ApprovalChainInput, Campaign, Pattern, Signal, Store, TradingRange } from '../../src/index.js';
import { newId } from '../../src/index.js';
import { soundBacktest } from './backtest-inputs.js';
import { soundCampaign, soundChain, soundPattern, soundRange, soundSignal, TESTED } from './ledger-inputs.js';

/** What the examples of the doc comments take as given, by the names that they use. */
export interface ExampleRows {
  readonly store: Store;
  /** An accumulation of AAPL 1d. */
  readonly range: TradingRange;
  /** A spring in it that waits for its test. */
  readonly spring: Pattern;
  /** Another one, tested. */
  readonly tested: Pattern;
  /** PENDING, of the tested one. */
  readonly signal: Signal;
  readonly approved: Signal;
  /** In the campaign. */
  readonly filled: Signal;
  /** ACTIVE, without entries. */
  readonly campaign: Campaign;
  readonly chain: ApprovalChainInput;
  /** The story that all of them are of. */
  readonly correlationId: string;
  readonly backtestRunId: string;
  readonly otherRunId: string;
}

/** Rows that no other example has changed. */
export async function createExampleRows(store: Store): Promise<ExampleRows> {
  const correlationId: string = newId();
  return store.transaction({ actor: 'detector/1.4', correlationId }, async (tx) => {
    const range = await tx.tradingRanges.create(soundRange());
    const spring = await tx.patterns.create(soundPattern(range));
    const tested = await tx.patterns.create(soundPattern(range, TESTED));
    const campaign = await tx.campaigns.open(soundCampaign(null));
    const [signal, approved, filled] = await tx.signals.createMany([1, 2, 3].map(() => soundSignal(tested)));
    const chain = soundChain();
    await tx.signals.approve(filled!.id, chain);
    const [one, other] = [soundBacktest(), soundBacktest()];
    await tx.backtests.recordMany([one, other]);
    return {
      store,
      range,
      spring,
      tested,
      signal: signal!,
      approved: await tx.signals.approve(approved!.id, chain),
      filled: await tx.signals.fill(filled!.id, { campaignId: campaign.id }),
      campaign,
      chain,
      correlationId,
      backtestRunId: one.backtestRunId,
      otherRunId: other.backtestRunId,
    };
  });
}
