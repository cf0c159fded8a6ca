-- Moves the records of one file from the session's temporary table into raw_audit, up to the end of a day.
-- Parameters: %(log_file)s, %(up_to)s. A log file is in the order of time, so the first later line ends the day.
with dated as (
    select
        byte_offset,
        ((line ->> 'timestamp')::timestamptz at time zone 'UTC')::date as line_date,
        line
    from new_lines
    where line is not null
),

boundary as (
    select min(byte_offset) as first_later_offset
    from dated
    where line_date > %(up_to)s
),

due as (
    select dated.*
    from dated, boundary
    where boundary.first_later_offset is null or dated.byte_offset < boundary.first_later_offset
),

-- dbt reads on from the latest batch: a clock that was set back must not put this one before it
batch as (
    select greatest(now(), max(ingested_at) + interval '1 microsecond') as ingested_at
    from raw_audit.log_lines
),

-- a line that another file brought is left out by the unique index on its session, number and moment; one that has been
-- purged, by what is remembered of its session
loaded as (
    insert into raw_audit.log_lines (log_file, byte_offset, line_date, line, ingested_at)
    select %(log_file)s, due.byte_offset, due.line_date, due.line, batch.ingested_at
    from due, batch
    where not exists (
        select 1
        from raw_audit.purged_sessions as purged
        where purged.session_id = due.line ->> 'session_id'
            and (due.line ->> 'line_num')::bigint between purged.first_line and purged.last_line
            and (due.line ->> 'timestamp')::timestamptz <= purged.last_logged_at
    )
    on conflict do nothing
    returning 1
),

quarantined as (
    insert into raw_audit.quarantined_lines (log_file, byte_offset, reason, line_bytes)
    select %(log_file)s, new_lines.byte_offset, new_lines.reason, new_lines.end_offset - new_lines.byte_offset
    from new_lines, boundary
    where new_lines.reason is not null
        and (boundary.first_later_offset is null or new_lines.byte_offset < boundary.first_later_offset)
    on conflict do nothing
    returning 1
)

select
    (select count(*) from loaded) as loaded,
    (select count(*) from quarantined) as quarantined,
    (select count(*) from due) - (select count(*) from loaded) as duplicates,
    (select first_later_offset from boundary) as first_later_offset
