with pairs as (

    select * from {{ ref('int_pairs_split') }}

),

executions as (

    select
        statement_hash,
        count(*) as execution_count
    from {{ ref('int_statement_executions') }}
    where statement_hash is not null
    group by statement_hash

)

select
    ---------- ids
    pairs.candidate_id as pair_id,
    pairs.fingerprint,
    pairs.catalog_hash,

    ---------- the pair
    'Write one PostgreSQL query that answers the question.'::text as instruction,
    pairs.question as input,
    pairs.canonical_sql as output,

    ---------- provenance
    pairs.origin,
    pairs.question_split,
    pairs.template_split,
    coalesce(executions.execution_count, 0)::bigint as execution_count,
    pairs.row_count,
    pairs.parity,
    pairs.first_seen_at

from pairs
left join executions on pairs.statement_hash = executions.statement_hash
