-- Every key that was ever made, with what is wrong with its database role. A role that is superuser, may bypass
-- policies, owns anything or can become such a one is not held by row-level security.
select
    keys.key_id,
    keys.key_name,
    keys.token_hash,
    keys.scopes,
    keys.requests_per_minute,
    keys.database_role,
    keys.created_at,
    keys.revoked_at,
    case
        when keys.database_role is null then null
        when roles.oid is null then 'missing'
        when reach.is_powerful then 'powerful'
        when reach.is_owner then 'owner'
        when reach.is_predefined then 'predefined'
        when roles.oid = reader.oid then null
        when reader.oid is null then 'not_granted'
        when not pg_has_role(
            reader.oid, roles.oid,
            case when current_setting('server_version_num')::integer >= 160000 then 'SET' else 'MEMBER' end
        ) then 'not_granted'
        when pg_has_role(reader.oid, roles.oid, 'USAGE') then 'inherited'
    end as role_problem
from raw_serving.api_keys as keys
left join pg_catalog.pg_roles as roles on keys.database_role = roles.rolname
left join pg_catalog.pg_roles as reader on reader.rolname = %(reader_role)s
left join lateral (
    select
        bool_or(
            reached.rolsuper or reached.rolbypassrls or reached.rolcreaterole or reached.rolreplication
        ) as is_powerful,
        bool_or(reached.rolname like 'pg\_%%') as is_predefined,
        bool_or(exists (
            select 1
            from pg_catalog.pg_shdepend as dependencies
            where dependencies.refclassid = 'pg_catalog.pg_authid'::regclass
                and dependencies.refobjid = reached.oid
                and dependencies.deptype = 'o'
        )) as is_owner
    from pg_catalog.pg_roles as reached
    where pg_has_role(roles.oid, reached.oid, 'MEMBER')
) as reach on true
order by keys.created_at, keys.key_id
