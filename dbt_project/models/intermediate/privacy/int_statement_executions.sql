{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['statement_hash']}, {'columns': ['ingested_at']}],
    post_hook='analyze {{ this }}',
) }}

{#- A million executions are some ten thousand texts: what costs time (tokens, regular expressions, hashes) is done once a
    text. `materialized` keeps the stages apart: rules and tokens in one stage are more regular expressions than
    PostgreSQL keeps compiled (32), and each row would then compile them anew, twenty times slower. -#}

-- depends_on: {{ ref('int_pii_surrogates') }}
-- depends_on: {{ ref('pii_patterns') }}

with statements as materialized (

    -- (its bound_statement is bound below, once a text)
    select
        log_file,
        byte_offset,
        session_id,
        session_line_number,
        query_id,
        user_name,
        application_name,
        statement,
        parameters,
        duration_ms,
        logged_at,
        ingested_at,
        md5(statement || '/' || coalesce(parameters, ''))::uuid as text_id,
        md5(coalesce(user_name, '') || '/' || coalesce(application_name, ''))::uuid as caller_id
    from {{ ref('stg_audit__statements') }}
    {% if is_incremental() %}
    where {{ newer_than(this) }}
    {% endif %}

),

errors as (

    select * from {{ ref('stg_audit__errors') }}
    {% if is_incremental() %}
    where {{ newer_than(this) }}
    {% endif %}

),

rules as (

    select * from {{ ref('statement_classes') }}

),

texts as materialized (

    select
        text_id,
        min(statement) as statement,
        min(parameters) as parameters
    from statements
    group by text_id

),

bodies as materialized (

    select
        text_id,
        parameters,
        staging.statement_body(statement) as body
    from texts

),

bound_bodies as materialized (

    select
        text_id,
        body,
        staging.bind_parameters(body, parameters) as bound_body
    from bodies

),

text_rules as materialized (

    select distinct on (bodies.text_id)
        bodies.text_id,
        rules.priority,
        rules.statement_class
    from bodies
    inner join rules on rules.matched_on = 'statement' and bodies.body ~* rules.pattern
    order by bodies.text_id, rules.priority

),

callers as materialized (

    select
        caller_id,
        min(user_name) as user_name,
        min(application_name) as application_name,
        -- an account may be called by its owner's address, a connection by whatever its owner says
        privacy.pseudonymize_text(min(user_name)) as shown_user_name,
        privacy.pseudonymize_text(min(application_name)) as shown_application_name
    from statements
    group by caller_id

),

caller_rules as materialized (

    select distinct on (callers.caller_id)
        callers.caller_id,
        rules.priority,
        rules.statement_class
    from callers
    inner join rules
        on (rules.matched_on = 'application' and callers.application_name ~* rules.pattern)
        or (rules.matched_on = 'user' and callers.user_name ~* rules.pattern)
    order by callers.caller_id, rules.priority

),

-- a failed statement is followed, in its session, by an error line with the same text; a warning may stand between
failed as (

    select distinct
        errors.session_id,
        errors.session_line_number - lines.distance as session_line_number,
        errors.statement
    from errors
    cross join generate_series(1, 3) as lines (distance)

),

classified as (

    select
        statements.*,
        bound_bodies.bound_body,
        case
            when caller_rules.priority < coalesce(text_rules.priority, caller_rules.priority + 1) then caller_rules.statement_class
            when text_rules.priority is not null then text_rules.statement_class
            when bound_bodies.body !~* '^\(*\s*(select|with)\M' then 'other'
            when failed.session_id is not null then 'failed'
            when bound_bodies.bound_body is null then 'parameters_lost'
            else 'question'
        end as statement_class
    from statements
    inner join bound_bodies on statements.text_id = bound_bodies.text_id
    left join text_rules on statements.text_id = text_rules.text_id
    left join caller_rules on statements.caller_id = caller_rules.caller_id
    left join failed
        on statements.session_id = failed.session_id
        and statements.session_line_number = failed.session_line_number
        and statements.statement = failed.statement

),

hashed as materialized (

    select
        text_id,
        privacy.keyed_hash(min(bound_body)) as statement_hash
    from classified
    where statement_class = 'question'
    group by text_id

)

select
    ---------- ids
    classified.log_file,
    classified.byte_offset,
    classified.query_id,
    case when classified.statement_class = 'question' then hashed.statement_hash end as statement_hash,

    ---------- text
    callers.shown_user_name as user_name,
    callers.shown_application_name as application_name,
    classified.statement_class,

    ---------- numerics
    classified.duration_ms,

    ---------- timestamps
    classified.logged_at as executed_at,
    classified.ingested_at

from classified
left join hashed on classified.text_id = hashed.text_id
left join callers on classified.caller_id = callers.caller_id
