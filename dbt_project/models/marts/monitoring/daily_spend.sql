select
    ---------- grain
    usage_date,

    ---------- sums
    sum(wall_hours) as wall_hours,
    sum(cost_usd) as cost_usd

from {{ ref('compute_hours') }}
group by usage_date
