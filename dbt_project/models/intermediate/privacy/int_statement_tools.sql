{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['log_file', 'byte_offset'], 'unique': true}],
) }}

-- depends_on: {{ ref('int_pii_surrogates') }}
-- depends_on: {{ ref('pii_patterns') }}

with statements as (

    select * from {{ ref('stg_audit__statements') }}
    where statement ~ '--|/\*'
    {% if is_incremental() %}
        and ingested_at > (select coalesce(max(this.ingested_at), '-infinity') from {{ this }} as this)
    {% endif %}

),

executions as (

    select * from {{ ref('int_statement_executions') }}
    where statement_hash is not null

),

named as (

    -- of several comments that name a tool, the first that says what it is about
    select distinct on (executions.log_file, executions.byte_offset)
        executions.log_file,
        executions.byte_offset,
        executions.statement_hash,
        found.tool,
        found.reference,
        found.is_machine,
        executions.ingested_at
    from executions
    inner join statements
        on executions.log_file = statements.log_file
        and executions.byte_offset = statements.byte_offset
    cross join lateral staging.sql_tokens(statements.statement) as tokens
    cross join lateral staging.tool_in_comment(tokens.token) as found
    where tokens.kind = 'comment'
    order by executions.log_file, executions.byte_offset, found.reference is null, tokens.ordinal

)

select
    ---------- ids
    log_file,
    byte_offset,
    statement_hash,

    ---------- text
    tool,
    -- a route may name whom the page is about; the other references are numbers and hashes
    case when tool = 'sqlcommenter' then privacy.pseudonymize_text(reference) else reference end as tool_reference,

    ---------- booleans
    is_machine,

    ---------- timestamps
    ingested_at

from named
