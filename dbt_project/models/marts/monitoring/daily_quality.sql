with requests as (

    select * from {{ ref('requests') }}

)

select
    ---------- grain
    (requested_at at time zone 'UTC')::date as request_date,
    coalesce(adapter_id, 'none') as adapter_id,

    ---------- counts
    count(*) as request_count,
    count(*) filter (where is_success) as success_count,
    count(*) filter (where is_executed) as executed_count,
    count(*) filter (where verdict = 'right') as right_count,
    count(*) filter (where verdict = 'wrong') as wrong_count,

    ---------- rates and times
    round((count(*) filter (where is_success))::numeric / count(*), 4) as success_rate,
    percentile_cont(0.5) within group (order by latency_ms) as p50_latency_ms,
    percentile_cont(0.95) within group (order by latency_ms) as p95_latency_ms

from requests
group by 1, 2
