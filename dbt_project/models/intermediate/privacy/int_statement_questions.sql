{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['statement_hash']}],
    pre_hook=['{{ forget_failed_late(this) }}', "{{ note_read_like(this, ref('int_statement_executions')) }}"],
    post_hook='analyze {{ this }}',
) }}

-- depends_on: {{ ref('int_pii_surrogates') }}
-- depends_on: {{ ref('pii_patterns') }}

with executions as (

    select * from {{ ref('int_statement_executions') }}
    where statement_hash is not null
    {% if is_incremental() %}
        and {{ newer_than(this) }}
    {% endif %}

),

statements as (

    select log_file, byte_offset, statement, parameters from {{ ref('stg_audit__statements') }}
    {% if is_incremental() %}
    where {{ newer_than(this) }}
    {% endif %}

),

-- tokens cost time: they are read once a text, not once an execution
commented_texts as (

    select
        executions.statement_hash,
        statements.statement,
        min(statements.parameters) as parameters,
        min(executions.executed_at) as executed_at,
        max(executions.ingested_at) as ingested_at
    from executions
    inner join statements
        on executions.log_file = statements.log_file
        and executions.byte_offset = statements.byte_offset
    where statements.statement ~ '--|/\*'
    group by executions.statement_hash, statements.statement

),

commented as (

    select
        commented_texts.statement_hash,
        commented_texts.statement,
        commented_texts.parameters,
        commented_texts.ingested_at,
        commented_texts.executed_at,
        found.origin,
        found.question
    from commented_texts
    cross join lateral staging.sql_tokens(commented_texts.statement) as tokens
    cross join lateral staging.question_in_comment(tokens.token) as found
    where tokens.kind = 'comment'
        and found.question <> ''

),

distinct_questions as (

    select distinct on (statement_hash, question)
        statement_hash,
        question,
        statement,
        parameters,
        min(origin) over questions as origin,
        min(executed_at) over questions as first_asked_at,
        max(ingested_at) over questions as ingested_at
    from commented
    window questions as (partition by statement_hash, question)
    order by statement_hash, question

),

new_questions as (

    select * from distinct_questions
    {% if is_incremental() %}
    where not exists (
        select 1
        from {{ this }} as this
        where this.statement_hash = distinct_questions.statement_hash
            and this.question_hash = privacy.keyed_hash(distinct_questions.question)
    )
    {% endif %}

),

pseudonymized as materialized (

    select
        *,
        privacy.pseudonymize_text(question) as pseudonymized_question
    from new_questions

)

select
    ---------- ids
    statement_hash,
    privacy.keyed_hash(question) as question_hash,

    ---------- text
    -- a question may name a birth date and not say that it is one: its SQL does. (Pseudonymized here for the few that name a
    -- day: to wait for int_statements_anonymized would take the time of both, one after the other.)
    case
        when pseudonymized_question ~* privacy.day_pattern() then privacy.days_as_in(
            pseudonymized_question,
            privacy.pseudonymize_sql({{ bound('staging.statement_body(statement)', 'parameters') }})
        )
        else pseudonymized_question
    end as question,
    origin,

    ---------- timestamps
    first_asked_at,
    ingested_at

from pseudonymized
