with requests as (

    select * from {{ ref('stg_serving__requests') }}

),

latest_feedback as (

    select * from {{ ref('int_feedback_latest') }}

)

select
    ---------- ids
    requests.request_id,
    requests.adapter_id,
    requests.question_hash,
    requests.key_id,

    ---------- text
    requests.route,
    requests.question,
    requests.sql,
    requests.error_class,
    latest_feedback.verdict,

    ---------- booleans
    requests.outcome = 'ok' as is_success,
    requests.is_executed,

    ---------- numerics
    requests.row_count,
    requests.generation_ms,
    requests.execution_ms,
    requests.latency_ms,
    requests.prompt_tokens,
    requests.completion_tokens,

    ---------- timestamps
    requests.requested_at

from requests
left join latest_feedback on requests.request_id = latest_feedback.request_id
where requests.route is distinct from '/mcp/run_sql' -- a caller's own SQL is no question
