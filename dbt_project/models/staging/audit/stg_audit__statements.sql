{#- The message forms are those of PostgreSQL's errmsg calls in src/backend/tcop/postgres.c, and of pgaudit's records:
    AUDIT: type, statement id, substatement id, class, command, object type, object name, statement, parameters. -#}
with log_lines as not materialized (    -- so that a reader's condition on ingested_at, or on file and offset, reaches the index

    select * from {{ ref('stg_audit__log_lines') }}

),

parsed as not materialized (

    select
        log_lines.*,
        found.prefix,
        case when log_lines.message like 'AUDIT: %' then staging.csv_fields(substr(log_lines.message, 8)) end as audit
    from log_lines
    -- (offset 0: evaluated once a line, not at each mention)
    cross join lateral (
        select substring(
            log_lines.message
            -- (a prepared statement's name may hold a colon: no SQL begins with a word and a colon)
            from '^(?:duration: [0-9.]+ ms  )?(?:statement: |execute [^:]*: (?:[^\s:''"()]+: )*)'
        ) as prefix
        offset 0
    ) as found
    where log_lines.severity in ('LOG', 'INFO', 'NOTICE', 'WARNING')    -- pgaudit.log_level

),

server_statements as (

    select
        *,
        substr(message, char_length(prefix) + 1) as logged_statement,
        detail as parameters,
        'server' as logged_by,
        prefix ~ 'execute fetch from ' as is_fetch,
        null as only_command,
        substring(prefix from 'duration: ([0-9.]+)')::double precision as duration_ms
    from parsed
    where prefix is not null
        and severity = 'LOG'

),

audited_statements as (

    select
        *,
        audit[8] as logged_statement,
        staging.pgaudit_parameters(audit[9]) as parameters,
        'pgaudit' as logged_by,
        false as is_fetch,
        -- of several statements in one message pgaudit writes a line each, and each line holds the whole message
        case when audit[4] <> 'READ' and audit[8] ~ ';\s*\S' then lower(audit[5]) end as only_command,
        null::double precision as duration_ms
    from parsed
    where audit[3] = '1'    -- what a function runs inside is not what somebody asked
        and audit[8] not in ('<previously logged>', '<not logged>')
        -- a statement has a SESSION line (one for each table with pgaudit.log_relation), and then an OBJECT line for each
        -- table: the first of them counts (a subquery with a limit is looked up in the index line by line, never joined)
        and not coalesce((
            select
                preceding.message like 'AUDIT: %'
                and split_part(preceding.message, ',', 2) = parsed.audit[2]
                and split_part(preceding.message, ',', 3) = '1'
            from log_lines as preceding
            where preceding.session_id = parsed.session_id
                and preceding.session_line_number = parsed.session_line_number - 1
            limit 1
        ), false)

),

extracted as (

    select * from server_statements
    union all
    select * from audited_statements

)

select
    ---------- ids
    extracted.log_file,
    extracted.byte_offset,
    extracted.session_id,
    extracted.session_line_number,
    extracted.query_id,

    ---------- text
    extracted.user_name,
    extracted.database_name,
    extracted.application_name,
    extracted.logged_by,
    extracted.logged_statement,
    asked.statement,
    extracted.parameters,
    {{ bound('asked.statement', 'extracted.parameters') }} as bound_statement,

    ---------- numerics
    extracted.duration_ms,

    ---------- booleans
    extracted.is_fetch,

    ---------- timestamps
    extracted.logged_at,
    extracted.ingested_at

from extracted
cross join lateral (
    select
        case
            when extracted.only_command is not null then extracted.only_command
            -- (BI tools write semicolons into a comment in front, a quarter of the sample's lines; reading the tokens of those
            -- lines was nine tenths of this view's time)
            when strpos(rtrim(extracted.logged_statement, E'; \t\r\n'), ';') > 0
                and regexp_replace(extracted.logged_statement, '^(?:\s+|--[^\n]*\n|/\*[^*]*\*/)+', '') ~ ';\s*\S'
                then staging.asked_statement(extracted.logged_statement)
            when extracted.logged_statement ~* '\mdeclare\M' then staging.asked_statement(extracted.logged_statement)
            else extracted.logged_statement
        end as statement
    offset 0
) as asked
