-- One row per question asked. The texts arrive as bound parameters and are pseudonymized here, by the warehouse,
-- which alone holds the key and the mapping; nothing is stored in clear.
-- A row may be written twice, by an API that was killed in between: what is there already is not pseudonymized again.
insert into raw_serving.requests (
    request_id, requested_at, route, question_hash, question, sql, outcome, is_executed, error_class, row_count,
    generation_ms, execution_ms, latency_ms, prompt_tokens, completion_tokens, key_id, adapter_id, base_model
)
select
    %(request_id)s,
    %(requested_at)s,
    %(route)s,
    privacy.keyed_hash(%(question)s::text),
    -- what the SQL takes for a birth date is one in the question too
    case
        when %(keeps_text)s
            then privacy.days_as_in(privacy.pseudonymize_text(%(question)s::text), pseudonymized.sql)
    end,
    pseudonymized.sql,
    %(outcome)s,
    %(is_executed)s,
    %(error_class)s,
    %(row_count)s,
    %(generation_ms)s,
    %(execution_ms)s,
    %(latency_ms)s,
    %(prompt_tokens)s,
    %(completion_tokens)s,
    %(key_id)s,
    %(adapter_id)s,
    %(base_model)s
from (
    select case when %(keeps_text)s then privacy.pseudonymize_sql(%(sql)s::text) end as sql
    where not exists (select from raw_serving.requests where request_id = %(request_id)s)
    offset 0
) as pseudonymized
on conflict do nothing
