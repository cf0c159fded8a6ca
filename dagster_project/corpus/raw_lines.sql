-- Where in the log the candidates' statements stand: for each candidate whose SQL is that of a statement of the log.
-- Parameter: %(candidate_ids)s. A statement that a reviewer has edited gives no row: nobody has run that one.
select
    candidates.candidate_id,
    anonymized.log_file,
    anonymized.byte_offset
from intermediate.int_pair_candidates as candidates
inner join intermediate.int_statements_anonymized as anonymized
    on candidates.statement_hash = anonymized.statement_hash
    and candidates.statement = anonymized.statement
where candidates.candidate_id = any(%(candidate_ids)s)
