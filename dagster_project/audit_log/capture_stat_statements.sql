-- Copies the counters of pg_stat_statements into raw_audit.stat_statements: of this database, of people's own statements
-- (toplevel: not of those inside functions), without our roles'. A query_id has an entry for each role: they are summed.
-- {extension_schema}: where the extension is installed.
insert into raw_audit.stat_statements (captured_at, query_id, calls, total_exec_ms, row_count, reset_at)
select
    now(),
    counters.queryid,
    sum(counters.calls),
    sum(counters.total_exec_time),
    sum(counters.rows),
    min(info.stats_reset)
from {extension_schema}.pg_stat_statements as counters
inner join pg_catalog.pg_database as databases on counters.dbid = databases.oid
left join pg_catalog.pg_roles as roles on counters.userid = roles.oid
cross join {extension_schema}.pg_stat_statements_info as info
where databases.datname = current_database()
    and counters.toplevel
    and counters.queryid is not null
    and coalesce(roles.rolname, '') !~ '^auditune_'
group by counters.queryid
