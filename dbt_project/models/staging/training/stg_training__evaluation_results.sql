select
    ---------- ids
    evaluation_id,
    pair_id,

    ---------- text
    model,
    split,
    predicted_sql,
    error_class,

    ---------- numerics
    string_similarity,
    generation_ms,

    ---------- booleans
    exact_match,
    ran,
    execution_match,
    guard_allowed,
    security_clean

from {{ source('raw_training', 'evaluation_results') }}
