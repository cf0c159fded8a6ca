select
    ---------- ids
    event_id,
    adapter_id,
    serving_adapter_id,

    ---------- text
    alias,
    event,
    reason,

    ---------- numerics
    canaries_asked,
    canaries_passed,
    seconds,

    ---------- timestamps
    occurred_at

from {{ source('raw_serving', 'adapter_events') }}
