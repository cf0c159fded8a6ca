{{ config(materialized='table') }}

with statements as (

    select * from {{ ref('int_statements_anonymized') }}

),

commented_questions as (

    select * from {{ ref('int_statement_questions') }}

),

annotations as (

    select * from {{ ref('question_annotations') }}

),

feedback as (

    select * from {{ ref('stg_serving__feedback') }}

),

reviews as (

    select * from {{ ref('stg_serving__reviews') }}

),

---------- what a person said about an answer of the API

from_feedback as (

    select
        null::text as statement_hash,
        coalesce(corrected_sql, sql) as statement,
        question,
        case when corrected_sql is not null then 'correction' else 'approval' end as origin,
        given_at as first_seen_at
    from feedback
    where question is not null
        and (corrected_sql is not null or (verdict = 'right' and sql is not null))

),

---------- what the log says

from_comments as (

    select
        statements.statement_hash,
        statements.statement,
        commented_questions.question,
        commented_questions.origin,
        commented_questions.first_asked_at as first_seen_at
    from statements
    inner join commented_questions on statements.statement_hash = commented_questions.statement_hash

),

from_annotations as (

    select
        statements.statement_hash,
        statements.statement,
        annotations.question,
        'annotation' as origin,
        statements.first_executed_at as first_seen_at
    from statements
    inner join annotations
        on statements.statement_hash = privacy.keyed_hash(staging.statement_body(annotations.statement))

),

unioned as (

    select * from from_feedback
    union all
    select * from from_comments
    union all
    select * from from_annotations

),

identified as (

    -- without the statement's hash: an approval of an answer and the log may hold the same pair
    select
        left(encode(sha256(convert_to(lower(btrim(question)) || E'\n' || statement, 'UTF8')), 'hex'), 16) as candidate_id,
        *
    from unioned

),

one_per_pair as (

    select distinct on (candidate_id) *
    from identified
    order by
        candidate_id,
        array_position(array['correction', 'approval', 'comment', 'sqlcommenter', 'bi_title', 'annotation'], origin),
        first_seen_at

),

latest_reviews as (

    select distinct on (candidate_id) *
    from reviews
    order by candidate_id, reviewed_at desc

)

select
    ---------- ids
    one_per_pair.candidate_id,
    one_per_pair.statement_hash,

    ---------- text
    btrim(coalesce(latest_reviews.edited_question, one_per_pair.question)) as question,
    coalesce(latest_reviews.edited_sql, one_per_pair.statement) as statement,
    one_per_pair.origin,
    latest_reviews.decision as review_decision,

    ---------- timestamps
    one_per_pair.first_seen_at

from one_per_pair
left join latest_reviews on one_per_pair.candidate_id = latest_reviews.candidate_id
