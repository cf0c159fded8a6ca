-- One row per rule on the rows of a business schema's tables. Parameter: business.
with rules as (

    select
        conrelid as relation,
        conname::text as rule_name,
        case contype when 'c' then 'check' when 'f' then 'foreign' else 'exclusion' end as kind,
        conkey as columns,
        confrelid as parent,
        confkey as parent_columns,
        case when contype = 'c' then pg_catalog.pg_get_expr(conbin, conrelid) end as expression
    from pg_catalog.pg_constraint
    where contype in ('c', 'f', 'x') and conrelid <> 0 and conparentid = 0

    union all

    select
        unique_index.indrelid,
        name.relname::text,
        case
            when unique_index.indisprimary then 'primary'
            when unique_index.indexprs is null and unique_index.indpred is null then 'unique'
            else 'exclusion'    -- over expressions or some rows: such a table is never altered
        end,
        (unique_index.indkey::smallint[])[0:unique_index.indnkeyatts - 1],
        null,
        null,
        null
    from pg_catalog.pg_index as unique_index
    inner join pg_catalog.pg_class as name on unique_index.indexrelid = name.oid
    where unique_index.indisunique

)

select
    relation.relname::text as table_name,
    rules.rule_name,
    rules.kind,
    array(
        select attname::text from unnest(rules.columns) with ordinality as place (number, at)
        inner join pg_catalog.pg_attribute on attrelid = rules.relation and attnum = place.number
        order by place.at
    ) as columns,
    parent_namespace.nspname::text as parent_schema,
    parent.relname::text as parent_table,
    array(
        select attname::text from unnest(rules.parent_columns) with ordinality as place (number, at)
        inner join pg_catalog.pg_attribute on attrelid = rules.parent and attnum = place.number
        order by place.at
    ) as parent_columns,
    rules.expression
from rules
inner join pg_catalog.pg_class as relation on rules.relation = relation.oid
inner join pg_catalog.pg_namespace as namespace on relation.relnamespace = namespace.oid
left join pg_catalog.pg_class as parent on rules.parent = parent.oid
left join pg_catalog.pg_namespace as parent_namespace on parent.relnamespace = parent_namespace.oid
where namespace.nspname = %(business)s
order by relation.relname, rules.kind, rules.rule_name
