with tokens as (

    select
        pairs.pair_id,
        pairs.output,
        tokens.kind,
        tokens.token,
        lead(tokens.token) over of_sql as next_token,
        lead(tokens.token, 2) over of_sql as token_behind_next,
        lag(tokens.token) over of_sql as token_before,
        array[
            lag(tokens.token, 2) over of_sql, lag(tokens.token, 3) over of_sql, lag(tokens.token, 4) over of_sql
        ] as earlier_tokens
    from {batch} as pairs
    cross join lateral staging.sql_tokens(pairs.output) as tokens
    where tokens.kind <> 'space'
    window of_sql as (partition by pairs.pair_id, pairs.output order by tokens.ordinal)

),

relations as (

    -- what follows FROM and JOIN; FROM is also a word of extract, trim and "is distinct from"
    select
        pair_id,
        output,
        case when next_token = '.' then btrim(token, '"') end as schema_name,
        btrim(case when next_token = '.' then token_behind_next else token end, '"') as relation
    from tokens
    where kind = 'identifier'
        and next_token is distinct from '('
        and token <> 'lateral'
        and token !~ '^w[0-9]+$'  -- the canonical name of a WITH query
        and (
            token_before = 'join'
            or (
                token_before = 'from'
                and not earlier_tokens && array['extract', 'trim', 'both', 'leading', 'trailing', 'substring']
                and earlier_tokens[1] is distinct from 'distinct'
            )
        )

)

select pairs.pair_id
from {batch} as pairs
left join relations on pairs.pair_id = relations.pair_id and pairs.output = relations.output
where pairs.output is not null
    and btrim(pairs.output) <> ''
    and not exists (
        select 1
        from corpus.schema_catalog as catalog
        where relations.relation = catalog.table_name
            and coalesce(relations.schema_name, catalog.table_schema) = catalog.table_schema
    )
