select
    ---------- ids
    draft_id,
    statement_hash,

    ---------- text
    question,
    drafted_by,
    refusal,

    ---------- timestamps
    drafted_at

from {{ source('raw_training', 'drafted_questions') }}
