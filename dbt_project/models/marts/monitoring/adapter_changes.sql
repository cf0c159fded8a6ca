select
    ---------- ids
    event_id,
    adapter_id,
    serving_adapter_id,

    ---------- text
    alias,
    reason,

    ---------- numerics
    canaries_asked,
    canaries_passed,
    seconds,

    ---------- booleans
    event = 'refused' as is_alert,

    ---------- timestamps
    occurred_at

from {{ ref('stg_serving__adapter_events') }}
