with judged as (

    select * from {{ ref('int_pairs_judged') }}

)

select
    ---------- ids
    candidate_id,

    ---------- text
    question,
    statement,
    canonical_sql,
    origin,
    case when reason = 'not_reviewed' then 'drafted' else reason end as why,

    ---------- timestamps
    first_seen_at

from judged
-- a person decides, on the API's page /review or by a row in raw_serving.reviews
where needs_review
