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

from {{ source('raw_training', 'budget_events') }}
