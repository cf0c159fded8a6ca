{#- pg_stats of the sandbox, where personal values are pseudonyms already; each sandbox table is analyzed when it is built. -#}

select
    ---------- names
    regexp_replace(statistics.schemaname::text, '^sandbox_', '') as table_schema,
    statistics.tablename::text as table_name,
    statistics.attname::text as column_name,

    ---------- numerics
    statistics.n_distinct as distinct_count,    -- negative: a share of the rows

    ---------- text
    statistics.most_common_vals::text::text[] as common_values

from pg_catalog.pg_stats as statistics
where statistics.schemaname like 'sandbox\_%'
