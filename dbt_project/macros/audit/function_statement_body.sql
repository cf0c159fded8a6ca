{#- staging.statement_body(statement): the statement without comments, outer blanks and final semicolon, each run of white
    space one blank. Two executions that differ in those alone are the same statement. -#}
{% macro function_statement_body() %}
create or replace function staging.statement_body(statement text)
returns text
language sql immutable strict parallel safe
as $function$
    select btrim(string_agg(case found.kind when 'space' then ' ' when 'comment' then '' else found.token end, '' order by found.ordinal), ' ;')
    from staging.sql_tokens(statement) as found
$function$;
{% endmacro %}
