select
    ---------- ids
    decision_id,
    run_id,
    champion_id,

    ---------- text
    reason,
    numbers,

    ---------- booleans
    is_promoted,

    ---------- timestamps
    decided_at

from {{ source('raw_training', 'gate_decisions') }}
