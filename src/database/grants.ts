/** The rights of the roles as they are in the database, against what role-grants.ts says. */
import {
  AGGREGATE_GRANTS,
  DATABASE_GRANTS,
  GRANTED_ROLES,
  OWNER,
  PUBLIC_LOSES,
  ROLES,
  SCHEMA_GRANTS,
  TABLE_GRANTS,
} from './role-grants.js';
import type { Client } from './session.js';

const RELATION_GRANTS = { ...TABLE_GRANTS, ...AGGREGATE_GRANTS };

type ObjectKind = 'DATABASE' | 'SCHEMA' | 'TABLE' | 'ROUTINE' | 'MEMBERSHIP';

/** Where a role has other rights than it should. */
export interface GrantDifference {
  readonly kind: ObjectKind;
  /** As SQL names it, e.g. `public.audit_trail`. Of a membership, the role that this one is a member of. */
  readonly object: string;
  readonly role: string;
  /** What it should have, in all. */
  readonly wanted: readonly string[];
  readonly missing: readonly string[];
  readonly extra: readonly string[];
}

/**
 * What each role may do with each object, memberships included; a right that may be passed on has a `*`. Rights on single columns are rights
 * too: a REVOKE on the table takes them.
 */
const RIGHTS = `
  WITH acls AS (
    SELECT 'DATABASE' AS kind, quote_ident(datname) AS object, coalesce(datacl, acldefault('d', datdba)) AS acl
    FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'SCHEMA', nspname, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace WHERE nspname = 'public'
    UNION ALL
    SELECT 'TABLE', format('public.%I', relname), acl
    FROM pg_class, LATERAL (
      SELECT relacl UNION ALL
      SELECT attacl FROM pg_attribute WHERE attrelid = pg_class.oid AND attacl IS NOT NULL) AS all_of_it (acl)
    WHERE relnamespace = 'public'::regnamespace AND relname = ANY ($2)
    UNION ALL
    SELECT 'ROUTINE', pg_proc.oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e')
  ), rights AS (
    SELECT kind, object, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END AS role,
           privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END AS "right"
    FROM acls LEFT JOIN LATERAL aclexplode(acl) ON true
    UNION ALL
    SELECT 'MEMBERSHIP', quote_ident(pg_get_userbyid(roleid)), pg_get_userbyid(member), 'MEMBER' FROM pg_auth_members
  )
  SELECT kind, object, coalesce(array_agg(DISTINCT "right") FILTER (WHERE role = grantee.name), '{}') AS rights, grantee.name AS role
  FROM rights CROSS JOIN unnest($1::text[]) AS grantee (name)
  GROUP BY kind, object, grantee.name
  ORDER BY kind, object, grantee.name`;

interface Rights {
  readonly kind: ObjectKind;
  readonly object: string;
  readonly role: string;
  readonly rights: readonly string[];
}

export async function readGrantDifferences(client: Client): Promise<GrantDifference[]> {
  const { rows } = await client.query<Rights>(RIGHTS, [['PUBLIC', ...ROLES], Object.keys(RELATION_GRANTS)]);
  return rows.flatMap((row) => {
    const wanted = wantedRights(row);
    const missing = wanted.filter((right) => !row.rights.includes(right));
    const extra = row.rights.filter((right) => !wanted.includes(right));
    const { kind, object, role } = row;
    return missing.length + extra.length > 0 ? [{ kind, object, role, wanted, missing, extra }] : [];
  });
}

function wantedRights({ kind, object, role, rights }: Rights): readonly string[] {
  const among = (grants: Readonly<Record<string, readonly string[]>> | undefined) => grants?.[role] ?? [];
  switch (kind) {
    case 'DATABASE':
      return role === 'PUBLIC' ? without(rights, PUBLIC_LOSES.database) : among(DATABASE_GRANTS);
    case 'SCHEMA':
      return role === 'PUBLIC' ? without(rights, PUBLIC_LOSES.schema) : among(SCHEMA_GRANTS);
    case 'TABLE':
      // An owner has every right, unless it took one from itself: that is its own matter.
      return role === OWNER ? rights : among(RELATION_GRANTS[object.replace(/^public\.|"/g, '')]);
    case 'ROUTINE':
      // Those of today run in triggers, which ask nobody for EXECUTE.
      return role === OWNER ? rights : [];
    case 'MEMBERSHIP':
      return GRANTED_ROLES.includes(role as (typeof GRANTED_ROLES)[number]) ? [] : rights;
  }
}

function without(rights: readonly string[], lost: readonly string[]): string[] {
  return rights.filter((right) => !lost.includes(right));
}

export async function mendGrants(client: Client, differences: readonly GrantDifference[]): Promise<void> {
  for (const { kind, object, role, wanted, extra } of differences) {
    if (kind === 'MEMBERSHIP') {
      await leave(client, object, role);
      continue;
    }
    if (extra.length > 0) await client.query(`REVOKE ALL ON ${kind} ${object} FROM ${role} CASCADE`);
    if (wanted.length > 0) await client.query(`GRANT ${wanted.join(', ')} ON ${kind} ${object} TO ${role}`);
  }
}

/** Since PostgreSQL 16 each grantor's membership is one of its own. */
async function leave(client: Client, group: string, role: string): Promise<void> {
  const { rows } = await client.query<{ by: string }>(
    `SELECT DISTINCT CASE WHEN current_setting('server_version_num')::int >= 160000
                          THEN ' GRANTED BY ' || quote_ident(pg_get_userbyid(grantor)) ELSE '' END AS by
     FROM pg_auth_members WHERE quote_ident(pg_get_userbyid(roleid)) = $1 AND pg_get_userbyid(member) = $2`,
    [group, role],
  );
  for (const { by } of rows) await client.query(`REVOKE ${group} FROM ${role}${by}`);
}
