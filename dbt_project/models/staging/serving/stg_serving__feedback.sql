select
    ---------- ids
    feedback_id,
    request_id,

    ---------- text
    verdict,
    question,
    sql,
    corrected_sql,
    comment,

    ---------- timestamps
    given_at

from {{ source('raw_serving', 'feedback') }}
