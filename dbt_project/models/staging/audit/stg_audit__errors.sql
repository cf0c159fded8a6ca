with log_lines as (

    select * from {{ ref('stg_audit__log_lines') }}

)

select
    ---------- ids
    log_file,
    byte_offset,
    session_id,
    session_line_number,

    ---------- text
    severity,
    sqlstate,
    statement,

    ---------- timestamps
    logged_at,
    ingested_at

from log_lines
where severity in ('ERROR', 'FATAL', 'PANIC')
    and statement is not null
