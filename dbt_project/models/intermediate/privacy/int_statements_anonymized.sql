{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['statement_hash'], 'unique': true}],
    pre_hook=[
        '{{ refuse_other_rules(this) }}',
        '{{ forget_failed_late(this) }}',
        "{{ note_read_like(this, ref('int_statement_executions')) }}",
    ],
    post_hook=['{{ note_rules() }}', 'analyze {{ this }}'],
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

first_executions as (

    select distinct on (executions.statement_hash)
        executions.statement_hash,
        executions.log_file,
        executions.byte_offset,
        executions.executed_at,
        executions.ingested_at
    from executions
    {% if is_incremental() %}
    where not exists (
        select 1 from {{ this }} as this where this.statement_hash = executions.statement_hash
    )
    {% endif %}
    order by executions.statement_hash, executions.executed_at, executions.byte_offset

),

bodies as materialized (

    select
        first_executions.*,
        {{ bound('staging.statement_body(statements.statement)', 'statements.parameters') }} as body
    from first_executions
    inner join statements
        on first_executions.log_file = statements.log_file
        and first_executions.byte_offset = statements.byte_offset

),

pseudonymized as materialized (

    select
        *,
        privacy.pseudonymize_sql(body) as statement
    from bodies

)

select
    ---------- ids
    statement_hash,
    log_file,
    byte_offset,

    ---------- text
    statement,

    ---------- booleans
    statement <> body as is_pseudonymized,

    ---------- timestamps
    executed_at as first_executed_at,
    ingested_at

from pseudonymized
