import { isDeepStrictEqual } from 'node:util';
import { distance, halfUp, priceOf, printPrice, printUnits, readPriceUnits, readUnits, sum } from './amounts.js';
import { BY_THE_STORE, type CampaignRow, type EntryDocument, type SignalRow } from './rows.js';
import { isId, isText, isWhole, LARGEST_INT, readInstantText, readSeries } from './values.js';
import { type Created, type Kind, type Outcome, refused, type Values, type World } from './world.js';

const NEXT: Readonly<Record<string, readonly string[]>> = {
  ACTIVE: ['MARKUP', 'INVALIDATED'],
  MARKUP: ['COMPLETED', 'INVALIDATED'],
};

export function isLive({ status }: Pick<CampaignRow, 'status'>): boolean {
  return status === 'ACTIVE' || status === 'MARKUP';
}

export function openCampaign(world: World, input: Values): Outcome {
  const row = readCampaign(input);
  const objections = new Set<Kind>();
  const rangeId = row?.trading_range_id ?? null;
  if (row && rangeId !== null) {
    const range = world.rows.trading_ranges.get(rangeId);
    const fits = range?.deleted_at === null && range.symbol === row.symbol && range.timeframe === row.timeframe;
    if (!fits) objections.add('InvalidInput');
    const others = [...world.rows.campaigns.values()].filter((other) => other.trading_range_id === rangeId);
    if (others.some(isLive)) objections.add('Conflict');
  }
  return world.create('campaigns', input, row, 'CAMPAIGN_OPENED', objections);
}

export function addEntry(world: World, id: string, input: Values): Outcome {
  const { position_id: positionId, signal_id: signalId, pattern_type: givenType, allocation_pct: givenPct } = input;
  const [price, size, stop] = [input.price, input.size, input.stop_loss].map(readPriceUnits);
  const timestamp = readInstantText(input.timestamp);
  if (!isId(id) || !isId(positionId) || !isId(signalId) || !price || !size || !stop || !timestamp)
    return refused('InvalidInput');
  const row = world.rows.campaigns.get(id);
  const signal = world.rows.signals.get(signalId);
  if (!row || !signal) return refused('NotFound');
  const pattern = signal.pattern_id === null ? undefined : world.rows.patterns.get(signal.pattern_id);
  const type = pattern?.pattern_type ?? givenType;
  const pct = allocationOf(signal);
  if (type === undefined || (givenType !== undefined && givenType !== type)) return refused('InvalidInput');
  if (givenPct !== undefined && readUnits(givenPct, 4, 3) !== pct) return refused('InvalidInput');
  const entry: EntryDocument = {
    ...(input as EntryDocument),
    ...{ price: printPrice(price), size: printPrice(size), stop_loss: printPrice(stop), timestamp, status: 'OPEN' },
    ...{ pattern_type: type as string, allocation_pct: printUnits(pct, 4) },
  };
  const known = row.entries.find((other) => other.position_id === positionId);
  if (known && isDeepStrictEqual(asAdded(known), asAdded(entry))) return { rows: [row] };
  const entries = [...row.entries, entry];
  const taken = known !== undefined || row.entries.some((other) => other.signal_id === signalId);
  const fits = isLive(row) && signal.status === 'FILLED' && signal.campaign_id === id && !taken;
  const open = sum(openOf(entries).map(pctOf));
  if (!fits || open > 50_000n || riskOf(entries) > 999_999_999_999n) return refused('InvalidInput');
  return world.update('campaigns', row, { ...withTotals(entries), version: row.version + 1 }, 'CAMPAIGN_ENTRY_ADDED');
}

export function closeEntry(world: World, id: string, positionId: unknown, input: Values): Outcome {
  const exit = readPriceUnits(input.exit_price);
  const closedAt = readInstantText(input.closed_at);
  if (!isId(id) || !isId(positionId) || !exit || !closedAt) return refused('InvalidInput');
  const row = world.rows.campaigns.get(id);
  if (!row) return refused('NotFound');
  const known = row.entries.find((entry) => entry.position_id === positionId);
  if (!known) return refused('InvalidInput');
  const closed = { ...known, status: 'CLOSED', closed_at: closedAt, exit_price: printPrice(exit) };
  if (known.status === 'CLOSED') return isDeepStrictEqual(closed, known) ? { rows: [row] } : refused('InvalidInput');
  if (Date.parse(closedAt) < Date.parse(known.timestamp)) return refused('InvalidInput');
  const entries = row.entries.map((entry) => (entry === known ? closed : entry));
  return world.update('campaigns', row, { ...withTotals(entries), version: row.version + 1 }, 'CAMPAIGN_ENTRY_CLOSED');
}

