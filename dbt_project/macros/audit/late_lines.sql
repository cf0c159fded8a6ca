{#- Lines that say something about a statement which an earlier run has read: that it failed, or how long it took. A server's
    log is read while it is written, so a run may end between a statement and such a line. Only the lines that are missing
    in front of new ones are looked up, each by the index on session and line number, so the cost grows with new lines. -#}

{#- A select: one row per statement of an earlier run that a new error line is about, by where its line stands.
    The text tells which of the three lines before it is meant: a warning may stand between. -#}
{% macro failed_late(relation) %}
    select distinct on (errors.session_id, errors.session_line_number)
        earlier.*
    from {{ ref('stg_audit__errors') }} as errors
    cross join generate_series(1, 3) as before (lines)
    -- (a subquery with a limit, here and below, is looked up in the index row by row, never joined)
    cross join lateral (
        select
            statements.log_file,
            statements.byte_offset,
            statements.ingested_at,
            statements.logged_by,
            statements.statement,
            statements.parameters
        from {{ ref('stg_audit__statements') }} as statements
        where statements.session_id = errors.session_id
            and statements.session_line_number = errors.session_line_number - before.lines
            and statements.logged_statement = errors.statement
        limit 1
    ) as earlier
    where {{ newer_than(relation, 'errors.ingested_at') }}
        and earlier.ingested_at <= '{{ read_up_to(relation) }}'::timestamptz
    -- (where pgaudit logs it too, the server's line is the execution)
    order by errors.session_id, errors.session_line_number, earlier.logged_by = 'server' desc, before.lines
{% endmacro %}

{#- CTEs: new_lines, and as behind_gaps those rows of a CTE of new lines in whose front no new line stands. -#}
{% macro behind_gaps(lines, relation) -%}
new_lines as materialized (

        select
            session_id,
            session_line_number
        from {{ ref('stg_audit__log_lines') }}
        where {{ newer_than(relation) }}
            and exists (select 1 from {{ lines }})

    ),

    behind_gaps as materialized (

        select {{ lines }}.*
        from {{ lines }}
        left join new_lines
            on {{ lines }}.session_id = new_lines.session_id
            and {{ lines }}.session_line_number = new_lines.session_line_number + 1
        where new_lines.session_id is null
            and {{ lines }}.session_line_number > 1

    )
{%- endmacro %}

{#- A select: one row per statement of an earlier run whose duration line is new, by where its line stands. -#}
{% macro timed_late(relation) %}
    with durations as materialized (

        select * from {{ ref('stg_audit__durations') }}
        where {{ newer_than(relation) }}

    ),

    {{ behind_gaps('durations', relation) }}

    select
        earlier.log_file,
        earlier.byte_offset,
        earlier.ingested_at,
        behind_gaps.duration_ms,
        case when earlier.statement = earlier.logged_statement then behind_gaps.query_id end as query_id
    from behind_gaps
    cross join lateral (
        select *
        from {{ ref('stg_audit__statements') }} as statements
        where statements.session_id = behind_gaps.session_id
            and statements.session_line_number between
            behind_gaps.session_line_number - 3 and behind_gaps.session_line_number - 1
        order by statements.session_line_number desc
        limit 1
    ) as earlier
    where (
        select true
        from {{ ref('stg_audit__durations') }} as others
        where others.session_id = behind_gaps.session_id
            and others.session_line_number > earlier.session_line_number
            and others.session_line_number < behind_gaps.session_line_number
        limit 1
    ) is null
{% endmacro %}

{#- A select: one row per new line of the server, `duration: … statement: …`, whose statement pgaudit logged in front of it, in
    a line of an earlier run: `late_log_file` and `late_byte_offset` are its own place, the other columns those of timed_late.
    (What the message says is read only of the lines that stand behind a gap.) -#}
{% macro timed_late_in_full(relation) %}
    with duration_lines as materialized (

        select
            session_id,
            session_line_number
        from {{ ref('stg_audit__log_lines') }}
        where {{ newer_than(relation) }}
            and message like 'duration: % ms  %'

    ),

    {{ behind_gaps('duration_lines', relation) }}

    select
        late.log_file as late_log_file,
        late.byte_offset as late_byte_offset,
        earlier.log_file,
        earlier.byte_offset,
        earlier.ingested_at,
        late.duration_ms,
        case when earlier.statement = earlier.logged_statement then late.query_id end as query_id
    from behind_gaps
    cross join lateral (
        select *
        from {{ ref('stg_audit__statements') }} as statements
        where statements.session_id = behind_gaps.session_id
            and statements.session_line_number = behind_gaps.session_line_number
        limit 1
    ) as late
    cross join lateral (
        select *
        from {{ ref('stg_audit__statements') }} as statements
        where statements.session_id = behind_gaps.session_id
            and statements.session_line_number between
            behind_gaps.session_line_number - 3 and behind_gaps.session_line_number - 1
        order by statements.session_line_number desc
        limit 1
    ) as earlier
    where earlier.logged_by = 'pgaudit'
        and earlier.logged_statement = late.logged_statement
        and earlier.ingested_at <= '{{ read_up_to(relation) }}'::timestamptz
{% endmacro %}

{#- A pre-hook of int_statement_executions: its rows say what the late lines say. The moments of the rows stand in the
    updates as literals, so that the index on ingested_at is used. -#}
{% macro mend_late(relation) %}
    {%- if execute and is_incremental() -%}
        {%- do run_query("create temporary table failed_late on commit drop as " ~ failed_late(relation)) -%}
        {%- do run_query("create temporary table timed_late on commit drop as " ~ timed_late(relation)) -%}
        {%- set in_full = "select log_file, byte_offset, ingested_at, duration_ms, query_id from (" ~ timed_late_in_full(relation) ~ ") as late" -%}
        {%- do run_query("insert into timed_late " ~ in_full) -%}
        {%- set failed_at = run_query("select distinct ingested_at::text from failed_late").columns[0].values() -%}
        {%- set timed_at = run_query("select distinct ingested_at::text from timed_late").columns[0].values() -%}
        {%- if failed_at %}
            update {{ relation }} as executions
            set statement_class = 'failed',
                statement_hash = null
            from failed_late as late
            where executions.ingested_at = any('{ {{- failed_at | tojson | trim('[]') -}} }'::timestamptz[])
                and executions.log_file = late.log_file
                and executions.byte_offset = late.byte_offset
                and executions.statement_class in ('question', 'parameters_lost');
        {%- endif %}
        {%- if timed_at %}
            update {{ relation }} as executions
            set duration_ms = coalesce(executions.duration_ms, late.duration_ms),
                query_id = coalesce(executions.query_id, late.query_id)
            from timed_late as late
            where executions.ingested_at = any('{ {{- timed_at | tojson | trim('[]') -}} }'::timestamptz[])
                and executions.log_file = late.log_file
                and executions.byte_offset = late.byte_offset
                and executions.statement_class <> 'failed';
        {%- endif -%}
    {%- endif -%}
{% endmacro %}

{#- A pre-hook of the models that hold a row per statement: what nobody has asked but in statements that failed is gone. -#}
{% macro forget_failed_late(relation) %}
    {%- set read = [ref('stg_audit__errors'), ref('stg_audit__statements')] -%}    {#- (outside the condition, or dbt does not see it) -#}
    {%- if execute and is_incremental() %}
        delete from {{ relation }} as kept
        where kept.statement_hash = any (array(
            select privacy.keyed_hash({{ bound('staging.statement_body(late.statement)', 'late.parameters') }})
            from ({{ failed_late(relation) }}) as late
        ))
            and (
                select true
                from {{ ref('int_statement_executions') }} as executions
                where executions.statement_hash = kept.statement_hash
                limit 1
            ) is null
    {%- endif -%}
{% endmacro %}

{#- The same of int_statement_tools, which holds a row per execution. -#}
{% macro forget_failed_executions(relation) %}
    {%- set read = [ref('stg_audit__errors'), ref('stg_audit__statements')] -%}    {#- (outside the condition, or dbt does not see it) -#}
    {%- if execute and is_incremental() %}
        delete from {{ relation }}
        where ctid = any (array(
            select kept.place
            from ({{ failed_late(relation) }}) as late
            cross join lateral (
                select ctid as place
                from {{ relation }} as executions
                where executions.log_file = late.log_file
                    and executions.byte_offset = late.byte_offset
                limit 1
            ) as kept
        ))
    {%- endif -%}
{% endmacro %}
