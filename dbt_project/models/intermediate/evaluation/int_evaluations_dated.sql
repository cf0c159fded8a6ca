select
    ---------- ids
    evaluation_id,

    ---------- booleans
    max(evaluated_at) = max(max(evaluated_at)) over () as is_latest,

    ---------- timestamps
    max(evaluated_at) as evaluated_at

from {{ ref('stg_training__evaluations') }}
group by evaluation_id
