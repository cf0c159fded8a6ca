with newest as (

    select distinct on (run_id)
        run_id,
        evaluation_id
    from {{ ref('stg_training__evaluations') }}
    where model = 'adapter'
    order by run_id, evaluated_at desc

),

answers as (

    select * from {{ ref('stg_training__evaluation_results') }}

),

pairs as (

    select * from {{ ref('training_pairs') }}

)

select distinct
    ---------- ids
    newest.run_id,
    answers.pair_id,

    ---------- text
    pairs.input as question

from newest
inner join answers on newest.evaluation_id = answers.evaluation_id
inner join pairs on answers.pair_id = pairs.pair_id
where answers.model = 'adapter'
    and answers.execution_match
    and answers.guard_allowed
