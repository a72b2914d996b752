import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';

export const MONITORING = fileURLToPath(new URL('../../infrastructure/monitoring', import.meta.url));
export const RULES = join(MONITORING, 'rules/wyckoff.yml');

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly AlertRule[] }[];
}

export const ruleFile = parse(readFileSync(RULES, 'utf8')) as RuleFile;
export const alerts: readonly AlertRule[] = ruleFile.groups.flatMap(({ rules }) => rules);

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly query: { readonly query: string } }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

export const dashboard = JSON.parse(
  readFileSync(join(MONITORING, 'grafana/dashboards/wyckoff-store.json'), 'utf8'),
) as Dashboard;

/** All queries of the dashboard, with Grafana's variables as Prometheus would see them. */
export const queries: readonly string[] = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.annotations.list.map(({ expr }) => expr),
].map((expr) => expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'));

export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** What a PromQL expression selects. @throws where it is none */
export function selectorsOf(expr: string): Selector[] {
  const found: Selector[] = [];
  parser.parse(expr).iterate({
    enter: (node) => {
      if (node.type.isError) throw new Error(`not PromQL at ${node.from}: ${expr}`);
      if (node.name !== 'VectorSelector') return;
      const metric = node.node.getChild('Identifier');
      if (!metric) throw new Error(`a selector without a metric: ${expr}`);
      const labels: string[] = [];
      node.node.cursor().iterate((inner) => {
        if (inner.name === 'LabelName') labels.push(expr.slice(inner.from, inner.to));
      });
      found.push({ metric: expr.slice(metric.from, metric.to), labels });
    },
  });
  return found;
}
