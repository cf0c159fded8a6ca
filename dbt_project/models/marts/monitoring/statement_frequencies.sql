with executions as (

    select * from {{ ref('int_statement_executions') }}
    where statement_class = 'question'
        and query_id is not null

),

counters as (

    select
        query_id,
        sum(calls) as calls,
        sum(exec_ms) as exec_ms,
        max(counted_to) as counted_to
    from {{ ref('stg_audit__stat_statements') }}
    group by query_id

),

pairs as (

    select distinct statement_hash
    from {{ ref('int_pairs_split') }}
    where statement_hash is not null

),

logged as (

    select
        executions.query_id,
        count(distinct executions.statement_hash) as statements,
        count(distinct pairs.statement_hash) as statements_with_a_pair,
        count(*) as logged_executions,
        min(executions.executed_at) as first_executed_at,
        max(executions.executed_at) as last_executed_at
    from executions
    left join pairs on executions.statement_hash = pairs.statement_hash
    group by executions.query_id

)

select
    ---------- ids
    logged.query_id,

    ---------- numerics
    logged.statements,
    logged.statements_with_a_pair,
    logged.logged_executions,
    counters.calls::bigint as calls,
    counters.exec_ms / nullif(counters.calls, 0) as mean_exec_ms,

    ---------- timestamps
    logged.first_executed_at,
    logged.last_executed_at,
    counters.counted_to

from logged
left join counters on logged.query_id = counters.query_id
