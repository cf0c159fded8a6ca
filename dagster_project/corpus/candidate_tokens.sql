-- The tokens of candidates' SQL, each beside what a second pseudonymization makes of it: that shows which dates are
-- compared with a birth date, because they move again. Parameter: %(candidate_ids)s.
select
    candidates.candidate_id,
    tokens.token,
    tokens.kind = 'literal' as is_literal,
    coalesce(moved.token, tokens.token) as moved_token
from intermediate.int_pair_candidates as candidates
cross join lateral staging.sql_tokens(candidates.statement) as tokens
left join lateral staging.sql_tokens(privacy.pseudonymize_sql(candidates.statement)) as moved
    on tokens.ordinal = moved.ordinal
where candidates.candidate_id = any(%(candidate_ids)s)
order by candidates.candidate_id, tokens.ordinal
