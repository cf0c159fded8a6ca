-- The statements that no person has given a question and this drafter has not tried, the most frequent first.
select
    unasked.statement_hash,
    unasked.statement
from intermediate.int_statements_unasked as unasked
where not exists (
    select 1
    from raw_training.drafted_questions as drafts
    where drafts.statement_hash = unasked.statement_hash
        and drafts.drafted_by = %(drafted_by)s
)
order by unasked.execution_count desc, unasked.statement_hash
limit %(limit)s
