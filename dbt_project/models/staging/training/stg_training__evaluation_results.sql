select
    ---------- ids
    evaluation_id,
    pair_id,

    ---------- text
    model,
    split,
    predicted_sql,
    error_class,
    difficulty,
    array_to_string(categories, ', ') as categories,

    ---------- numerics
    string_similarity,
    generation_ms,

    ---------- booleans
    exact_match,
    ran,
    execution_match,
    suite_match,
    guard_allowed,
    security_clean,
    drafts_clean

from {{ source('raw_training', 'evaluation_results') }}
