-- One row per column of the tables and views of a business schema that its sandbox has as well. Parameters: business, sandbox.
select
    relation.relname::text as table_name,
    attribute.attname::text as column_name,
    pg_catalog.format_type(attribute.atttypid, attribute.atttypmod) as type,
    -- what can be compared, collected and written as a literal; no arrays, documents or shapes
    kind.typcategory in ('B', 'D', 'E', 'N', 'S', 'T') or kind.typname = 'uuid' as is_plain,
    kind.typcategory::text as category,
    coalesce(required.attnotnull, false) as is_required
from pg_catalog.pg_class as relation
inner join pg_catalog.pg_namespace as namespace on relation.relnamespace = namespace.oid
inner join pg_catalog.pg_attribute as attribute on relation.oid = attribute.attrelid
inner join pg_catalog.pg_type as kind on attribute.atttypid = kind.oid
left join pg_catalog.pg_namespace as business on business.nspname = %(business)s
left join pg_catalog.pg_class as business_relation
    on business.oid = business_relation.relnamespace and relation.relname = business_relation.relname
left join pg_catalog.pg_attribute as required
    on business_relation.oid = required.attrelid and attribute.attname = required.attname
where namespace.nspname = %(sandbox)s
    and relation.relkind in ('r', 'p', 'v', 'm', 'f')
    and attribute.attnum > 0
    and not attribute.attisdropped
order by relation.relname, attribute.attnum
