-- Candidates to judge: those without a verdict under this catalog and these rules, and those that nothing speaks against but that they were
-- not found equal on the business. The data may have changed between the sandbox's build and the run, or the server was busy:
-- the next run, on a sandbox that is built anew, tells. By statement, so that one with many questions is judged once. Parameters: %(catalog_hash)s, %(rules_version)s.
select
    candidates.candidate_id,
    candidates.question,
    candidates.statement
from intermediate.int_pair_candidates as candidates
where not exists (
    select 1
    from raw_training.pair_validations as known
    where known.candidate_id = candidates.candidate_id
        and known.catalog_hash = %(catalog_hash)s
        and known.rules_version = %(rules_version)s
        and (known.parity = 'equal' or known.reason not in ('parity_differs', 'parity_unknown'))
)
order by candidates.statement, candidates.candidate_id
