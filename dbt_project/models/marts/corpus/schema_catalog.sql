{#- Sample values only of untagged text columns with few distinct values: they name statuses and kinds, never persons. -#}
-- the statistics are those of the sandbox tables as they stand now
{%- for schema in chosen_schemas() %}
{%- for table in context['tables_of_' ~ schema]() %}
-- depends_on: {{ ref('sandbox_' ~ schema ~ '__' ~ table) }}
{%- endfor %}
{%- endfor %}
{{ check_sandbox_is_listed() }}

with catalog_columns as (

    select * from {{ ref('stg_catalog__columns') }}

),

tagged_columns as (

    select * from {{ ref('int_pii_columns') }}

),

value_statistics as (

    select * from {{ ref('stg_catalog__value_statistics') }}

)

select
    ---------- names
    catalog_columns.table_schema,
    catalog_columns.table_name,
    catalog_columns.column_name,
    catalog_columns.ordinal_position,
    catalog_columns.data_type,
    catalog_columns.references_column,

    ---------- booleans
    catalog_columns.is_nullable,
    catalog_columns.is_primary_key,

    ---------- text
    catalog_columns.table_comment,
    catalog_columns.column_comment,
    tagged_columns.pii_class,
    case
        when tagged_columns.pii_class is null
            and catalog_columns.data_type in ('text', 'character varying')
            and value_statistics.is_complete
            and cardinality(value_statistics.listed_values) between 1 and 100
            then value_statistics.listed_values
    end as sample_values

from catalog_columns
left join tagged_columns using (table_schema, table_name, column_name)
left join value_statistics using (table_schema, table_name, column_name)
