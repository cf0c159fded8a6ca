{#- staging.statement_body(statement): the statement without comments, outer blanks and final semicolon, each run of white
    space one blank. Two executions that differ in those alone are the same statement.
    Most statements are cut into literals, comments, white space and what is between them, which is a third of the pieces
    that tokens are; one with a backslash, a dollar quote, a comment in a comment or a rare white space is read by tokens. -#}
{% macro function_statement_body() %}
create or replace function staging.statement_body(statement text)
returns text
language sql immutable strict parallel safe
as $function$
    select btrim(
        case
            when statement ~ '\\|\$([[:alpha:]_\u0080-\uffff][[:alnum:]_\u0080-\uffff]*)?\$|/\*([^*]|\*+[^*/])*/\*|[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]' then (
                select string_agg(case found.kind when 'space' then ' ' when 'comment' then '' else found.token end, '' order by found.ordinal)
                from staging.sql_tokens(statement) as found
            )
            else (
                select string_agg(
                    case
                        when left(found.parts[1], 2) in ('--', '/*') then ''
                        when ascii(found.parts[1]) in (32, 9, 10, 11, 12, 13) then ' '
                        else found.parts[1]
                    end, '' order by found.ordinal
                )
                from regexp_matches(
                    statement,
                    $re$(--[^\n]*|/\*(?:[^*]|\*+[^*/])*\*+/|'(?:[^']|'')*'|"(?:[^"]|"")*"|[ \t\n\r\f\v]+|[^ \t\n\r\f\v'"/-]+|.)$re$,
                    'g'
                ) with ordinality as found (parts, ordinal)
            )
        end,
        ' ;'
    )
$function$;
{% endmacro %}
