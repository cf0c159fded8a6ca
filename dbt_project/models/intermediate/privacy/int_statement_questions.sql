{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['statement_hash']}],
) }}

-- depends_on: {{ ref('int_pii_surrogates') }}
-- depends_on: {{ ref('pii_patterns') }}

with executions as (

    select * from {{ ref('int_statement_executions') }}
    where statement_hash is not null
    {% if is_incremental() %}
        and ingested_at > (select coalesce(max(this.ingested_at), '-infinity') from {{ this }} as this)
    {% endif %}

),

statements as (

    select * from {{ ref('stg_audit__statements') }}

),

commented as (

    select
        executions.statement_hash,
        executions.ingested_at,
        executions.executed_at,
        found.origin,
        found.question
    from executions
    inner join statements
        on executions.log_file = statements.log_file
        and executions.byte_offset = statements.byte_offset
    cross join lateral staging.sql_tokens(statements.statement) as tokens
    cross join lateral staging.question_in_comment(tokens.token) as found
    where tokens.kind = 'comment'
        and found.question <> ''

),

distinct_questions as (

    select
        statement_hash,
        question,
        min(origin) as origin,
        min(executed_at) as first_asked_at,
        max(ingested_at) as ingested_at
    from commented
    group by statement_hash, question

)

select
    ---------- ids
    statement_hash,
    privacy.keyed_hash(question) as question_hash,

    ---------- text
    privacy.pseudonymize_text(question) as question,
    origin,

    ---------- timestamps
    first_asked_at,
    ingested_at

from distinct_questions
{% if is_incremental() %}
where not exists (
    select 1
    from {{ this }} as this
    where this.statement_hash = distinct_questions.statement_hash
        and this.question_hash = privacy.keyed_hash(distinct_questions.question)
)
{% endif %}
