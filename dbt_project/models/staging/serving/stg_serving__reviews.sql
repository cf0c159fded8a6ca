select
    ---------- ids
    review_id,
    candidate_id,

    ---------- text
    reviewer,
    decision,
    edited_sql,
    edited_question,

    ---------- timestamps
    reviewed_at

from {{ source('raw_serving', 'reviews') }}
