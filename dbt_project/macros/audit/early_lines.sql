{#- Lines of an earlier run that say something about what is read only now, where lines are fed out of order: the error of a
    statement, and the server's own line of a statement that pgaudit logs too. For int_statement_executions, whose CTEs `logged`
    and `new_lines` they name. Earlier lines are looked up only beside a gap in the new ones, each by the index on session
    and line number, so the cost grows with new lines. -#}

{#- A select: the error lines of an earlier run that stand behind a new statement. -#}
{% macro failed_early(relation) %}
    with before_gaps as materialized (

        select
            logged.session_id,
            logged.session_line_number
        from logged
        left join new_lines
            on logged.session_id = new_lines.session_id
            and logged.session_line_number + 1 = new_lines.session_line_number
        where new_lines.session_id is null

    )

    select earlier.*
    from before_gaps
    cross join lateral (
        select *
        from {{ ref('stg_audit__errors') }} as errors
        where errors.session_id = before_gaps.session_id
            and errors.session_line_number between
            before_gaps.session_line_number + 1 and before_gaps.session_line_number + 3
            and errors.ingested_at <= '{{ read_up_to(relation) }}'::timestamptz
        limit 3
    ) as earlier
{% endmacro %}

{#- A select: the new lines of pgaudit whose statement the server logged in front of them, in a line of an earlier run; the
    columns of the CTE `echoed`. Of several statements in one message pgaudit has a line each, so a gap is one up to nine
    lines in front. -#}
{% macro echoed_early(relation) %}
    with behind_gaps as materialized (

        select distinct
            audited.log_file,
            audited.byte_offset,
            audited.session_id,
            audited.session_line_number,
            audited.query_id,
            audited.logged_text_id,
            audited.is_one_of_several
        from logged as audited
        inner join new_lines as firsts
            on audited.session_id = firsts.session_id
            and audited.session_line_number between firsts.session_line_number and firsts.session_line_number + 9
        left join new_lines as preceding
            on firsts.session_id = preceding.session_id
            and firsts.session_line_number - 1 = preceding.session_line_number
        where audited.logged_by = 'pgaudit'
            and firsts.session_line_number > 1
            and preceding.session_id is null

    )

    select
        behind_gaps.log_file,
        behind_gaps.byte_offset,
        behind_gaps.query_id,
        earlier.log_file as echoed_log_file,
        earlier.byte_offset as echoed_byte_offset,
        not behind_gaps.is_one_of_several as is_same_statement
    from behind_gaps
    cross join lateral (
        select *
        from {{ ref('stg_audit__statements') }} as statements
        where statements.session_id = behind_gaps.session_id
            and statements.session_line_number between
            behind_gaps.session_line_number - 20 and behind_gaps.session_line_number - 1
            and statements.logged_by = 'server'
        order by statements.session_line_number desc
        limit 1
    ) as earlier
    where md5(earlier.logged_statement)::uuid = behind_gaps.logged_text_id
        and earlier.duration_ms is null
        and earlier.ingested_at <= '{{ read_up_to(relation) }}'::timestamptz
{% endmacro %}
