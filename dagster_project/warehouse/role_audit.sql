-- Keeps our own statements out of the log, which shall hold the business's; needs a superuser. Run by setup.py.
do $$
declare
    our_role text;
begin
    foreach our_role in array array[
        'auditune_owner', 'auditune_sandbox', 'auditune_reader', 'auditune_api', 'auditune_monitor'
    ] loop
        execute format('alter role %I set log_statement = none', our_role);
        execute format('alter role %I set log_duration = off', our_role);
        execute format('alter role %I set log_min_duration_statement = -1', our_role);
        -- A failing statement may quote a person's data, and so may the message: `invalid input syntax: "Ada Lovelace"`.
        execute format('alter role %I set log_min_error_statement = panic', our_role);
        execute format('alter role %I set log_min_messages = fatal', our_role);
    end loop;
end
$$;

alter role auditune_sandbox set temp_file_limit = '1GB';
alter role auditune_reader set temp_file_limit = '1GB';

-- Counts of every role's statements in pg_stat_statements.
grant pg_read_all_stats to auditune_owner;
