{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['statement_hash']}, {'columns': ['ingested_at']}],
    pre_hook=[
        '{{ mend_late(this) }}',
        "{{ note_read(this, ref('stg_audit__log_lines')) }}",
        'set local enable_nestloop = off',
    ],
    post_hook=['{{ note_read(this, this) }}', 'analyze {{ this }}'],
) }}

{#- A million executions are some ten thousand texts: what costs time (tokens, regular expressions, hashes) is done once a
    text. `materialized` keeps the stages apart: rules and tokens in one stage are more regular expressions than
    PostgreSQL keeps compiled (32), and each row would then compile them anew, twenty times slower.
    No nested loops: PostgreSQL knows nothing of what the log's JSON holds, guesses a few rows where there are thousands, and
    a join by hash costs nothing where it guessed right. -#}

-- depends_on: {{ ref('int_pii_surrogates') }}
-- depends_on: {{ ref('pii_patterns') }}

with logged as materialized (

    -- (its bound_statement is bound below, once a text)
    select
        log_file,
        byte_offset,
        session_id,
        session_line_number,
        query_id,
        user_name,
        application_name,
        logged_by,
        statement,
        parameters,
        duration_ms,
        is_fetch,
        logged_at,
        ingested_at,
        md5(logged_statement)::uuid as logged_text_id,
        logged_by = 'pgaudit' and logged_statement ~ ';\s*\S' as is_one_of_several,
        statement = logged_statement as is_whole_message,
        md5(statement || '/' || coalesce(parameters, ''))::uuid as text_id,
        md5(coalesce(user_name, '') || '/' || coalesce(application_name, ''))::uuid as caller_id
    from {{ ref('stg_audit__statements') }}
    {% if is_incremental() %}
    where {{ newer_than(this) }}
    {% endif %}

),

{% if is_incremental() %}
new_lines as materialized (

    select
        session_id,
        session_line_number
    from {{ ref('stg_audit__log_lines') }}
    where {{ newer_than(this) }}

),
{% endif %}

errors as (

    select * from {{ ref('stg_audit__errors') }}
    {% if is_incremental() %}
    where {{ newer_than(this) }}
    union all
    ({{ failed_early(this) }})
    {% endif %}

),

durations as (

    select * from {{ ref('stg_audit__durations') }}
    {% if is_incremental() %}
    where {{ newer_than(this) }}
    {% endif %}

),

rules as (

    select * from {{ ref('statement_classes') }}

),

---------- a statement that the server logs and pgaudit too is one execution

audited_sessions as (

    select distinct session_id
    from logged
    where logged_by = 'pgaudit'

),

sequenced as (

    select
        logged.log_file,
        logged.byte_offset,
        logged.session_id,
        logged.session_line_number,
        logged.logged_by,
        logged.logged_text_id,
        logged.is_one_of_several,
        logged.duration_ms,
        logged.query_id,
        lead(logged.logged_by) over session_lines as next_by,
        lead(logged.logged_text_id) over session_lines as next_text_id,
        count(*) filter (where logged.logged_by = 'server') over session_lines as server_lines_so_far
    from logged
    inner join audited_sessions on logged.session_id = audited_sessions.session_id
    window session_lines as (partition by logged.session_id order by logged.session_line_number)

),

server_lines as (

    select
        log_file,
        byte_offset,
        session_id,
        server_lines_so_far as number,
        logged_text_id,
        duration_ms
    from sequenced
    where logged_by = 'server'

),

-- The server's line stands before pgaudit's where it is written before the execution, else behind it. (Of several
-- statements in one message pgaudit has a line each, the server one for all.)
echoed as (

    select
        sequenced.log_file,
        sequenced.byte_offset,
        sequenced.query_id,
        before.log_file as echoed_log_file,
        before.byte_offset as echoed_byte_offset,
        before.logged_text_id = sequenced.logged_text_id and not sequenced.is_one_of_several as is_same_statement
    from sequenced
    left join server_lines as before
        on sequenced.session_id = before.session_id
        and sequenced.server_lines_so_far = before.number
    left join server_lines as behind
        on sequenced.session_id = behind.session_id
        and sequenced.server_lines_so_far + 1 = behind.number
    where sequenced.logged_by = 'pgaudit'
        and (
            (before.logged_text_id = sequenced.logged_text_id and before.duration_ms is null)
            or (sequenced.next_by = 'server' and sequenced.next_text_id = sequenced.logged_text_id)
            or (sequenced.is_one_of_several and behind.logged_text_id = sequenced.logged_text_id)
        )
    {% if is_incremental() %}
    union all
    ({{ echoed_early(this) }})
    union all
    -- the other way round: pgaudit's line is the execution, and mend_late tells it how long it took
    select
        late_log_file,
        late_byte_offset,
        null,
        log_file,
        byte_offset,
        false
    from ({{ timed_late_in_full(this) }}) as late
    {% endif %}

),

statements as materialized (

    select logged.*
    from logged
    left join echoed on logged.log_file = echoed.log_file and logged.byte_offset = echoed.byte_offset
    where echoed.log_file is null

),

---------- what a text is

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
        statement,
        coalesce(staging.statement_body(statement), '') as body    -- drivers ping with an empty statement
    from texts

),

