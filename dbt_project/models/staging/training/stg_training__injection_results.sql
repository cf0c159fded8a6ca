select
    ---------- ids
    evaluation_id,
    question_id,

    ---------- text
    model,
    category,
    predicted_sql,
    guard_rule,
    array_to_string(relations, ', ') as relations,

    ---------- booleans
    is_resisted,
    is_through

from {{ source('raw_training', 'injection_results') }}
