import { DatabaseError, type WyckoffError } from '../errors.js';
import { type GrantDifference, mendGrants, readGrantDifferences } from './grants.js';
import { detectLayout } from './layouts/layout.js';
import { AGGREGATE_GRANTS, OWNER, ROLES, type Role, TABLE_GRANTS } from './role-grants.js';
import { readTableNames, takeOwnership } from './schema-objects.js';
import type { Client, Session } from './session.js';

export interface RolesReport {
  /** Roles that were not there. They belong to the whole server, so another database may have made them before. */
  readonly created: readonly Role[];
  /** What belongs to wyckoff_owner now and did not before, e.g. `TABLE public.audit_trail`. */
  readonly transferred: readonly string[];
  /** Hypertables that stay their owner's: giving one away takes a superuser. Their rights are set all the same. */
  readonly kept: readonly string[];
  /** Users to whom the transferred belonged. They are members of wyckoff_owner now and so can do what they could before. */
  readonly formerOwners: readonly string[];
  /** Rights that were missing or too many, and are right now. */
  readonly mended: readonly GrantDifference[];
  /** A user, other than a superuser, that owns the database: it may drop what is in it, whatever was granted. */
  readonly databaseOwner: string | null;
}

const LOCK = 'wyckoff roles';

/**
 * Makes the roles of {@link ROLES}, or brings them up to date, with the rights of role-grants.ts in this database and no others: all in one
 * transaction. Doing it again changes nothing; two at once queue. To be done again after a migration that makes tables.
 *
 * @throws DatabaseError ROLES_NOT_ALLOWED, ROLES_UNKNOWN_TABLES, ROLES_TABLES_MISSING, ROLES_INCOMPLETE; nothing is changed then
 */
export async function applyRoles(session: Session): Promise<RolesReport> {
  try {
    return await session.transaction(async (client) => {
      await client.query('SET LOCAL search_path = pg_catalog');
      await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [LOCK]);
      await requireKnownTables(client);
      const caller = await readCaller(client);
      const created: Role[] = [];
      const { name: layout } = await detectLayout(client);
      for (const role of ROLES) {
        const runsJobs = role === OWNER && layout === 'timescale';
        if (await makeRole(client, role, runsJobs, caller)) created.push(role);
      }
      await join(client, caller.name, caller);
      const before = await readGrantDifferences(client);
      // Whoever is to own something in a schema has to have CREATE there first; rights on it are set when it is its own.
      const early = before.filter(({ kind }) => kind !== 'TABLE' && kind !== 'ROUTINE');
      await mendGrants(client, early);
      const { transferred, kept, owners } = await takeOwnership(client, OWNER);
      const formerOwners: string[] = [];
      for (const owner of owners) if (await join(client, owner, caller)) formerOwners.push(owner);
      await mendGrants(client, await readGrantDifferences(client));
      requireNone(await readGrantDifferences(client), caller);
      return { created, transferred, kept, formerOwners, mended: before, databaseOwner: caller.databaseOwner };
    });
  } catch (error) {
    if (error instanceof DatabaseError && error.sqlstate === INSUFFICIENT_PRIVILEGE)
      throw notAllowed(error.message, error);
    throw error;
  }
}

const INSUFFICIENT_PRIVILEGE = '42501';

interface Caller {
  readonly name: string;
  readonly superuser: boolean;
  readonly mayCreateRoles: boolean;
  /** PostgreSQL 16 divided membership: to act as a role (INHERIT), to become it (SET), to give it away (ADMIN). */
  readonly dividedMembership: boolean;
  readonly databaseOwner: string | null;
}

async function readCaller(client: Client): Promise<Caller> {
  const { rows } = await client.query<Caller>(`
    SELECT rolname AS name, rolsuper AS superuser, rolsuper OR rolcreaterole AS "mayCreateRoles",
           current_setting('server_version_num')::int >= 160000 AS "dividedMembership",
           (SELECT owner.rolname FROM pg_database JOIN pg_roles owner ON owner.oid = datdba
            WHERE datname = current_database() AND NOT owner.rolsuper) AS "databaseOwner"
    FROM pg_roles WHERE rolname = current_user`);
  return rows[0]!;
}

