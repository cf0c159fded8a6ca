{#- staging.question_in_comment(comment): the question that a comment of a statement carries, and which convention it
    follows (https://google.github.io/sqlcommenter/spec for the second). No row where the comment carries none.
        -- question: How many customers do we have?            → comment
        /* dashboard: Sales; title: Revenue by month */         → bi_title
        /*action='report',question='How%20many%3F'*/            → sqlcommenter -#}
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
            case
                when content ~* '^question\s*:' then 'comment'
                when content ~ $re$question='[^']*'$re$ then 'sqlcommenter'
                when content ~* '(^|;)\s*title\s*:' then 'bi_title'
            end as origin,
            content
        from body
    )

    select
        found.origin,
        case found.origin
            when 'comment' then btrim(regexp_replace(found.content, '^question\s*:', '', 'i'))
            when 'sqlcommenter' then btrim(staging.url_decode(substring(found.content from $re$question='([^']*)'$re$)))
            else btrim(substring(found.content from '(?i)title\s*:\s*([^;]*)'))
        end as question
    from found
    where found.origin is not null
$function$;
{% endmacro %}
