import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { TlsConfig } from '../config.js';
import { ConfigError } from '../errors.js';

/** What Node's TLS needs for the configuration; undefined: no TLS. @throws ConfigError when the authority's file cannot be read */
export function tlsOptions(tls: TlsConfig | undefined): ConnectionOptions | undefined {
  if (!tls) return undefined;
  return {
    rejectUnauthorized: tls.verify,
    ...(tls.verify && !tls.verifyHost ? { checkServerIdentity: () => undefined } : {}),
    ...(tls.caFile ? { ca: readAuthority(tls.caFile) } : {}),
  };
}

function readAuthority(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError('CONFIG_INVALID', `DB_SSL_CA: ${file} cannot be read`, { cause: error });
  }
}
