import { type GrantDifference, readGrantDifferences } from '../grants.js';
import { GRANTED_ROLES, OWNER, ROLES } from '../role-grants.js';
import type { Client } from '../session.js';
import { PLAIN_WRITING } from './read-schema.js';
import type { Difference, Findings } from './report.js';

/** Whether any of the roles has a right in this database or owns something in it: they belong to the whole server. */
const SET_UP = `
  WITH roles AS (SELECT oid FROM pg_roles WHERE rolname = ANY ($1))
  SELECT EXISTS (SELECT FROM pg_class, roles, LATERAL aclexplode(relacl) AS acl
                 WHERE relnamespace = 'public'::regnamespace AND (relowner = roles.oid OR acl.grantee = roles.oid))
      OR EXISTS (SELECT FROM pg_namespace, roles, LATERAL aclexplode(nspacl) AS acl WHERE nspname = 'public' AND acl.grantee = roles.oid) AS here`;

/** Attributes that give a role more than what is granted to it. */
const ATTRIBUTES = `
  SELECT rolname AS role, concat_ws(', ', CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
           CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
           CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN rolcanlogin AND rolconnlimit <> 0 THEN 'LOGIN' END) AS attributes
  FROM pg_roles WHERE rolname = ANY ($1) ORDER BY 1`;

export async function checkGrants(client: Client): Promise<Findings> {
  await client.query(PLAIN_WRITING);
  const { rows } = await client.query<{ here: boolean }>(SET_UP, [ROLES]);
  if (!rows[0]!.here) return { checked: 'the roles are not set up in this database; `wyckoff roles apply` does it' };
  const { rows: roles } = await client.query<{ role: string; attributes: string }>(ATTRIBUTES, [ROLES]);
  const differences = [
    ...ROLES.filter((name) => !roles.some(({ role }) => role === name)).map(missingRole),
    ...roles.filter(({ attributes }) => attributes !== '').map(tooMuch),
    ...(await readGrantDifferences(client)).map(describe),
  ];
  return { checked: `the rights of PUBLIC, ${OWNER}, ${GRANTED_ROLES.join(' and ')}`, differences };
}

const MEND = 'wyckoff roles apply';

function missingRole(role: string): Difference {
  return {
    ...{ object: role, expected: 'a role', found: 'no such role' },
    meaning: 'nobody can be made its member',
    mend: MEND,
  };
}

function tooMuch({ role, attributes }: { role: string; attributes: string }): Difference {
  return {
    ...{ object: role, expected: 'a role that nobody logs in as, without rights of its own', found: attributes },
    meaning: 'its members may do more than what is granted to it',
    mend: MEND,
  };
}

function describe({ kind, object, role, wanted, missing, extra }: GrantDifference): Difference {
  const rights = wanted.filter((right) => !missing.includes(right)).concat(extra);
  return {
    object: kind === 'MEMBERSHIP' ? role : `${object} for ${role}`,
    expected: wanted.join(', ') || (kind === 'MEMBERSHIP' ? 'a member of no role' : 'no right'),
    found: kind === 'MEMBERSHIP' ? `a member of ${object}` : rights.join(', ') || 'no right',
    meaning:
      extra.length > 0
        ? `it may do more than it should${missing.length > 0 ? ', and cannot do what it needs to' : ''}`
        : 'programs that work as this role are refused',
    mend: MEND,
  };
}
