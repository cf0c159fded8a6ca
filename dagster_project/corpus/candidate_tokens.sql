-- The tokens of candidates' SQL, each beside the date that it was before it was moved: a day before 1890 is a birth date
-- that has been moved. Null where it is a surrogate of a value that no tagged column has: it cannot be told. Parameter: %(candidate_ids)s.
select
    candidates.candidate_id,
    tokens.token,
    tokens.kind = 'literal' as is_literal,
    case
        when tokens.token ~ '^''1(7[4-9]|8[0-8])[0-9]-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])''$'
            then quote_literal(privacy.date_before(btrim(tokens.token, '''')))
        when tokens.kind = 'literal' and privacy.stands_for_nobody(btrim(btrim(tokens.token, ''''), '%%')) then null
        else tokens.token
    end as token_before
from intermediate.int_pair_candidates as candidates
cross join lateral staging.sql_tokens(candidates.statement) as tokens
where candidates.candidate_id = any(%(candidate_ids)s)
order by candidates.candidate_id, tokens.ordinal
