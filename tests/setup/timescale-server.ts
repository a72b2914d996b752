import type { TestProject } from 'vitest/node';
import { provideTemplate } from './template.js';
import { startTimescaleCluster } from './timescale-cluster.js';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, stop } = await startTimescaleCluster();
  await provideTemplate(project, url, 'timescale');
  return stop;
}
