-- The business columns that neither the API's reader nor a role that it may take for a caller can read.
select pg_namespace.nspname, pg_class.relname, pg_attribute.attname
from pg_attribute
inner join pg_class on pg_class.oid = pg_attribute.attrelid
inner join pg_namespace on pg_namespace.oid = pg_class.relnamespace
where
    pg_namespace.nspname = any(%(schemas)s)
    and pg_class.relkind in ('r', 'p', 'v', 'm', 'f')
    and pg_attribute.attnum > 0
    and not pg_attribute.attisdropped
    and not exists (
        select from pg_roles
        where
            pg_has_role(current_user, pg_roles.oid, 'member')
            and has_schema_privilege(pg_roles.oid, pg_namespace.oid, 'usage')
            and has_column_privilege(pg_roles.oid, pg_class.oid, pg_attribute.attnum, 'select')
    )
