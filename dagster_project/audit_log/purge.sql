-- Deletes what is older than a day: lines by their own time, lines in quarantine (which have none) by when they came, and
-- snapshots of pg_stat_statements (the counters of the oldest that is kept hold all calls before it), and notes on a
-- service's files by when they were last read (one that is still there is downloaded once more: log_files knows its lines).
-- Parameter: %(first_kept)s. Only lines that dbt has read: what is read late is kept until it has been anonymized.
-- What is remembered is how many lines of which file went, and which lines of which session, so that none comes twice.
with purged as (
    delete from raw_audit.log_lines as lines
    where lines.line_date < %(first_kept)s
        and lines.ingested_at <= (select max(executions.ingested_at) from intermediate.int_statement_executions as executions)
    returning
        lines.log_file,
        lines.line ->> 'session_id' as session_id,
        (lines.line ->> 'line_num')::bigint as line_number,
        (lines.line ->> 'timestamp')::timestamptz as logged_at
),

sessions as (
    insert into raw_audit.purged_sessions as known (session_id, first_line, last_line, last_logged_at)
    select session_id, min(line_number), max(line_number), max(logged_at)
    from purged
    where session_id is not null and line_number is not null
    group by session_id
    on conflict (session_id) do update set
        first_line = least(known.first_line, excluded.first_line),
        last_line = greatest(known.last_line, excluded.last_line),
        last_logged_at = greatest(known.last_logged_at, excluded.last_logged_at)
    returning 1
),

forgotten as (
    delete from raw_audit.quarantined_lines
    where quarantined_at < %(first_kept)s::date at time zone 'UTC'
    returning log_file
),

counted as (
    update raw_audit.log_files as files
    set purged_lines = files.purged_lines + gone.lines
    from (
        select log_file, count(*) as lines
        from (select log_file from purged union all select log_file from forgotten) as all_gone
        group by log_file
    ) as gone
    where files.log_file = gone.log_file
    returning 1
),

snapshots as (
    delete from raw_audit.stat_statements
    where captured_at < %(first_kept)s::date at time zone 'UTC'
    returning 1
),

remote as (
    delete from raw_audit.remote_logs
    where read_at < %(first_kept)s::date at time zone 'UTC'
    returning 1
)

select
    (select count(*) from purged) as lines,
    (select count(*) from forgotten) as quarantined,
    (select count(*) from sessions) as sessions,
    (select count(*) from counted) as files,
    (select count(*) from snapshots) as counters,
    (select count(*) from remote) as remote_logs
