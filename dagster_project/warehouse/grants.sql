-- What each of our roles may do. Idempotent; run by setup.py as auditune_owner, after the schemas and the raw tables.
-- Default privileges reach what dbt creates later, and creates again at each build.

---------- auditune_api: adds its own rows, reads the registry, calls the privacy functions but never sees their tables

grant usage on schema raw_serving, raw_training, privacy, corpus to auditune_api;
grant usage on schema corpus to auditune_reader;
grant insert on raw_serving.requests, raw_serving.feedback, raw_serving.reviews, raw_serving.adapter_events to auditune_api;
grant select on raw_serving.requests, raw_serving.reviews, raw_serving.api_keys to auditune_api;
grant select (request_id, given_at, verdict) on raw_serving.feedback to auditune_api;
grant select on raw_training.adapters, raw_training.adapter_aliases to auditune_api;
grant insert on raw_training.key_uses to auditune_api;
grant execute on all functions in schema privacy to auditune_api;
alter default privileges in schema privacy grant execute on functions to auditune_api;

---------- auditune_monitor: reads what is published

grant usage on schema monitoring, corpus to auditune_monitor;
grant select on all tables in schema monitoring, corpus to auditune_monitor;
alter default privileges in schema monitoring grant select on tables to auditune_monitor;
alter default privileges in schema corpus grant select on tables to auditune_monitor;

---------- of the corpus the catalog, the queue of reviews and the canary questions are the API's; dbt's `grants` repeat this after each build

do $$
begin
    if to_regclass('corpus.schema_catalog') is not null then
        grant select on corpus.schema_catalog to auditune_api, auditune_reader;    -- the guard's command reads tags with it
    end if;
    if to_regclass('corpus.review_queue') is not null then
        grant select on corpus.review_queue to auditune_api;
    end if;
    if to_regclass('corpus.canary_questions') is not null then
        grant select on corpus.canary_questions to auditune_api;
    end if;
end
$$;
