{#- staging.question_in_comment(comment): the question that a comment of a statement carries, and which convention it
    follows (https://google.github.io/sqlcommenter/spec for the third). No row where the comment carries none.
        -- question: How many customers do we have?                             → comment
        /* {"app": "dbt", …, "question": "How many customers do we have?"} */   → comment
        /*action='report',question='How%20many%3F'*/                            → sqlcommenter
        /* dashboard: Sales; title: Revenue by month */                         → bi_title
        -- {"superset": {"chart": "Revenue by month", "chart_id": 7}}           → bi_title
    Which keys hold a title: title, chart, chart_name, slice_name, card, card_name, tile, look; a number is none. -#}
{% macro function_question_in_comment() %}
create or replace function staging.question_in_comment(comment text)
returns table (origin text, question text)
language sql immutable strict parallel safe
as $function$
    with body as (
        select btrim(regexp_replace(comment, '^(--|/\*)|\*/$', '', 'g'), E' \t\r\n') as content
    ),

    found as (
        select
            'comment' as origin,
            substring(content from '(?i)^question\s*:\s*(.*)$') as question
        from body

        union all

        select
            'comment',
            staging.json_text(content, 'question')
        from body

        union all

        -- a quote within a value is escaped, once the value is encoded
        select
            'sqlcommenter',
            staging.url_decode(replace(substring(content from $re$(?:^|,)\s*question='((?:[^'\\]|\\.)*)'$re$), '\''', ''''))
        from body

        union all

        select
            'bi_title',
            coalesce(
                substring(content from '(?i)(?:^|;)\s*(?:title|chart|chart_name|slice_name|card|card_name|tile|look)\s*:\s*([^;]*)'),
                staging.json_text(content, '(?:title|chart|chart_name|slice_name|card|card_name|tile|look)')
            )
        from body
    )

    select
        found.origin,
        btrim(found.question) as question
    from found
    -- a number is the chart's, and no title
    where found.question ~ '[[:alpha:]]'
    limit 1
$function$;
{% endmacro %}
