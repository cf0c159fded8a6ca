select
    ---------- ids
    candidate_id,

    ---------- text
    question,
    statement,
    origin,
    reason,

    ---------- timestamps
    first_seen_at,
    validated_at

from {{ ref('int_pairs_judged') }}
where reason is not null
