{#- The message forms are those of PostgreSQL's errmsg calls in src/backend/tcop/postgres.c. -#}
with log_lines as (

    select * from {{ ref('stg_audit__log_lines') }}

),

extracted as (

    select
        *,
        regexp_match(
            message,
            '^(?:duration: ([0-9.]+) ms  )?(?:statement|execute (?:fetch from )?[^:]*): (.*)$'
        ) as parts
    from log_lines
    where severity = 'LOG'

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
    parts[2] as statement,
    staging.bind_parameters(parts[2], detail) as bound_statement,

    ---------- numerics
    parts[1]::double precision as duration_ms,

    ---------- timestamps
    logged_at,
    ingested_at

from extracted
where parts is not null
