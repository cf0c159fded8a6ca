-- How far a file has been read, in the transaction that loads its lines.
-- Parameters: %(log_file)s, %(head)s, %(bytes_read)s, %(lines_read)s, %(duplicates)s, %(last_offset)s, %(last_hash)s;
-- the last two are null where the batch held no record, only blank lines or those of a later day.
insert into raw_audit.log_files (log_file, head, bytes_read, lines_read, duplicate_lines, last_offset, last_hash)
values (
    %(log_file)s, %(head)s, %(bytes_read)s, %(lines_read)s, %(duplicates)s, %(last_offset)s, %(last_hash)s
)
on conflict (log_file) do update set
    bytes_read = excluded.bytes_read,
    lines_read = log_files.lines_read + excluded.lines_read,
    duplicate_lines = log_files.duplicate_lines + excluded.duplicate_lines,
    last_offset = coalesce(excluded.last_offset, log_files.last_offset),
    last_hash = coalesce(excluded.last_hash, log_files.last_hash),
    read_at = now()
