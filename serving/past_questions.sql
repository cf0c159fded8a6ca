-- What is stored of the given requests, newest first, each with its last verdict. Question and SQL are pseudonymized.
-- SQL that the guard refused is not shown, here as little as in the answer: it may name what does not exist.
select
    requests.request_id,
    requests.requested_at,
    requests.question,
    case
        when coalesce(requests.error_class, '') not in ('syntax', 'unknown_table', 'unknown_column', 'blocked')
            then requests.sql
    end as sql,
    requests.error_class,
    requests.row_count,
    latest.verdict
from raw_serving.requests as requests
left join lateral (
    select feedback.verdict
    from raw_serving.feedback as feedback
    where feedback.request_id = requests.request_id
    order by feedback.given_at desc
    limit 1
) as latest on true
where requests.request_id = any(%(request_ids)s)
order by requests.requested_at desc, requests.request_id
