{#- pg_stats of the sandbox, where personal values are pseudonyms already; each sandbox table is analyzed when it is built. -#}

select
    ---------- names
    regexp_replace(statistics.schemaname::text, '^sandbox_', '') as table_schema,
    statistics.tablename::text as table_name,
    statistics.attname::text as column_name,

    ---------- numerics
    statistics.n_distinct as distinct_count,    -- negative: a share of the rows

    ---------- text
    array(
        select listed.value
        from unnest(
            coalesce(statistics.most_common_vals::text::text[], '{}')
            || coalesce(statistics.histogram_bounds::text::text[], '{}')
        ) as listed (value)
        order by listed.value
    ) as listed_values,

    ---------- booleans
    -- with the default statistics target the histogram has 101 bounds, unless there are fewer values than that left
    coalesce(cardinality(statistics.histogram_bounds::text::text[]), 0) <= 100 as is_complete

from pg_catalog.pg_stats as statistics
where statistics.schemaname like 'sandbox\_%'
