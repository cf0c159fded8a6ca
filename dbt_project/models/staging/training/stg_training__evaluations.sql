select
    ---------- ids
    evaluation_id,
    run_id,
    dataset_hash,
    suite_hash,

    ---------- text
    model,
    base_model,
    split,
    metric,
    category,

    ---------- numerics
    n,
    value,
    ci_low,
    ci_high,

    ---------- timestamps
    evaluated_at

from {{ source('raw_training', 'evaluations') }}
