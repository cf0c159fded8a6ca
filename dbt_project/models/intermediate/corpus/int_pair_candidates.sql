{{ config(materialized='table') }}

with recursive statements as (

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

imported as (

    select * from {{ ref('stg_training__imported_pairs') }}
    where rejection is null

),

drafts as (

    select * from {{ ref('stg_training__drafted_questions') }}
    where question is not null

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

---------- what a file says

from_imports as (

    select
        statement_hash,
        statement,
        question,
        'import' as origin,
        imported_at as first_seen_at
    from imported

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
        -- written by hand, so perhaps with a person in it
        privacy.pseudonymize_text(annotations.question) as question,
        'annotation' as origin,
        statements.first_executed_at as first_seen_at
    from statements
    inner join annotations
        on statements.statement_hash = privacy.keyed_hash(staging.statement_body(annotations.statement))

),

---------- what nobody has said yet: int_pairs_judged keeps it out until a person has reviewed it

from_drafts as (

    select
        statements.statement_hash,
        statements.statement,
        -- a column may have been tagged since
        privacy.pseudonymize_text(drafts.question) as question,
        'drafted' as origin,
        drafts.drafted_at as first_seen_at
    from statements
    inner join drafts on statements.statement_hash = drafts.statement_hash

),

unioned as (

    select * from from_feedback
    union all
    select * from from_imports
    union all
    select * from from_comments
    union all
    select * from from_annotations
    union all
    select * from from_drafts

),

agreed as (

    select
        statement_hash,
        statement,
        -- a question may name a birth date and not say that it is one: the SQL does
        privacy.dates_as_in(question, statement) as question,
        origin,
        first_seen_at
    from unioned

),

identified as (

    select
        {{ candidate_id('question', 'statement') }} as candidate_id,
        statement_hash,
        regexp_replace(btrim(question), ' +', ' ', 'g') as question,
        statement,
        origin,
        first_seen_at
    from agreed

),

one_per_pair as (

    select distinct on (candidate_id) *
    from identified
    order by candidate_id, array_position({{ pair_origins() }}, origin), first_seen_at

),

---------- what reviewers decided: an edited pair is another pair, which may be reviewed again

latest_reviews as (

    select distinct on (candidate_id)
        candidate_id,
        decision,
        reviewer,
        -- the API writes pseudonyms; a person who writes the row by hand may not
        privacy.pseudonymize_text(nullif(btrim(edited_question), '')) as edited_question,
        privacy.pseudonymize_sql(nullif(btrim(edited_sql), '')) as edited_sql,
        reviewed_at
    from reviews
    order by candidate_id, reviewed_at desc

),

decided as (

    select
        candidate_id as first_candidate_id,
        candidate_id,
        statement_hash,
        question,
        statement,
        origin,
        first_seen_at,
        null::text as review_decision,
        null::text as reviewer,
        '-infinity'::timestamptz as reviewed_at
    from one_per_pair

    union all

    select
        decided.first_candidate_id,
        {{ candidate_id(
            'coalesce(latest_reviews.edited_question, decided.question)',
            'coalesce(latest_reviews.edited_sql, decided.statement)'
        ) }},
        decided.statement_hash,
        coalesce(latest_reviews.edited_question, decided.question),
        coalesce(latest_reviews.edited_sql, decided.statement),
        decided.origin,
        decided.first_seen_at,
        latest_reviews.decision,
        latest_reviews.reviewer,
        latest_reviews.reviewed_at
    from decided
    inner join latest_reviews
        on decided.candidate_id = latest_reviews.candidate_id
        and decided.reviewed_at < latest_reviews.reviewed_at

),

last_decided as (

    select distinct on (first_candidate_id) *
    from decided
    order by first_candidate_id, reviewed_at desc

),

candidates as (

    -- an edit may have made a pair that was there already; what was decided last holds
    select distinct on (candidate_id) *
    from last_decided
    order by candidate_id, reviewed_at desc, array_position({{ pair_origins() }}, origin), first_seen_at

)

select
    ---------- ids
    candidate_id,
    statement_hash,

    ---------- text
    question,
    statement,
    origin,
    review_decision,
    reviewer,

    ---------- timestamps
    first_seen_at,
    nullif(reviewed_at, '-infinity') as reviewed_at

from candidates
