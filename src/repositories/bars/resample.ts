import type { Client } from '../../database/session.js';
import { RATIO_WINDOW } from '../../domain/bar-ratios.js';
import type { ResampledBar } from '../../domain/resampled-bar.js';
import { type Aggregates, readBuckets } from './buckets.js';
import type { ResampleRequest } from './resample-request.js';
import { toResampledBars } from './resampled-bars.js';

/** From the aggregate of the timeframe where the layout has one, and from the bars on days that changed since it was refreshed. */
export async function resample(
  client: Client,
  request: ResampleRequest,
  aggregates: Aggregates,
): Promise<ResampledBar[]> {
  const { symbol, from, start, end, fill } = request;
  if (start >= end) return [];
  const wanted = { ...request, before: RATIO_WINDOW, after: fill === 'previous' };
  const { view, answers } = await readBuckets(client, symbol, aggregates, () => [wanted]);
  const series = view.series.get(from);
  return series ? toResampledBars(answers[0]!, series.volumeScale, request) : [];
}
