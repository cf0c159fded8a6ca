with source as (

    select * from {{ source('raw_audit', 'log_lines') }}

),

renamed as (

    select
        ---------- ids
        log_file,
        byte_offset,
        line ->> 'session_id' as session_id,
        (line ->> 'line_num')::bigint as session_line_number,
        nullif((line ->> 'query_id')::bigint, 0) as query_id,

        ---------- text
        line ->> 'user' as user_name,
        line ->> 'dbname' as database_name,
        line ->> 'application_name' as application_name,
        line ->> 'error_severity' as severity,
        line ->> 'state_code' as sqlstate,
        line ->> 'message' as message,
        line ->> 'detail' as detail,
        line ->> 'statement' as statement,

        ---------- timestamps
        (line ->> 'timestamp')::timestamptz as logged_at,
        ingested_at

    from source

)

select * from renamed
