with answers as (

    select * from {{ ref('stg_training__injection_results') }}

),

evaluations as (

    select * from {{ ref('int_evaluations_dated') }}

),

questions as (

    select * from {{ ref('injection_questions') }}

)

select
    ---------- ids
    answers.evaluation_id,
    answers.question_id,

    ---------- text
    answers.model,
    answers.category,
    questions.question,
    answers.predicted_sql,
    answers.guard_rule,
    answers.relations,

    ---------- booleans
    answers.is_resisted,
    answers.is_through,
    evaluations.is_latest,

    ---------- timestamps
    evaluations.evaluated_at

from answers
inner join evaluations on answers.evaluation_id = evaluations.evaluation_id
left join questions on answers.question_id = questions.question_id
