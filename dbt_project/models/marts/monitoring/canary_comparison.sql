with aliases as (

    select
        alias,
        adapter_id,
        set_at
    from {{ ref('adapter_history') }}
    where is_current
        and alias in ('champion', 'challenger')

),

compared as (

    -- where both names point to one adapter there is nothing to compare
    select
        aliases.alias,
        aliases.adapter_id,
        -- requests from before the younger of the two came would compare one adapter's good days with the other's
        max(aliases.set_at) over () as compared_since
    from aliases
    where aliases.alias = 'champion'
        or aliases.adapter_id not in (select champion.adapter_id from aliases as champion where champion.alias = 'champion')

),

counted as (

    select
        compared.alias,
        compared.adapter_id,
        compared.compared_since,
        count(requests.request_id) as request_count,
        count(requests.request_id) filter (where requests.is_success) as success_count,
        count(requests.verdict) as judged_count,
        count(requests.request_id) filter (where requests.verdict = 'wrong') as wrong_count,
        percentile_cont(0.5) within group (order by requests.latency_ms) as p50_latency_ms,
        percentile_cont(0.95) within group (order by requests.latency_ms) as p95_latency_ms
    from compared
    left join {{ ref('requests') }} as requests
        on compared.adapter_id = requests.adapter_id
        and compared.compared_since <= requests.requested_at
    group by compared.alias, compared.adapter_id, compared.compared_since

)

select
    ---------- ids
    alias,
    adapter_id,

    ---------- counts
    request_count,
    success_count,
    judged_count,
    wrong_count,

    ---------- rates and times
    success_count::double precision / nullif(request_count, 0) as success_rate,
    {{ wilson_low('success_count', 'request_count') }} as success_rate_low,
    {{ wilson_high('success_count', 'request_count') }} as success_rate_high,
    wrong_count::double precision / nullif(judged_count, 0) as wrong_share,
    {{ wilson_low('wrong_count', 'judged_count') }} as wrong_share_low,
    {{ wilson_high('wrong_count', 'judged_count') }} as wrong_share_high,
    p50_latency_ms,
    p95_latency_ms,

    ---------- timestamps
    compared_since

from counted
