/** A process of its own that adds entries to a campaign, all at once: `campaign-worker.ts DATABASE_URL CAMPAIGN_ID ENTRIES`. */
import { type NewCampaignEntry, openStore, WyckoffError } from '../../src/index.js';

const [, , databaseUrl, campaignId, entries] = process.argv;
const store = await openStore({ databaseUrl: databaseUrl!, maxConnections: 8, actor: `worker ${process.pid}` });
try {
  const outcomes = (JSON.parse(entries!) as NewCampaignEntry[]).map((entry) =>
    store.campaigns.addEntry(campaignId!, entry).then(
      () => 'ADDED',
      (error: unknown) => (error instanceof WyckoffError ? error.code : String(error)),
    ),
  );
  process.stdout.write(JSON.stringify(await Promise.all(outcomes)));
} finally {
  await store.close();
}
