import { type ClientBase } from 'pg';

/** Why a role is not read-only, and the statement that mends it. */
export interface RoleProblem {
  readonly problem: string;
  readonly fix: string;
}

/**
 * Looks for everything by which the connected role could write or reach the server's files and programs: attributes,
 * predefined roles, ownership, privileges on tables, columns, sequences, schemas and the database, also by way of a
 * role that it is a member of or of PUBLIC. Empty when the role can only read. [S84]
 */
export async function roleProblems(client: ClientBase): Promise<RoleProblem[]> {
  const { rows } = await client.query<RoleProblem>(PROOF);
  return rows;
}

/** Predefined roles (PostgreSQL documentation, "Predefined Roles") that do more than read tables. */
const POWERFUL = [
  'pg_write_all_data',
  'pg_write_server_files',
  'pg_read_server_files',
  'pg_execute_server_program',
  'pg_signal_backend',
  'pg_signal_autovacuum_worker',
  'pg_checkpoint',
  'pg_maintain',
  'pg_create_subscription',
];

const PROOF = `
with mine as materialized (
  select * from pg_roles
  where rolname = current_user
    or (pg_has_role(current_user, oid, 'MEMBER') and not (select rolsuper from pg_roles where rolname = current_user))
), schemas as materialized (
  select oid, nspname from pg_namespace
  where nspname not in ('pg_catalog', 'information_schema') and nspname !~ '^pg_(toast|temp)'
), relations as materialized (
  select c.oid, c.relname, c.relkind, c.relowner, s.nspname from pg_class c join schemas s on s.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
), found as (
  select 1 as rank, rolname, 'is a superuser' as what, format('ALTER ROLE %I NOSUPERUSER', rolname) as fix
  from mine where rolsuper
  union all
  select 2, rolname, 'has CREATEROLE, CREATEDB or REPLICATION',
    format('ALTER ROLE %I NOCREATEROLE NOCREATEDB NOREPLICATION', rolname)
  from mine where rolcreaterole or rolcreatedb or rolreplication
  union all
  select 3, current_user, 'is a member of ' || rolname, format('REVOKE %I FROM %I', rolname, current_user)
  from mine where rolname in (${POWERFUL.map((name) => `'${name}'`).join(', ')})
  union all
  select 4, m.rolname, 'owns tables, views or sequences, for example ' || min(r.relname),
    format('REASSIGN OWNED BY %I TO the_owner', m.rolname)
  from mine m join relations r on r.relowner = m.oid group by m.rolname
  union all
  select 5, m.rolname, format('may write to tables in the schema %I, for example %I', r.nspname, min(r.relname)),
    format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA %I FROM', r.nspname)
  from mine m join relations r on r.relkind <> 'S' and r.relowner <> m.oid
    and (has_table_privilege(m.oid, r.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
      or has_any_column_privilege(m.oid, r.oid, 'INSERT, UPDATE'))
  group by m.rolname, r.nspname
  union all
  select 6, m.rolname, format('may advance sequences in the schema %I', r.nspname),
    format('REVOKE USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA %I FROM', r.nspname)
  from mine m join relations r
    on r.relkind = 'S' and r.relowner <> m.oid and has_sequence_privilege(m.oid, r.oid, 'USAGE, UPDATE')
  group by m.rolname, r.nspname
  union all
  select 7, m.rolname, format('may create objects in the schema %I', s.nspname),
    format('REVOKE CREATE ON SCHEMA %I FROM', s.nspname)
  from mine m join schemas s on has_schema_privilege(m.oid, s.oid, 'CREATE')
  union all
  select 8, m.rolname, 'may create schemas in the database',
    format('REVOKE CREATE ON DATABASE %I FROM', current_database())
  from mine m where has_database_privilege(m.oid, current_database(), 'CREATE')
  union all
  select 9, current_user, 'begins transactions that may write',
    format('ALTER ROLE %I SET default_transaction_read_only = on', current_user)
  where current_setting('default_transaction_read_only') <> 'on'
)
select string_agg(rolname, ', ' order by rolname) || ' ' || what as problem,
  fix || case when fix like '% FROM' then ' ' || string_agg(quote_ident(rolname), ', ' order by rolname) || ', PUBLIC' else '' end || ';' as fix
from found group by rank, what, fix order by rank, what limit 40`;
