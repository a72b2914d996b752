import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const DOCKER = fileURLToPath(new URL('../../infrastructure/docker', import.meta.url));

export interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly entrypoint?: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly networks?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

export const composeText = readFileSync(join(DOCKER, 'compose.yaml'), 'utf8');

const read = parse(composeText, { merge: true }) as ComposeFile;
const NOTHING = { command: [], environment: {}, secrets: [] };

/** With its variables as they are written. */
export const compose: ComposeFile = {
  ...read,
  services: Object.fromEntries(
    Object.entries(read.services).map(([name, one]): [string, Service] => [name, Object.assign({}, NOTHING, one)]),
  ),
};

export function service(name: string): Service {
  const found = compose.services[name];
  if (!found) throw new Error(`compose.yaml has no service ${name}`);
  return found;
}

export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly reason: string;
}

/** The settings of postgres/postgresql.conf. */
export const settings: readonly Setting[] = readFileSync(join(DOCKER, 'postgres/postgresql.conf'), 'utf8')
  .split('\n')
  .filter((line) => /^[^#\s]/.test(line))
  .map((line) => {
    const [, name = '', quoted, bare = '', reason = ''] =
      /^([\w.]+) = (?:'([^']*)'|([^'\s]+))\s*(?:# (.+))?$/.exec(line) ?? [];
    return { name, value: quoted ?? bare, reason };
  });

export function setting(name: string): string {
  const found = settings.find((each) => each.name === name);
  if (!found) throw new Error(`postgresql.conf does not set ${name}`);
  return found.value;
}
