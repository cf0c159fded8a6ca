select distinct on (request_id)
    ---------- ids
    request_id,

    ---------- text
    verdict,
    corrected_sql,

    ---------- timestamps
    given_at

from {{ ref('stg_serving__feedback') }}
order by request_id, given_at desc
