{#- PostgreSQL's own catalog is the source: pg_class, pg_attribute, pg_constraint and the comments. -#}

with relations as (

    select
        classes.oid as relation_id,
        namespaces.nspname::text as table_schema,
        classes.relname::text as table_name
    from pg_catalog.pg_class as classes
    inner join pg_catalog.pg_namespace as namespaces on classes.relnamespace = namespaces.oid
    where classes.relkind in ('r', 'p', 'v', 'm', 'f')
        and not classes.relispartition
        and (namespaces.nspname, classes.relname) in (
            values
            {%- for relation in business_relations() %}
            ({{ sql_text(relation.schema) }}, {{ sql_text(relation.identifier) }}),
            {%- endfor %}
            (null, null)
        )

),

primary_keys as (

    select
        constraints.conrelid as relation_id,
        unnest(constraints.conkey) as attribute_number
    from pg_catalog.pg_constraint as constraints
    where constraints.contype = 'p'

),

foreign_keys as (

    select
        constraints.conrelid as relation_id,
        constraints.conkey[1] as attribute_number,
        min(referenced_tables.relname || '.' || referenced_columns.attname) as references_column
    from pg_catalog.pg_constraint as constraints
    inner join pg_catalog.pg_class as referenced_tables on constraints.confrelid = referenced_tables.oid
    inner join pg_catalog.pg_attribute as referenced_columns
        on constraints.confrelid = referenced_columns.attrelid
        and constraints.confkey[1] = referenced_columns.attnum
    where constraints.contype = 'f'
        and cardinality(constraints.conkey) = 1
    group by constraints.conrelid, constraints.conkey[1]

)

select
    ---------- names
    relations.table_schema,
    relations.table_name,
    attributes.attname::text as column_name,
    attributes.attnum::integer as ordinal_position,
    pg_catalog.format_type(attributes.atttypid, attributes.atttypmod) as data_type,
    foreign_keys.references_column,

    ---------- booleans
    not attributes.attnotnull as is_nullable,
    primary_keys.attribute_number is not null as is_primary_key,

    ---------- text
    pg_catalog.obj_description(relations.relation_id, 'pg_class') as table_comment,
    pg_catalog.col_description(relations.relation_id, attributes.attnum) as column_comment

from relations
inner join pg_catalog.pg_attribute as attributes on relations.relation_id = attributes.attrelid
left join primary_keys
    on relations.relation_id = primary_keys.relation_id
    and attributes.attnum = primary_keys.attribute_number
left join foreign_keys
    on relations.relation_id = foreign_keys.relation_id
    and attributes.attnum = foreign_keys.attribute_number
where attributes.attnum > 0
    and not attributes.attisdropped
