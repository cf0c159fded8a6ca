{#- A pair covers a column if its SQL names both the table and the column. -#}
with catalog as (

    select * from {{ ref('schema_catalog') }}

),

pairs as (

    select * from {{ ref('training_pairs') }}

),

named as (

    select distinct
        pairs.pair_id,
        pairs.question_split,
        lower(btrim(tokens.token, '"')) as name
    from pairs
    cross join lateral staging.sql_tokens(pairs.output) as tokens
    where tokens.kind = 'identifier'

),

covered as (

    select
        catalog.table_schema,
        catalog.table_name,
        catalog.column_name,
        count(*) as pair_count,
        count(*) filter (where columns_named.question_split = 'train') as train_pair_count
    from catalog
    inner join named as columns_named on catalog.column_name = columns_named.name
    inner join named as tables_named
        on catalog.table_name = tables_named.name
        and columns_named.pair_id = tables_named.pair_id
    group by catalog.table_schema, catalog.table_name, catalog.column_name

)

select
    ---------- grain
    catalog.table_schema,
    catalog.table_name,
    catalog.column_name,

    ---------- counts
    coalesce(covered.pair_count, 0) as pair_count,
    coalesce(covered.train_pair_count, 0) as train_pair_count,

    ---------- booleans
    coalesce(covered.train_pair_count, 0) > 0 as is_covered,
    catalog.pii_class is not null as is_tagged

from catalog
left join covered using (table_schema, table_name, column_name)
