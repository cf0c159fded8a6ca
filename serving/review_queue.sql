-- Candidates that wait for a person. dbt rebuilds the queue; what has been decided since stands at its end.
select
    queue.candidate_id,
    queue.why,
    queue.origin,
    queue.question,
    coalesce(queue.canonical_sql, queue.statement) as sql,
    queue.first_seen_at,
    latest.decision,
    latest.reviewer,
    latest.reviewed_at,
    count(*) over () as total,
    count(*) filter (where latest.decision is null) over () as waiting
from corpus.review_queue as queue
left join lateral (
    select reviews.decision, reviews.reviewer, reviews.reviewed_at
    from raw_serving.reviews as reviews
    where reviews.candidate_id = queue.candidate_id
    order by reviews.reviewed_at desc
    limit 1
) as latest on true
where %(candidate_id)s::text is null
    or queue.candidate_id = %(candidate_id)s
order by latest.decision is not null, queue.why, lower(queue.question), queue.first_seen_at, queue.candidate_id
limit %(limit)s
offset %(offset)s
