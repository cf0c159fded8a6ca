select
    ---------- grain
    (recorded_at at time zone 'UTC')::date as usage_date,
    stage,
    device,

    ---------- sums
    count(*) as run_count,
    round((sum(wall_seconds) / 3600)::numeric, 4) as wall_hours,
    round((sum(cpu_seconds) / 3600)::numeric, 4) as cpu_hours,
    round((sum(gpu_seconds) / 3600)::numeric, 4) as gpu_hours,
    round(sum(cost_usd)::numeric, 4) as cost_usd,
    sum(pairs)::bigint as pairs,
    sum(tokens)::bigint as tokens,

    ---------- extremes
    max(price_per_hour_usd) as max_price_per_hour_usd,
    max(peak_memory_mib) as peak_memory_mib

from {{ ref('stg_training__usage') }}
group by 1, 2, 3
