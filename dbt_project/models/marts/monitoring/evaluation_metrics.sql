with metrics as (

    select * from {{ ref('stg_training__evaluations') }}

),

evaluations as (

    select * from {{ ref('int_evaluations_dated') }}

)

select
    ---------- ids
    metrics.evaluation_id,
    metrics.run_id,
    metrics.dataset_hash,
    metrics.suite_hash,

    ---------- text
    metrics.model,
    metrics.base_model,
    metrics.split,
    metrics.metric,
    metrics.category,

    ---------- numerics
    metrics.n,
    metrics.value,
    metrics.ci_low,
    metrics.ci_high,

    ---------- booleans
    evaluations.is_latest,

    ---------- timestamps
    metrics.evaluated_at

from metrics
inner join evaluations on metrics.evaluation_id = evaluations.evaluation_id
