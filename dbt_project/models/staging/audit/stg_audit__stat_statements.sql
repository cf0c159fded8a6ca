{#- The counters of pg_stat_statements grow; what is asked for is how often a statement ran between two snapshots. A counter
    starts anew after a reset, and after the server has forgotten the statement (it keeps pg_stat_statements.max of them):
    then it is smaller than it was, or was missing in the snapshot before. -#}
with snapshots as (

    select * from {{ source('raw_audit', 'stat_statements') }}

),

captures as (

    select
        captured_at,
        lag(captured_at) over (order by captured_at) as previous_captured_at
    from (select distinct captured_at from snapshots) as moments

),

compared as (

    select
        snapshots.*,
        captures.previous_captured_at,
        lag(snapshots.captured_at) over same_statement as seen_at,
        lag(snapshots.calls) over same_statement as calls_before,
        lag(snapshots.total_exec_ms) over same_statement as exec_ms_before,
        lag(snapshots.row_count) over same_statement as rows_before
    from snapshots
    inner join captures on snapshots.captured_at = captures.captured_at
    window same_statement as (partition by snapshots.query_id order by snapshots.captured_at)

),

judged as (

    select
        *,
        -- (coalesce: the first snapshot has none before it)
        coalesce(
            seen_at = previous_captured_at
            and calls >= calls_before
            and coalesce(reset_at <= previous_captured_at, true),
            false
        ) as is_continued
    from compared

)

select
    ---------- ids
    query_id,

    ---------- numerics
    case when is_continued then calls - calls_before else calls end as calls,
    case when is_continued then greatest(total_exec_ms - exec_ms_before, 0) else total_exec_ms end as exec_ms,
    case when is_continued then greatest(row_count - rows_before, 0) else row_count end as row_count,

    ---------- timestamps
    previous_captured_at as counted_from,
    captured_at as counted_to

from judged