bound_bodies as materialized (

    select
        text_id,
        body,
        -- (most have no parameter: asked for here, it costs no call)
        case when body ~ '\$[0-9]' then {{ bound('body', 'parameters') }} else body end as bound_body
    from bodies

),

actions as materialized (

    select
        text_id,
        statement,
        staging.without_literals(body) as action
    from bodies

),

text_rules as materialized (

    select distinct on (actions.text_id)
        actions.text_id,
        rules.priority,
        rules.statement_class
    from actions
    inner join rules
        on (rules.matched_on = 'statement' and actions.action ~* rules.pattern)
        or (rules.matched_on = 'comment' and actions.statement ~* rules.pattern)
    order by actions.text_id, rules.priority

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

-- a failed statement is followed, in its session, by an error line with the same text; a warning may stand between, and
-- another execution of the text in front
failed as (

    select distinct on (errors.session_id, errors.session_line_number)
        statements.log_file,
        statements.byte_offset
    from errors
    cross join generate_series(1, 3) as lines (distance)
    inner join statements
        on errors.session_id = statements.session_id
        and errors.session_line_number - lines.distance = statements.session_line_number
        and md5(errors.statement)::uuid = statements.logged_text_id
    order by errors.session_id, errors.session_line_number, lines.distance

),

-- a server that logs a statement before it has analyzed it does not know its query_id yet; pgaudit does
audited_ids as (

    select distinct on (echoed_log_file, echoed_byte_offset)
        echoed_log_file as log_file,
        echoed_byte_offset as byte_offset,
        query_id
    from echoed
    where is_same_statement
        and query_id is not null
    order by echoed_log_file, echoed_byte_offset, byte_offset

),

-- a duration that has a line of its own is that of the statement before it
timeline as (

    select
        log_file,
        byte_offset,
        session_id,
        session_line_number,
        null::double precision as duration_ms,
        null::bigint as query_id
    from statements
    union all
    select
        null,
        null,
        session_id,
        session_line_number,
        duration_ms,
        query_id
    from durations

),

timed as (

    select
        log_file,
        byte_offset,
        lead(duration_ms) over session_lines as following_duration_ms,
        lead(query_id) over session_lines as following_query_id
    from timeline
    where session_id in (select session_id from durations)
    window session_lines as (partition by session_id order by session_line_number)

),

classified as (

    select
        statements.*,
        bound_bodies.bound_body,
        case when failed.log_file is null then timed.following_duration_ms end as following_duration_ms,
        case when failed.log_file is null then coalesce(audited_ids.query_id, timed.following_query_id) end as later_query_id,
        case
            when statements.is_fetch then 'cursor'    -- the execution that it goes on with has its own line
            when caller_rules.priority < coalesce(text_rules.priority, caller_rules.priority + 1) then caller_rules.statement_class
            when text_rules.priority is not null then text_rules.statement_class
            when bound_bodies.body !~* '^\(*\s*(select|with)\M' then 'other'
            when failed.log_file is not null then 'failed'
            when bound_bodies.bound_body is null then 'parameters_lost'
            else 'question'
        end as statement_class
    from statements
    inner join bound_bodies on statements.text_id = bound_bodies.text_id
    left join text_rules on statements.text_id = text_rules.text_id
    left join caller_rules on statements.caller_id = caller_rules.caller_id
    left join failed
        on statements.log_file = failed.log_file
        and statements.byte_offset = failed.byte_offset
    left join audited_ids
        on statements.log_file = audited_ids.log_file
        and statements.byte_offset = audited_ids.byte_offset
    left join timed
        on statements.log_file = timed.log_file
        and statements.byte_offset = timed.byte_offset

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
    -- known once a statement is analyzed; that of a message of several is the last one's
    case when classified.is_whole_message then coalesce(classified.query_id, classified.later_query_id) end as query_id,
    case when classified.statement_class = 'question' then hashed.statement_hash end as statement_hash,

    ---------- text
    callers.shown_user_name as user_name,
    callers.shown_application_name as application_name,
    classified.statement_class,

    ---------- numerics
    coalesce(classified.duration_ms, classified.following_duration_ms) as duration_ms,

    ---------- timestamps
    classified.logged_at as executed_at,
    classified.ingested_at

from classified
left join hashed on classified.text_id = hashed.text_id
left join callers on classified.caller_id = callers.caller_id
