{#- Functions that read SQL text: made in schema `staging` at the start of every dbt command. -#}
{% macro create_audit_functions() %}
-- one dbt command at a time may replace functions, or PostgreSQL says "tuple concurrently updated"
select pg_advisory_xact_lock(hashtext('auditune functions'));
create schema if not exists staging;

-- One row per incremental model: when the newest lines of the log were ingested that it has read (macro newer_than).
create table if not exists staging.read_up_to (
    model       text        primary key,
    ingested_at timestamptz not null
);

{{ function_sql_tokens() }}
{{ function_bind_parameters() }}
{{ function_text_columns() }}
{{ function_asked_statement() }}
{{ function_statement_body() }}
{{ function_without_literals() }}
{{ function_csv_fields() }}
{{ function_pgaudit_parameters() }}
{{ function_url_decode() }}
{{ function_json_text() }}
{{ function_question_in_comment() }}
{{ function_tool_in_comment() }}
{{ function_corpus_settings() }}
{% endmacro %}
