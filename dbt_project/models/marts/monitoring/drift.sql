{#- Shares of the last 30 days' answers against shares of the training set; a large difference says that people ask
    about what the model was not trained on. -#}
with tables as (

    select distinct table_name from {{ ref('schema_catalog') }}

),

pairs as (

    select output as sql from {{ ref('training_pairs') }}
    where question_split = 'train'

),

answers as (

    select sql from {{ ref('requests') }}
    where sql is not null
        and requested_at > now() - interval '30 days'

),

statements as (

    select 'training' as side, row_number() over () as statement_id, sql from pairs
    union all
    select 'serving' as side, row_number() over () as statement_id, sql from answers

),

naming as (

    select distinct
        statements.side,
        statements.statement_id,
        lower(btrim(tokens.token, '"')) as name
    from statements
    cross join lateral staging.sql_tokens(statements.sql) as tokens
    where tokens.kind = 'identifier'

),

totals as (

    select
        count(*) filter (where side = 'training') as training_count,
        count(*) filter (where side = 'serving') as serving_count
    from statements

)

select
    ---------- grain
    tables.table_name,

    ---------- shares
    round(count(*) filter (where naming.side = 'training')::numeric / nullif(max(totals.training_count), 0), 4) as training_share,
    round(count(*) filter (where naming.side = 'serving')::numeric / nullif(max(totals.serving_count), 0), 4) as serving_share,
    round(
        count(*) filter (where naming.side = 'serving')::numeric / nullif(max(totals.serving_count), 0)
        - count(*) filter (where naming.side = 'training')::numeric / nullif(max(totals.training_count), 0),
        4
    ) as difference

from tables
cross join totals
left join naming on tables.table_name = naming.name
group by tables.table_name
