select
    ---------- ids
    alias_event_id,
    adapter_id,

    ---------- text
    alias,
    set_by,
    reason,

    ---------- timestamps
    set_at

from {{ source('raw_training', 'adapter_aliases') }}
