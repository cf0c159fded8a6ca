-- One row per table or view of the schemas, its columns as a JSON array in their order. Read by catalog.py.
with keys as (

    select
        constraints.conrelid,
        constraints.contype,
        unnest(constraints.conkey) as attribute_number,
        cardinality(constraints.conkey) as key_size,
        case
            when constraints.contype = 'f' and cardinality(constraints.conkey) = 1
                then referenced_tables.relname || '.' || referenced_columns.attname
        end as reference
    from pg_catalog.pg_constraint as constraints
    left join pg_catalog.pg_class as referenced_tables on constraints.confrelid = referenced_tables.oid
    left join pg_catalog.pg_attribute as referenced_columns
        on constraints.confrelid = referenced_columns.attrelid and constraints.confkey[1] = referenced_columns.attnum
    where constraints.contype in ('p', 'f')

),

columns as (

    select
        attributes.attrelid,
        json_agg(
            json_build_object(
                'name', attributes.attname,
                'type', pg_catalog.format_type(coalesce(nullif(types.typbasetype, 0), types.oid), null),
                'needs_quotes', pg_catalog.quote_ident(attributes.attname) <> attributes.attname,
                'is_enum', types.typtype = 'e',
                'comment', pg_catalog.col_description(attributes.attrelid, attributes.attnum),
                'is_only_key', exists (
                    select 1 from keys
                    where keys.conrelid = attributes.attrelid and keys.attribute_number = attributes.attnum
                        and keys.contype = 'p' and keys.key_size = 1
                ),
                'references', (
                    select min(keys.reference) from keys
                    where keys.conrelid = attributes.attrelid and keys.attribute_number = attributes.attnum
                )
            )
            order by attributes.attnum
        ) as listed
    from pg_catalog.pg_attribute as attributes
    inner join pg_catalog.pg_type as types on attributes.atttypid = types.oid
    where attributes.attnum > 0
        and not attributes.attisdropped
    group by attributes.attrelid

)

select
    namespaces.nspname as schema,
    classes.relname as name,
    classes.relkind::text as kind,
    pg_catalog.obj_description(classes.oid, 'pg_class') as comment,
    classes.reltuples::bigint as estimated_rows,
    columns.listed
from pg_catalog.pg_class as classes
inner join pg_catalog.pg_namespace as namespaces on classes.relnamespace = namespaces.oid
inner join columns on classes.oid = columns.attrelid
where classes.relkind in ('r', 'p', 'v', 'm', 'f')
    and not classes.relispartition
    -- what an extension brought (pg_stat_statements in public) is no business of anybody's
    and not exists (
        select 1 from pg_catalog.pg_depend as owned
        where owned.objid = classes.oid and owned.classid = 'pg_catalog.pg_class'::regclass and owned.deptype = 'e'
    )
    and namespaces.nspname = any (%s)
order by namespaces.nspname, classes.relname
