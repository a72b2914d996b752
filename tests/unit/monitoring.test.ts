import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { alerts, dashboard, MONITORING, queries, RULES, ruleFile, selectorsOf } from '../setup/promql.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const UNIT_TESTS = join(MONITORING, 'tests/wyckoff.test.yml');
const textOf = (file: string) => readFileSync(join(MONITORING, file), 'utf8');
const yamlOf = (file: string): unknown => parse(textOf(file));

/** https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/ and what ours have beside. */
const rule = z.strictObject({
  alert: z.string().regex(/^Wyckoff[A-Z][A-Za-z]+$/),
  expr: z.string().min(1),
  for: z
    .string()
    .regex(/^\d+[smh]$/)
    .optional(),
  labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
  annotations: z.strictObject({ summary: z.string().min(1), description: z.string().min(1), runbook: z.string() }),
});
const rules = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string().regex(/^wyckoff-/), rules: z.array(rule).min(1) })).min(1),
});

const promtool = hasPromtool();
if (!promtool) {
  process.stderr.write(
    'promtool is not installed here (Debian: prometheus): alert rules are checked by the tests alone\n',
  );
}

function hasPromtool(): boolean {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('alert rules', () => {
  it('have the form of Prometheus, a severity, and a name of their own', () => {
    expect(rules.safeParse(ruleFile).error?.issues ?? []).toEqual([]);
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  });

  it('are PromQL, also inside their texts', () => {
    for (const { expr } of alerts) expect(selectorsOf(expr).length).toBeGreaterThan(0);
    for (const { alert, annotations } of alerts) {
      const templates = Object.values(annotations).flatMap((text) => text.match(/\{\{.*?\}\}/g) ?? []);
      for (const template of templates)
        expect(template, alert).toMatch(/^\{\{ \$(?:value|labels\.\w+)(?: \| humanize\w*)? \}\}$/);
    }
    expect(() => selectorsOf('rate(wyckoff_up[5m]')).toThrow('not PromQL');
  });

  it('each have a heading of the runbook, to which they point, with what it means and what to do; and no heading is of none', () => {
    const runbook = readFileSync(join(ROOT, 'docs/runbook.md'), 'utf8');
    const [, section = ''] = runbook.split('\n## Alerts\n');
    const headings = [...section.split('\n## ')[0]!.matchAll(/^### (\w+)\n\n\*\*Means:\*\* .+?\n\n\*\*Do:\*\* /gms)];
    expect(headings.map(([, name]) => name)).toEqual(alerts.map(({ alert }) => alert));
    for (const { alert, annotations } of alerts)
      expect(annotations.runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
  });

  it('each fire in a test of theirs, and all are quiet in the one of a process that works', () => {
    const tests = (yamlOf('tests/wyckoff.test.yml') as { tests: readonly object[] }).tests.map((one) =>
      JSON.stringify(one),
    );
    for (const { alert, expr } of alerts) {
      expect(
        tests.filter((test) => test.includes(`alertname=\\"${alert}\\"`)),
        alert,
      ).not.toEqual([]);
      for (const { metric } of selectorsOf(expr)) expect(tests[0], alert).toContain(`"series":"${metric}`);
    }
  });

  it('are what promtool takes, and do what their tests say', () => {
    if (!promtool) return;
    const run = (...args: string[]) => execFileSync('promtool', args, { encoding: 'utf8' });
    expect(run('check', 'rules', RULES)).toContain(`SUCCESS: ${alerts.length} rules found`);
    expect(run('check', 'config', join(MONITORING, 'prometheus.yml'))).toContain('is valid prometheus config');
    expect(run('test', 'rules', UNIT_TESTS)).toContain('SUCCESS');
  });
});

describe('prometheus.yml', () => {
  it('reads the rules, and knows our targets by the name that the rules have for them', () => {
    const config = yamlOf('prometheus.yml') as {
      rule_files: string[];
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    };
    expect(config.rule_files).toEqual(['rules/*.yml']);
    const [wyckoff] = config.scrape_configs;
    expect(wyckoff).toMatchObject({ job_name: 'wyckoff', static_configs: [{ targets: ['serve:9464'] }] });
    const jobs = alerts.flatMap(({ expr }) => [...expr.matchAll(/up\{job="(\w+)"\}/g)].map(([, job]) => job));
    expect(jobs).toEqual(['wyckoff']);
  });
});

describe('the dashboard', () => {
  it('asks in PromQL, of a data source that is provisioned', () => {
    expect(queries.length).toBeGreaterThan(40);
    for (const query of queries) expect(selectorsOf(query).length, query).toBeGreaterThan(0);
    const sources = yamlOf('grafana/provisioning/datasources/wyckoff.yml') as { datasources: { uid: string }[] };
    const uids = new Set(dashboard.panels.flatMap(({ datasource }) => (datasource ? [datasource.uid] : [])));
    expect(sources.datasources.map(({ uid }) => uid)).toEqual(expect.arrayContaining([...uids]));
    expect(textOf('grafana/provisioning/dashboards/wyckoff.yml')).toContain('path: /etc/grafana/dashboards');
  });

  it('has panels that do not lie on each other, each with a title and a query', () => {
    const taken = new Set<string>();
    for (const { title, type, gridPos, targets = [] } of dashboard.panels) {
      expect(title).not.toBe('');
      expect(targets.length > 0, title).toBe(type !== 'row');
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(x < 24 && !taken.has(`${x} ${y}`), title).toBe(true);
          taken.add(`${x} ${y}`);
        }
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });

  it('names only labels that its legends and queries can have', () => {
    for (const { title, targets = [] } of dashboard.panels)
      for (const { expr, legendFormat } of targets) {
        const grouped = /\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(', ');
        const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
        if (grouped)
          expect(
            named.filter((label) => !grouped.includes(label)),
            title,
          ).toEqual([]);
      }
  });
});