export function toMarkup(world: World, id: string, { version }: Values): Outcome {
  return move(world, id, version, 'MARKUP', 'CAMPAIGN_MARKUP_STARTED', true, () => ({}));
}

export function completeCampaign(world: World, id: string, { version, completedAt }: Values): Outcome {
  return move(world, id, version, 'COMPLETED', 'CAMPAIGN_COMPLETED', true, (row) => {
    const end = endOf(row, completedAt);
    return openOf(row.entries).length === 0 && end !== undefined && { completed_at: end };
  });
}

export function invalidateCampaign(world: World, id: string, { version, completedAt, reason }: Values): Outcome {
  return move(world, id, version, 'INVALIDATED', 'CAMPAIGN_INVALIDATED', isText(reason, 1_000), (row) => {
    const end = endOf(row, completedAt);
    return end !== undefined && { completed_at: end };
  });
}

function move(
  world: World,
  id: string,
  version: unknown,
  to: string,
  eventType: string,
  sound: boolean,
  decide: (row: CampaignRow) => Partial<CampaignRow> | false | undefined,
): Outcome {
  const objections = new Set<Kind>(sound && isId(id) && isWhole(version, 1, LARGEST_INT) ? [] : ['InvalidInput']);
  const row = world.rows.campaigns.get(id);
  if (!row) return { refused: objections.size > 0 ? objections : new Set(['NotFound']) };
  if (!NEXT[row.status]?.includes(to)) objections.add('IllegalMove');
  if (version !== row.version) objections.add('StaleVersion');
  const fields = decide(row);
  if (!fields) objections.add('InvalidInput');
  if (objections.size > 0 || !fields) return { refused: objections };
  return world.update('campaigns', row, { ...fields, status: to, version: row.version + 1 }, eventType);
}

function readCampaign(input: Values): Created<'campaigns'> | undefined {
  const series = readSeries(input);
  const { id, tradingRangeId = null } = input;
  const started = readInstantText(input.startedAt);
  if (!series || !isId(id) || !started || (tradingRangeId !== null && !isId(tradingRangeId))) return undefined;
  const fields = { status: 'ACTIVE', ...withTotals([]), version: 1, started_at: started, completed_at: null };
  return { id, ...series, trading_range_id: tradingRangeId, ...fields };
}

/** Not before it started; undefined where it would be. */
function endOf(row: CampaignRow, given: unknown): string | undefined {
  if (given === undefined) return BY_THE_STORE;
  const end = readInstantText(given);
  return end && Date.parse(end) >= Date.parse(row.started_at) ? end : undefined;
}

/** 5.00 x the signal's share, in units of 10^-4. */
function allocationOf(signal: SignalRow): bigint {
  return 5n * readUnits(signal.campaign_allocation, 4, 1)!;
}

function pctOf(entry: EntryDocument): bigint {
  return readUnits(entry.allocation_pct, 4, 3)!;
}

function openOf(entries: readonly EntryDocument[]): EntryDocument[] {
  return entries.filter(({ status }) => status === 'OPEN');
}

/** In cents: a price times a size has 16 decimals. */
function riskOf(entries: readonly EntryDocument[]): bigint {
  const risks = openOf(entries).map(
    ({ price, stop_loss, size }) => distance(priceOf(price), priceOf(stop_loss)) * priceOf(size),
  );
  return halfUp(sum(risks), 10n ** 14n);
}

function withTotals(entries: readonly EntryDocument[]) {
  const open = openOf(entries);
  const size = sum(open.map((entry) => priceOf(entry.size)));
  const cost = sum(open.map((entry) => priceOf(entry.price) * priceOf(entry.size)));
  return {
    entries,
    total_allocation: printUnits(halfUp(sum(open.map(pctOf)), 100n), 2),
    current_risk: printUnits(riskOf(entries), 2),
    average_entry: open.length === 0 ? null : printPrice(halfUp(cost, size)),
  };
}

function asAdded({ status: _, closed_at: _at, exit_price: _price, ...added }: EntryDocument) {
  return added;
}
