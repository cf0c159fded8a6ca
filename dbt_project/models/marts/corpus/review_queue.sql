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
    reason as why,

    ---------- timestamps
    first_seen_at

from judged
-- a person settles a conflict: insert the decision into raw_serving.reviews
where needs_review
