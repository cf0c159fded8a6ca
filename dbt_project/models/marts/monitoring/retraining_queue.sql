with requests as (

    select * from {{ ref('requests') }}

),

latest_feedback as (

    select * from {{ ref('int_feedback_latest') }}

)

select
    ---------- ids
    requests.request_id,
    requests.adapter_id,

    ---------- text
    requests.question,
    requests.sql,
    latest_feedback.corrected_sql,
    coalesce(requests.error_class, 'wrong_answer') as error_class,

    ---------- booleans
    latest_feedback.corrected_sql is not null as is_corrected,

    ---------- timestamps
    requests.requested_at

from requests
left join latest_feedback on requests.request_id = latest_feedback.request_id
where (not requests.is_success and requests.error_class <> 'unanswerable')
    or latest_feedback.verdict = 'wrong'
