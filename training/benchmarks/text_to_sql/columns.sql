-- one row per column of the schema's tables, with the columns of corpus.schema_catalog except its values
select
    columns.table_schema,
    columns.table_name,
    null as table_comment,
    columns.column_name,
    columns.ordinal_position,
    columns.data_type,
    columns.is_nullable = 'YES' as is_nullable,
    keys.is_primary_key is not null as is_primary_key,
    keys.references_column,
    null as column_comment,
    null as pii_class
from information_schema.columns
left join lateral (
    select
        bool_or(constraints.contype = 'p') or null as is_primary_key,
        min(format('%%s.%%s', target.relname, target_column.attname))
            filter (where constraints.contype = 'f') as references_column
    from pg_constraint as constraints
    inner join pg_attribute as own_column
        on own_column.attrelid = constraints.conrelid and own_column.attname = columns.column_name
    left join pg_class as target on target.oid = constraints.confrelid
    left join pg_attribute as target_column
        on target_column.attrelid = constraints.confrelid
        and target_column.attnum = constraints.confkey[array_position(constraints.conkey, own_column.attnum)]
    where
        constraints.conrelid = format('%%I.%%I', columns.table_schema, columns.table_name)::regclass
        and own_column.attnum = any(constraints.conkey)
) as keys on true
where columns.table_schema = %(schema)s
order by columns.table_name, columns.ordinal_position
