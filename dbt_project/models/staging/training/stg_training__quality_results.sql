select
    ---------- ids
    quality_result_id,
    rule_code,

    ---------- text
    description,
    observed,

    ---------- numerics
    unexpected_count,

    ---------- booleans
    is_success,
    is_blocking,

    ---------- timestamps
    validated_at

from {{ source('raw_training', 'quality_results') }}
