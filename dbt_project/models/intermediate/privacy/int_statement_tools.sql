{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['log_file', 'byte_offset'], 'unique': true}],
    pre_hook=['{{ forget_failed_executions(this) }}', "{{ note_read_like(this, ref('int_statement_executions')) }}"],
    post_hook='analyze {{ this }}',
) }}

-- depends_on: {{ ref('int_pii_surrogates') }}
-- depends_on: {{ ref('pii_patterns') }}

with statements as (

    select
        log_file,
        byte_offset,
        statement,
        md5(statement)::uuid as text_id
    from {{ ref('stg_audit__statements') }}
    where statement ~ '--|/\*'
    {% if is_incremental() %}
        and {{ newer_than(this) }}
    {% endif %}

),

executions as (

    select * from {{ ref('int_statement_executions') }}
    where statement_hash is not null
    {% if is_incremental() %}
        and {{ newer_than(this) }}
    {% endif %}

),

-- tokens cost time: they are read once a text, not once an execution. `materialized` keeps the stages apart, each with
-- fewer regular expressions than PostgreSQL keeps compiled (32).
texts as (

    select
        text_id,
        min(statement) as statement
    from statements
    group by text_id

),

comments as materialized (

    select
        texts.text_id,
        tokens.ordinal,
        tokens.token as comment
    from texts
    cross join lateral staging.sql_tokens(texts.statement) as tokens
    where tokens.kind = 'comment'

),

named_texts as materialized (

    -- of several comments that name a tool, the first that says what it is about
    select distinct on (comments.text_id)
        comments.text_id,
        found.tool,
        found.reference,
        found.is_machine
    from comments
    cross join lateral staging.tool_in_comment(comments.comment) as found
    order by comments.text_id, found.reference is null, comments.ordinal

),

references_of_tools as materialized (

    select
        tool,
        reference,
        -- a route may name whom the page is about; the other references are numbers and hashes
        case when tool = 'sqlcommenter' then privacy.pseudonymize_text(reference) else reference end as tool_reference
    from named_texts
    group by tool, reference

),

named as (

    select
        executions.log_file,
        executions.byte_offset,
        executions.statement_hash,
        named_texts.tool,
        references_of_tools.tool_reference,
        named_texts.is_machine,
        executions.ingested_at
    from executions
    inner join statements
        on executions.log_file = statements.log_file
        and executions.byte_offset = statements.byte_offset
    inner join named_texts on statements.text_id = named_texts.text_id
    left join references_of_tools
        on named_texts.tool = references_of_tools.tool
        and named_texts.reference = references_of_tools.reference

)

select
    ---------- ids
    log_file,
    byte_offset,
    statement_hash,

    ---------- text
    tool,
    tool_reference,

    ---------- booleans
    is_machine,

    ---------- timestamps
    ingested_at

from named
