select
    ---------- ids
    usage_id,
    run_id,

    ---------- text
    stage,
    device,

    ---------- numerics
    wall_seconds,
    cpu_seconds,
    gpu_seconds,
    price_per_hour_usd,
    cost_usd,
    peak_memory_mib,
    pairs,
    tokens,

    ---------- timestamps
    recorded_at

from {{ source('raw_training', 'usage') }}
