-- Where in the log the candidates' statements stand: for each candidate whose SQL is that of a statement of the log, the
-- latest line, because older ones may have been purged. Parameter: %(candidate_ids)s. A statement that a reviewer has
-- edited gives no row: nobody has run that one.
select
    candidates.candidate_id,
    latest.log_file,
    latest.byte_offset
from intermediate.int_pair_candidates as candidates
inner join intermediate.int_statements_anonymized as anonymized
    on candidates.statement_hash = anonymized.statement_hash
    and candidates.statement = anonymized.statement
cross join lateral (
    select
        executions.log_file,
        executions.byte_offset
    from intermediate.int_statement_executions as executions
    where executions.statement_hash = anonymized.statement_hash
    order by executions.ingested_at desc, executions.byte_offset desc
    limit 1
) as latest
where candidates.candidate_id = any(%(candidate_ids)s)
