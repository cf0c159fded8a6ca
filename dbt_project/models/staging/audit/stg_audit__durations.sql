with log_lines as (

    select * from {{ ref('stg_audit__log_lines') }}

),

durations as (

    select
        *,
        substring(message from '^duration: ([0-9.]+) ms$')::double precision as duration_ms
    from log_lines
    where message like 'duration: %'

)

select
    ---------- ids
    log_file,
    byte_offset,
    session_id,
    session_line_number,
    query_id,

    ---------- numerics
    duration_ms,

    ---------- timestamps
    logged_at,
    ingested_at

from durations
where duration_ms is not null
