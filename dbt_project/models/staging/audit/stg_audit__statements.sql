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
            log_lines.message from '^(?:duration: [0-9.]+ ms  )?(?:statement|execute (?:fetch from )?[^:]*): '
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
        null::double precision as duration_ms
    from parsed
    where audit[3] = '1'    -- what a function runs inside is not what somebody asked
        and audit[8] not in ('<previously logged>', '<not logged>')
        -- a statement has one SESSION line, and then an OBJECT line for each table: the first of them counts
        and (audit[1] = 'SESSION' or not exists (
            select 1
            from log_lines as preceding
            where preceding.session_id = parsed.session_id
                and preceding.session_line_number = parsed.session_line_number - 1
                and preceding.message like 'AUDIT: %'
                and split_part(preceding.message, ',', 2) = parsed.audit[2]
        ))

),

extracted as (

    select * from server_statements
    union all
    select * from audited_statements

)

select
    ---------- ids
    log_file,
    byte_offset,
    session_id,
    session_line_number,
    query_id,

    ---------- text
    user_name,
    database_name,
    application_name,
    logged_statement as statement,
    parameters,
    staging.bind_parameters(logged_statement, parameters) as bound_statement,

    ---------- numerics
    duration_ms,

    ---------- timestamps
    logged_at,
    ingested_at

from extracted
