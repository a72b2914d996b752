import type { Client } from '../database/session.js';
import type { RecordedStatement } from './recorded-statements.js';

/** A node as EXPLAIN (FORMAT JSON) prints it. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** What TimescaleDB puts before the name of the index in each chunk. */
const CHUNK = /^_hyper_\d+_\d+_chunk_?/;
/** What it compresses a chunk into, and the index on that. */
const COMPRESSED = /^compress_hyper_/;

/**
 * How the server finds the bars in these statements, by EXPLAIN (ANALYZE), which runs them: `Index Scan using idx_ohlcv_symbol_timeframe`.
 * Statements that do not read bars are left out.
 */
export async function explainBarAccess(client: Client, statements: readonly RecordedStatement[]): Promise<string[]> {
  const found = new Map<string, number>();
  for (const { text, values, isCopy } of statements) {
    if (!text.includes('ohlcv_bars')) continue;
    if (text.startsWith('INSERT INTO ohlcv_bars ')) found.set('Insert on ohlcv_bars', 1);
    // Explaining runs a statement; a write would be made twice, and COPY cannot be explained.
    if (isCopy || !text.startsWith('SELECT')) continue;
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>({
      text: `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
      values: [...values],
    });
    const scans = new Map<string, number>();
    for (const scan of barScans(rows[0]!['QUERY PLAN'][0].Plan)) scans.set(scan, (scans.get(scan) ?? 0) + 1);
    for (const [scan, count] of scans) found.set(scan, Math.max(count, found.get(scan) ?? 0));
  }
  return [...found].map(([scan, count]) => (count === 1 ? scan : `${scan} in ${count} chunks`));
}

function barScans(node: PlanNode): string[] {
  const below = (node.Plans ?? []).flatMap(barScans);
  const index = node['Index Name'];
  const relation = node['Relation Name'] ?? '';
  if (COMPRESSED.test(relation)) return [`${node['Node Type']} on compressed ohlcv_bars`, ...below];
  if (index !== undefined) {
    return index.includes('bar_series') ? below : [`${node['Node Type']} using ${index.replace(CHUNK, '')}`, ...below];
  }
  if (!/^(ohlcv_bars|_hyper_)/.test(relation) || below.length > 0) return below;
  return [`${node['Node Type']} on ohlcv_bars`];
}
