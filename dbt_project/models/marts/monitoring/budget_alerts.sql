select
    ---------- ids
    budget_event_id,

    ---------- text
    event,
    action,

    ---------- numerics
    spend_usd,
    limit_usd,

    ---------- timestamps
    occurred_at

from {{ ref('stg_training__budget_events') }}
