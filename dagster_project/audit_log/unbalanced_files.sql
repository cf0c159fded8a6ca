-- Files of which not every line is there: lines read = lines loaded + lines in quarantine + duplicates + purged lines.
select
    log_files.log_file,
    log_files.lines_read - log_files.duplicate_lines - log_files.purged_lines as lines_expected,
    loaded.line_count + quarantined.line_count as lines_found
from raw_audit.log_files
cross join lateral (
    select count(*) as line_count
    from raw_audit.log_lines
    where log_lines.log_file = log_files.log_file
) as loaded
cross join lateral (
    select count(*) as line_count
    from raw_audit.quarantined_lines
    where quarantined_lines.log_file = log_files.log_file
) as quarantined
where log_files.lines_read - log_files.duplicate_lines - log_files.purged_lines <> loaded.line_count + quarantined.line_count
order by log_files.log_file