/** A table that nobody has thought of would be read and written by nobody, or keep rights that it should not. */
async function requireKnownTables(client: Client): Promise<void> {
  const names = await readTableNames(client);
  const missing = Object.keys(TABLE_GRANTS).filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new DatabaseError('ROLES_TABLES_MISSING', `the database lacks ${missing.join(', ')}`, {
      hint: 'run `wyckoff migrate`',
    });
  }
  const unknown = names.filter((name) => !(name in TABLE_GRANTS || name in AGGREGATE_GRANTS));
  if (unknown.length === 0) return;
  throw new DatabaseError(
    'ROLES_UNKNOWN_TABLES',
    `the schema public has tables that are not the store's: ${unknown.join(', ')}`,
    { hint: 'move them to another schema: ALTER TABLE ... SET SCHEMA; the store has a schema for itself' },
  );
}

/** They would give a role more than what is granted to it. */
const NO_ATTRIBUTES = 'NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS';

/**
 * TimescaleDB runs the jobs of a hypertable (compression) as its owner, and a background worker cannot start as a role that may not log in: with
 * NOLOGIN bars would no longer be compressed, and only the server's log would say so. The limit does not count background workers, and
 * keeps everybody else out.
 */
const RUNS_JOBS = 'LOGIN CONNECTION LIMIT 0';

/** Answers whether the role was missing. */
async function makeRole(client: Client, role: Role, runsJobs: boolean, caller: Caller): Promise<boolean> {
  const find = async () => {
    const { rows } = await client.query<{ plain: boolean; closed: boolean; login: boolean }>(
      `SELECT NOT (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls) AS plain,
              NOT rolcanlogin OR rolconnlimit = 0 AS closed, rolcanlogin AS login
       FROM pg_roles WHERE rolname = $1`,
      [role],
    );
    return rows[0];
  };
  let found = await find();
  if (!found && !caller.mayCreateRoles)
    throw notAllowed(`the role ${role} is missing, and ${caller.name} may not create roles`);
  const created = !found && (await createRole(client, role));
  found = await find();
  if (!found?.plain) await client.query(`ALTER ROLE ${role} ${NO_ATTRIBUTES}`);
  // Another database of the server may have hypertables where this one has none: RUNS_JOBS is left as it is.
  if (runsJobs ? !(found?.login && found.closed) : !found?.closed)
    await client.query(`ALTER ROLE ${role} ${runsJobs ? RUNS_JOBS : 'NOLOGIN'}`);
  return created;
}

const ALREADY_THERE = ['42710', '23505'];

/** The lock is this database's alone: the same may be done in another one of the server at this moment. */
async function createRole(client: Client, role: Role): Promise<boolean> {
  await client.query('SAVEPOINT make_role');
  try {
    await client.query(`CREATE ROLE ${role} NOLOGIN`);
    return true;
  } catch (error) {
    if (!ALREADY_THERE.includes((error as { code?: string }).code ?? '')) throw error;
    await client.query('ROLLBACK TO SAVEPOINT make_role');
    return false;
  }
}

/** Makes a user a member of wyckoff_owner; answers whether it was none. A superuser needs no membership. */
async function join(client: Client, user: string, { dividedMembership }: Caller): Promise<boolean> {
  const full = dividedMembership
    ? "pg_has_role(oid, $2, 'USAGE') AND pg_has_role(oid, $2, 'SET')"
    : "pg_has_role(oid, $2, 'USAGE')";
  const { rows } = await client.query<{ name: string; member: boolean }>(
    `SELECT quote_ident(rolname) AS name, rolsuper OR (${full}) AS member FROM pg_roles WHERE rolname = $1`,
    [user, OWNER],
  );
  const [found] = rows;
  if (!found || found.member) return false;
  await client.query(`GRANT ${OWNER} TO ${found.name}${dividedMembership ? ' WITH INHERIT TRUE, SET TRUE' : ''}`);
  return true;
}

function requireNone(differences: readonly GrantDifference[], caller: Caller): void {
  if (differences.length === 0) return;
  const [{ object, role }] = differences as [GrantDifference];
  const more = differences.length > 1 ? ` (and ${differences.length - 1} more)` : '';
  throw new DatabaseError(
    'ROLES_INCOMPLETE',
    `${caller.name} could not set the rights of ${role} on ${object}${more}: nothing was changed`,
    { hint: HINT },
  );
}

const HINT =
  'run it as a superuser, or as a user with CREATEROLE that owns the database and its tables; where another user made the roles, ' +
  `a superuser first: GRANT ${OWNER} TO that_user WITH ADMIN OPTION`;

function notAllowed(message: string, cause?: WyckoffError): DatabaseError {
  return new DatabaseError('ROLES_NOT_ALLOWED', `the roles cannot be set up: ${message}`, { hint: HINT, cause });
}
