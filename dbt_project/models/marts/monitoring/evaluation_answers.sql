with answers as (

    select * from {{ ref('stg_training__evaluation_results') }}

),

evaluations as (

    select * from {{ ref('int_evaluations_dated') }}

),

pairs as (

    select
        pair_id,
        input as question,
        output as canonical_sql
    from {{ ref('training_pairs') }}

)

select
    ---------- ids
    answers.evaluation_id,
    answers.pair_id,

    ---------- text
    answers.model,
    answers.split,
    pairs.question,
    pairs.canonical_sql,
    answers.predicted_sql,
    answers.difficulty,
    answers.categories,
    answers.error_class,

    ---------- numerics
    answers.string_similarity,
    answers.generation_ms,

    ---------- booleans
    answers.exact_match,
    answers.ran,
    answers.execution_match,
    answers.suite_match,
    answers.guard_allowed,
    answers.security_clean,
    answers.drafts_clean,
    evaluations.is_latest,

    ---------- timestamps
    evaluations.evaluated_at

from answers
inner join evaluations on answers.evaluation_id = evaluations.evaluation_id
left join pairs on answers.pair_id = pairs.pair_id
