with shapes as (

    -- the words of the SQL, each once: a list of dates may be longer than another of the same template
    select
        pairs.fingerprint,
        pairs.output,
        array_agg(distinct tokens.token order by tokens.token) as words
    from {batch} as pairs
    cross join lateral staging.sql_tokens(pairs.output) as tokens
    where tokens.kind = 'identifier'
    group by pairs.fingerprint, pairs.output

)

select fingerprint
from shapes
group by fingerprint
having count(distinct words) > 1
