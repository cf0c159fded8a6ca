{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['statement_hash'], 'unique': true}],
) }}

-- depends_on: {{ ref('int_pii_surrogates') }}
-- depends_on: {{ ref('pii_patterns') }}

with executions as (

    select * from {{ ref('int_statement_executions') }}
    where statement_hash is not null

),

statements as (

    select * from {{ ref('stg_audit__statements') }}

),

first_executions as (

    select distinct on (executions.statement_hash)
        executions.statement_hash,
        executions.log_file,
        executions.byte_offset,
        executions.executed_at
    from executions
    {% if is_incremental() %}
    where not exists (
        select 1 from {{ this }} as this where this.statement_hash = executions.statement_hash
    )
    {% endif %}
    order by executions.statement_hash, executions.executed_at, executions.byte_offset

),

bodies as (

    select
        first_executions.*,
        staging.statement_body(statements.bound_statement) as body
    from first_executions
    inner join statements
        on first_executions.log_file = statements.log_file
        and first_executions.byte_offset = statements.byte_offset

)

select
    ---------- ids
    statement_hash,
    log_file,
    byte_offset,

    ---------- text
    privacy.pseudonymize_sql(body) as statement,

    ---------- booleans
    privacy.pseudonymize_sql(body) <> body as is_pseudonymized,

    ---------- timestamps
    executed_at as first_executed_at

from bodies
