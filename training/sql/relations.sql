-- Every table, view and materialized view of the given schemas with its columns, and which of them the role may read.
-- Parameters: %(schemas)s, %(role)s.
select
    namespaces.nspname as table_schema,
    relations.relname as table_name,
    attributes.attname as column_name,
    format_type(attributes.atttypid, attributes.atttypmod) as data_type,
    has_schema_privilege(coalesce(%(role)s, current_user), namespaces.oid, 'usage')
    and has_column_privilege(
        coalesce(%(role)s, current_user), relations.oid, attributes.attnum, 'select'
    ) as is_readable,
    -- a name of the server's own catalog is found before any schema of the search path
    exists (
        select 1 from pg_class as own
        where own.relnamespace = 'pg_catalog'::regnamespace and own.relname = relations.relname
    ) as is_shadowed
from pg_class as relations
inner join pg_namespace as namespaces on relations.relnamespace = namespaces.oid
left join pg_attribute as attributes
    on relations.oid = attributes.attrelid
    and attributes.attnum > 0
    and not attributes.attisdropped
where relations.relkind in ('r', 'v', 'm', 'p', 'f')
    and namespaces.nspname = any(%(schemas)s)
order by table_schema, table_name, attributes.attnum
