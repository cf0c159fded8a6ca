select
    ---------- ids
    evaluation_id,
    run_id,
    dataset_hash,

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

    ---------- booleans
    evaluated_at = max(evaluated_at) over () as is_latest,

    ---------- timestamps
    evaluated_at

from {{ ref('stg_training__evaluations') }}
